"""The best of many configurations that share the error of the close, against closed forms and simulated trials."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from research.inference.closing_error import (
    SharedError,
    adjusted_p_value,
    effective_rulers,
    largest_p_value,
    simultaneous_factor,
    unit_rows,
)


def test_the_adjusted_p_value_is_that_of_simulated_trials() -> None:
    rng = np.random.default_rng(8)
    luck, bias, trials = 0.4, 0.9, 50
    error, best = rng.standard_normal(400_000), rng.random(400_000) ** (1.0 / trials)
    quantile = np.interp(best, *_normal_table())
    share = float(np.mean(luck * quantile + bias * error >= 2.4))
    assert adjusted_p_value(2.4, luck, bias, trials) == pytest.approx(share, abs=4 * math.sqrt(share / 400_000))
    one, many = (adjusted_p_value(2.4, luck, bias, n) for n in (1.0, 50.0))
    plain = 1.0 - (1.0 - one) ** 50
    assert one < many < plain, "trials raise the luck of the best, not the error of the close"
    assert adjusted_p_value(2.4, 0.0, 0.9, 50.0) == pytest.approx(1.0 - NormalDist().cdf(2.4 / 0.9))
    assert adjusted_p_value(2.4, 1.0, 0.0, 0.0) == pytest.approx(1.0 - NormalDist().cdf(2.4))


def _normal_table() -> tuple[Any, Any]:
    values = np.linspace(-8.0, 8.0, 40_001)
    return np.array([NormalDist().cdf(value) for value in values]), values


def test_interval_for_the_best_of_many() -> None:
    rng = np.random.default_rng(15)
    best = rng.standard_normal((20_000, 50))
    factor = simultaneous_factor(50.0, 0.9)
    assert float(np.mean((np.abs(best) <= factor).all(axis=1))) == pytest.approx(0.9, abs=0.01)
    assert simultaneous_factor(0.0, 0.9) == pytest.approx(1.6448536)


def test_nothing_reaches_the_observed_statistic() -> None:
    flat = np.zeros((10, 1), np.float32)
    assert largest_p_value(3.0, flat, np.array([1.0]), np.array([0.0])) == 0.0
    assert largest_p_value(-1.0, flat, np.array([1.0]), np.array([0.0])) == 1.0


def test_other_cells_are_other_rulers() -> None:
    rng = np.random.default_rng(2)
    same, apart = np.tile([0.6, 0.8, 0.0], (5, 1)), np.eye(8)
    assert effective_rulers(same, same[0], rng.standard_normal((500, 3))) == 1.0
    normals = rng.standard_normal((40_000, 8))
    assert effective_rulers(apart, apart[0], normals) == pytest.approx(8.0, rel=0.1)
    near = unit_rows(np.array([[1.0, 0.1], [1.0, 0.0], [0.0, 2.0]]))
    assert 1.5 < effective_rulers(near, near[0], rng.standard_normal((40_000, 2))) < 2.3
    assert np.linalg.norm(near, axis=1) == pytest.approx(1.0)
    assert unit_rows(np.zeros((1, 4)))[0] == pytest.approx(0.5), "of which nothing is known"


def test_with_a_ruler_for_each_trial_it_is_sidak() -> None:
    single = adjusted_p_value(2.0, 0.6, 0.8, 1.0)
    assert adjusted_p_value(2.0, 0.6, 0.8, 7.0, 7.0) == pytest.approx(1.0 - (1.0 - single) ** 7)
    assert adjusted_p_value(2.0, 0.6, 0.8, 1.0, 9.0) == pytest.approx(single), "not more rulers than trials"
    some = [adjusted_p_value(2.0, 0.6, 0.8, 50.0, rulers) for rulers in (1.0, 2.0, 5.0, 50.0)]
    assert some == sorted(some) and some[0] < some[-1]


def test_errors_of_several_rulers_are_simulated_right() -> None:
    rng = np.random.default_rng(3)
    directions = unit_rows(np.array([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.0, 0.2, 1.0]]))
    spread, bias, n = np.array([0.4, 0.3, 0.5]), np.array([0.9, 1.0, 0.8]), 6_000
    luck = (spread * rng.standard_normal((n, 3))).astype(np.float32)
    shared = SharedError.of(directions, directions[0], rng.standard_normal((n, 3)))
    found = largest_p_value(1.9, luck, spread, bias, shared)
    errors = rng.standard_normal((400_000, 3)) @ directions.T
    largest = (spread * rng.standard_normal(errors.shape) + bias * errors) / np.hypot(spread, bias)
    share = float(np.mean(largest.max(axis=1) >= 1.9))
    assert found == pytest.approx(share, abs=4 * math.sqrt(share / n)) and share > 1.3 * largest_p_value(
        1.9, luck, spread, bias
    )
    one = SharedError.of(directions[[0, 0, 0]], directions[0], rng.standard_normal((n, 3)))
    assert largest_p_value(1.9, luck, spread, bias, one) == pytest.approx(largest_p_value(1.9, luck, spread, bias))


def test_a_search_over_cells_finds_the_one_that_is_overrated_most() -> None:
    """Fifteen cells whose biases are measured with an error, and unlimited bets without an edge in each."""
    rng, sweeps, cells = np.random.default_rng(4), 400, 15
    hits = {"one": 0, "many": 0}
    for _ in range(sweeps):
        truth = 0.01 * rng.standard_normal(cells)
        measured = truth + 0.006 * rng.standard_normal(cells)
        tau = np.hypot(measured, 0.006)
        best = int(np.argmax(truth / tau))
        luck, spread = np.zeros((200, cells), np.float32), np.full(cells, 1e-9)
        shared = SharedError.of(np.eye(cells), np.eye(cells)[best], rng.standard_normal((200, cells)))
        observed = float(truth[best] / tau[best])
        hits["one"] += largest_p_value(observed, luck, spread, tau) <= 0.05
        hits["many"] += largest_p_value(observed, luck, spread, tau, shared) <= 0.05
    assert hits["one"] > 0.15 * sweeps, "one error for all would be wrong here"
    assert hits["many"] <= 0.05 * sweeps
