"""Slow dependence: seen where it is, silent where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.slow import SPANS, months_test, slow_dependence


def bets(rng: np.random.Generator, many: int, monthly: float = 0.0, days: int = 728) -> np.ndarray:
    """Even-odds bets, four a day; the edge of a month has the deviation `monthly`."""
    edge = rng.normal(0.0, monthly, (days // 28, many)).repeat(28, axis=0) if monthly else np.zeros((days, many))
    return 2.0 * rng.binomial(4, (1.0 + edge) / 2.0) - 4.0


def test_the_ratio_is_that_of_variances() -> None:
    """One configuration: the variance of monthly sums over that of days, by plain loops."""
    series = np.random.default_rng(1).standard_normal((280, 1))
    found = slow_dependence(series, np.random.default_rng(2))
    for name, days in (("week", 7), ("month", 28)):
        sums = np.array([series[low : low + days].sum() for low in range(0, 280, days)])
        centred = series - series.mean()
        wanted = np.var(sums) * len(sums) / (float((centred**2).sum()) * (1.0 - 1.0 / len(sums)))
        assert found.ratios[name] == pytest.approx(wanted, rel=1e-4)
    assert math.isnan(found.ratios["season"]) and math.isnan(found.p_values["season"])  # three seasons are too few


def test_independent_days_are_rarely_called_dependent() -> None:
    """A 1 % test in 200 sweeps: two expected, eight or more have a probability of 0.1 %."""
    rng = np.random.default_rng(3)
    p_values = [slow_dependence(bets(rng, 12, days=364), rng).p_value for _ in range(200)]
    assert sum(p <= 0.01 for p in p_values) <= 7
    assert 0.35 < float(np.median(p_values)) < 0.65


def test_an_edge_that_wanders_by_month_is_seen() -> None:
    rng = np.random.default_rng(4)
    found = [slow_dependence(bets(rng, 50, 0.08), rng) for _ in range(10)]
    assert sum(one.p_value <= 0.01 for one in found) >= 9
    assert all(one.ratios["month"] > one.ratios["week"] > 1.0 for one in found)


def test_a_constant_edge_and_a_long_break_are_no_dependence() -> None:
    rng, warned = np.random.default_rng(5), 0
    for _ in range(40):
        series = bets(rng, 10) + 0.3
        series[200:270] = series[560:630] = 0.0  # two summers
        warned += slow_dependence(series, rng).p_value <= 0.01
    assert warned <= 3


def test_constants_and_gaps_are_left_out() -> None:
    series = bets(np.random.default_rng(6), 4)
    alone = slow_dependence(series, np.random.default_rng(7))
    padded = np.hstack([series, np.full((728, 1), 0.1), np.zeros((728, 1)), np.full((728, 1), np.nan)])
    assert slow_dependence(padded, np.random.default_rng(7)) == alone
    nothing = slow_dependence(np.zeros((300, 3)), np.random.default_rng(8))
    assert math.isnan(nothing.p_value) and all(math.isnan(nothing.ratios[name]) for name in SPANS)


def test_months_are_tested_with_student_s_quantiles() -> None:
    sums = np.array([3.0, -1.0, 2.0, 4.0, 1.0, -2.0, 5.0, 2.0, 0.0, 3.0])  # a month without a bet does not count
    series = np.zeros(285)
    series[np.arange(10) * 28 + 3] = sums
    p_value, months = months_test(series)
    known = sums[sums != 0.0]
    assert months == 9 and known.mean() / known.std(ddof=1) * 3.0 == pytest.approx(2.5065, abs=1e-3)
    assert p_value == pytest.approx(0.018285, rel=1e-3)  # Student, 8 degrees of freedom: 2.449 is 2 %, 2.896 is 1 %
    assert months_test(series[:196])[0] == 1.0 and months_test(np.ones(392))[0] == 1.0


def test_months_hold_their_level_where_days_do_not() -> None:
    """An edge of deviation 8 % by month: the months reject about 5 % of 1,500 series (standard error 0.6 %)."""
    rng = np.random.default_rng(9)
    series = bets(rng, 1_500, 0.08)
    share = float(np.mean([months_test(column)[0] <= 0.05 for column in series.T]))
    days = float(np.mean(math.sqrt(728) * series.mean(axis=0) / series.std(axis=0) >= 1.645))
    assert 0.03 < share < 0.07 < days


def test_days_that_are_all_in_one_span_say_nothing() -> None:
    series = np.zeros((400, 1))
    series[:6, 0] = [1.0, -1.0, 2.0, -2.0, 1.0, -0.5]
    found = slow_dependence(series, np.random.default_rng(1))
    assert found.ratios["month"] == 1.0 and found.p_values["month"] == 1.0


def form(rng: np.random.Generator, many: int, teams: int) -> np.ndarray:
    """Three bets a day on teams that all share; form changes by week, autoregression 0.9, deviation 0.1."""
    weekly = rng.standard_normal((104, teams))
    for week in range(1, 104):
        weekly[week] = 0.9 * weekly[week - 1] + 0.19**0.5 * weekly[week]
    total = np.zeros((728, many))
    for _ in range(3):
        team = rng.integers(0, teams, (728, many))
        edge = 0.1 * weekly[np.arange(728)[:, None] // 7, team]
        total += np.where(rng.random((728, many)) < (1.0 + edge) / 2.0, 1.0, -1.0)
    return total


def test_luck_that_all_share_is_seen_in_their_portfolio() -> None:
    """The form of ten teams adds a tenth of a per cent to the variance of a bet, and it is the same for all."""
    rng = np.random.default_rng(10)
    assert sum(slow_dependence(form(rng, 50, 10), rng).p_value <= 0.01 for _ in range(10)) >= 8
