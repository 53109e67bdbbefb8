"""Compiled passes against statsmodels, enumeration of all paths, and plain loops."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest

from research.regimes.gaussian import CHANCE_MIN, GaussianStates, _rows_of_one
from research.regimes.passes import cheapest, forward, moving_means, smooth

CHAIN = np.array([[0.9, 0.1], [0.3, 0.7]])
START = np.array([0.75, 0.25])  # where the chain is in the long run


def made(seed: int = 0, n: int = 6, k: int = 3) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(-2, 2, (n, k)), rng.dirichlet(np.ones(k), k), rng.dirichlet(np.ones(k))


def test_the_filter_and_smoothing_are_those_of_statsmodels_in_one_dimension() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regression = pytest.importorskip("statsmodels.tsa.regime_switching.markov_regression")
        values = np.random.default_rng(3).normal(0, 1.5, 300)
        model = regression.MarkovRegression(values, k_regimes=2, switching_variance=True)
        found = model.smooth(np.array([0.9, 0.3, -0.4, 1.1, 0.5, 2.0]))
    ours = GaussianStates(START, CHAIN, np.array([[-0.4], [1.1]]), np.array([[0.5], [2.0]]), 7)
    column = values[:, None]
    assert np.abs(ours.filtered(column).probabilities - found.filtered_marginal_probabilities).max() < 1e-12
    assert np.abs(ours.hindsight(column).probabilities - found.smoothed_marginal_probabilities).max() < 1e-12
    assert ours.log_likelihood(column) == pytest.approx(found.llf, abs=1e-9)


def test_the_filter_is_the_sum_over_all_paths() -> None:
    density, chain, start = made()
    filtered, smoothed = np.empty(density.shape), np.empty(density.shape)
    likelihood = forward(density, chain, start, filtered)
    smooth(filtered, chain, smoothed)
    n, k = density.shape
    for upto in range(1, n + 1):
        mass, first = np.zeros(k), np.zeros(k)
        for path in itertools.product(range(k), repeat=upto):
            chance = start[path[0]] * np.prod([chain[i, j] for i, j in itertools.pairwise(path)])
            chance *= np.exp(sum(density[t, state] for t, state in enumerate(path)))
            mass[path[-1]] += chance
            first[path[0]] += chance
        assert filtered[upto - 1] == pytest.approx(mass / mass.sum(), abs=1e-12)
    assert likelihood == pytest.approx(np.log(mass.sum()), abs=1e-10)
    assert smoothed[0] == pytest.approx(first / first.sum(), abs=1e-12)
    assert np.abs(smoothed[:-1] - filtered[:-1]).max() > 0.01


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_filter_knows_no_later_row_and_stands_tiny_densities(scale: float) -> None:
    density, chain, start = made(1, 50)
    density = density * scale
    whole = np.empty(density.shape)
    forward(density, chain, start, whole)
    assert np.isfinite(whole).all() and whole.sum(axis=1) == pytest.approx(np.ones(50))
    for cut in (1, 17, 49):
        part = np.empty((cut, 3))
        forward(density[:cut], chain, start, part)
        assert np.array_equal(part, whole[:cut])


def test_a_state_that_alone_can_be_reached_stays_however_unlikely_it_looks() -> None:
    """The chain of a drift: state 1 is never left, and in logarithms no probability is lost."""
    values = np.repeat([2.0, -1.0, 2.0, -1.0], [20, 300, 5, 300])[:, None]
    means, variances = np.array([[2.0], [-1.0]]), np.array([[0.3], [0.004]])
    absorbing = GaussianStates(np.array([1.0, 0.0]), np.array([[0.99, 0.01], [0.0, 1.0]]), means, variances, 7)
    told = absorbing.filtered(values)
    assert told.path.tolist() == [0] * 20 + [1] * 605, "once there, always there"
    leaving = math.log(0.01) + 19 * math.log(0.99)  # the one path that is worth anything
    density = -0.5 * ((values[:, 0] - means[:, 0].take(told.path)) ** 2 / variances[:, 0].take(told.path))
    density -= 0.5 * np.log(2 * math.pi * variances[:, 0].take(told.path))
    assert absorbing.log_likelihood(values) == pytest.approx(leaving + density.sum())
    floored = _rows_of_one(absorbing.transition)
    assert floored[1, 0] == pytest.approx(CHANCE_MIN) and floored.sum(axis=1) == pytest.approx([1, 1])
    free = GaussianStates(absorbing.start, floored, means, variances, 7)
    assert free.filtered(values).path.tolist() == [0] * 20 + [1] * 300 + [0] * 5 + [1] * 300, "a fitted one comes back"


@pytest.mark.parametrize("penalty", [0.0, 0.4, 2.5, 50.0])
def test_the_cheapest_path_is_the_cheapest_of_all(penalty: float) -> None:
    for seed in range(6):
        loss = np.random.default_rng(seed).random((7, 3))
        costs, before, path = np.empty(loss.shape), np.empty(loss.shape, np.int64), np.empty(7, np.int64)
        total = cheapest(loss, penalty, costs, before, path)

        def cost(states: Any, loss: Any = loss) -> float:
            return float(loss[range(len(states)), list(states)].sum() + penalty * (np.diff(states) != 0).sum())

        assert total == pytest.approx(min(map(cost, itertools.product(range(3), repeat=7))))
        assert cost(path) == pytest.approx(total)
        for t, state in itertools.product(range(7), range(3)):
            ending = (one for one in itertools.product(range(3), repeat=t + 1) if one[-1] == state)
            assert costs[t, state] == pytest.approx(min(map(cost, ending)))


def test_moving_means_stay_where_there_is_no_value() -> None:
    values = np.array([[np.nan, 1.0], [2.0, np.nan], [4.0, 3.0], [np.nan, 3.0]])
    out = np.empty(values.shape)
    moving_means(values, 0.25, out)
    assert out[:, 0].tolist()[1:] == [2.0, 2.5, 2.5] and np.isnan(out[0, 0])
    assert out[:, 1].tolist() == [1.0, 1.0, 1.5, 1.875]
