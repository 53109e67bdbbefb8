"""The fan behind an equity line: amounts add up, shares compound, and nothing goes below zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.bootstrap import generator
from research.inference.fan import Days, fan


def days(profit: np.ndarray, opening: float, compounds: bool, points: int) -> Days:
    start = opening + np.concatenate([[0.0], np.cumsum(profit)[:-1]])
    point = np.arange(len(profit)) * points // len(profit)
    return Days(profit, start, np.full(len(profit), compounds), point)


def test_amounts_end_like_the_sum_of_days() -> None:
    profit = np.random.default_rng(7).normal(5, 100, 700)
    quantiles = fan(days(profit, 1e6, False, 50), 50, generator(0, "fan"), replicates=4000)
    assert quantiles.shape == (5, 50)
    assert (np.diff(quantiles, axis=0) >= 0).all()
    spread = math.sqrt(700) * profit.std()
    assert quantiles[2, -1] == pytest.approx(1e6 + profit.sum(), abs=0.1 * spread)
    assert (quantiles[4, -1] - quantiles[0, -1]) / 2 == pytest.approx(1.6449 * spread, rel=0.06)


def test_shares_compound() -> None:
    shares = np.random.default_rng(8).normal(0.002, 0.03, 600)
    equity = 1000.0 * np.cumprod(1.0 + shares)
    profit = np.diff(np.concatenate([[1000.0], equity]))
    quantiles = fan(days(profit, 1000.0, True, 40), 40, generator(0, "fan"), replicates=4000)
    logs, spread = np.log1p(shares), math.sqrt(600) * np.log1p(shares).std()
    assert np.log(quantiles[2, -1] / 1000.0) == pytest.approx(logs.sum(), abs=0.1 * spread)
    reach = np.log(quantiles[4, -1] / quantiles[0, -1]) / 2
    assert reach == pytest.approx(1.6449 * spread, rel=0.06)
    assert (quantiles > 0.0).all()


def test_nothing_goes_below_zero_and_what_is_gone_stays_gone() -> None:
    profit = np.array([-40.0, -40.0, 500.0, -100.0, 300.0] * 20)
    found = fan(days(profit, 100.0, False, 20), 20, generator(0, "fan"))
    assert (found >= 0.0).all() and found[0, -1] == 0.0
    assert not found[0, int(found[0].argmin()) :].any()


def test_a_day_without_a_result_changes_nothing() -> None:
    found = fan(days(np.zeros(5), 70.0, True, 5), 5, generator(0, "fan"))
    assert (found == 70.0).all()


def test_each_point_holds_the_days_up_to_it() -> None:
    only = Days(np.array([0.0, 0.0, -10.0, 0.0]), np.full(4, 100.0), np.zeros(4, np.bool_), np.arange(4))
    assert fan(only, 4, generator(0, "fan")).tolist() == [[100.0, 100.0, 90.0, 90.0]] * 5
