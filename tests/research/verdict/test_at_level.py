"""The tests at level stakes, the portfolio, and configurations that cannot be tested."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from research.inference.multipliers import null_maxima
from research.inference.single import independent_scores, single_test
from research.inference.slow import months_test
from research.inference.superiority import bootstrap_p_value
from research.verdict.at_level import PORTFOLIO, Judged, LevelStakes, level_tests, portfolio, without_gaps
from research.verdict.evidence import assess, resampled
from tests.research.verdict.assessed import assessed

DAYS, FIRST = 500, dt.date(2020, 1, 1)


def level(case: int, many: int, edge: float = 0.0, good: int = 0) -> LevelStakes:
    """Two bets a day at even odds; the first `good` configurations earn `edge` a bet."""
    rng = np.random.default_rng((17, case))
    share = np.full(many, 0.5)
    share[:good] += edge / 2.0
    days = 2.0 * rng.binomial(2, share, (DAYS, many)) - 2.0
    return LevelStakes(days.astype(np.float32), np.full(many, 2.0 * DAYS))


def everyone(many: int, selected: int | None = 0, *, by_months: bool = False) -> Judged:
    return Judged(np.ones(many, np.bool_), selected, 1.0, by_months)


def test_the_best_score_is_compared_with_the_null_maxima_of_all() -> None:
    given = level(1, 30, 0.2, 2)
    maxima, scores = null_maxima(given.days, FIRST), independent_scores(given.days)
    found = level_tests(given, maxima, everyone(30, 1))
    assert found.statistic == pytest.approx(scores.max()) and found.p_value == bootstrap_p_value(maxima, scores.max())
    assert found.selected is not None and found.selected.p_value == single_test(given.days[:, 1]).p_value
    some = Judged(np.arange(30) > 1, 5, 1.0, by_months=False)
    without = level_tests(given, maxima, some)
    assert without.statistic == pytest.approx(scores[2:].max()) and without.p_value > found.p_value


@pytest.mark.proof
def test_the_best_of_noise_is_found_in_five_of_a_hundred() -> None:
    """400 sweeps of 20: 20 expected at 5 %; the binomial test at 1 % allows 31, and fewer than 9 has 0.2 %."""
    wrong = 0
    for case in range(400):
        given = level(1_000 + case, 20)
        wrong += level_tests(given, null_maxima(given.days, FIRST), everyone(20)).p_value <= 0.05
    assert 9 <= wrong <= 31


def test_the_portfolio_has_equal_turnover_by_hand() -> None:
    days = np.array([[1.0, 10.0, 4.0], [-1.0, 0.0, 0.0], [0.0, -5.0, 0.0]], np.float32)
    given = LevelStakes(days, np.array([2.0, 20.0, 1.0]))
    assert portfolio(given, np.ones(3, np.bool_)) == pytest.approx(np.array([5.0, -0.5, -0.25]) / 3.0)
    assert portfolio(given, np.array([True, True, False])) == pytest.approx(np.array([1.0, -0.5, -0.25]) / 2.0)
    assert portfolio(given, np.zeros(3, np.bool_)) is None
    assert portfolio(LevelStakes(days, np.zeros(3)), np.ones(3, np.bool_)) is None
    few = LevelStakes(days, np.array([20.0, 20.0, 0.5]))  # counts as if it had a tenth of the median, 2
    assert portfolio(few, np.ones(3, np.bool_)) == pytest.approx(np.array([0.05 + 0.5 + 2.0, -0.05, -0.25]) / 3.0)


def test_the_portfolio_sees_a_small_edge_that_all_share() -> None:
    given = level(2, 40, 0.05, 40)
    found = level_tests(given, null_maxima(given.days, FIRST), everyone(40))
    assert found.ensemble is not None and found.ensemble.row == PORTFOLIO
    assert found.ensemble.p_value < 1e-6 < found.p_value


def test_months_enter_only_where_they_are_asked_for() -> None:
    given = level(3, 5, 0.2, 1)
    maxima = null_maxima(given.days, FIRST)
    plain, looked = (level_tests(given, maxima, everyone(5, by_months=by)) for by in (False, True))
    assert plain.selected is not None and plain.selected.p_months is None and plain.selected.months == 0
    assert looked.selected is not None and looked.ensemble is not None
    assert (looked.selected.p_months, looked.selected.months) == months_test(given.days[:, 0])
    assert looked.selected.larger == max(looked.selected.p_value, looked.selected.p_months or 0.0)
    assert plain.selected.larger == plain.selected.p_value == looked.selected.p_value


def test_gaps_become_days_without_a_bet_and_change_nothing_else() -> None:
    series = np.random.default_rng(4).standard_normal((60, 4)).astype(np.float32)
    same, (kept,) = without_gaps(series)
    assert not same.any() and kept is series
    other = series.copy()
    other[3, 2], other[4, 0] = np.nan, np.inf
    gaps, (first, second) = without_gaps(series, other)
    assert gaps.tolist() == [True, False, True, False]
    assert not first[:, gaps].any() and np.array_equal(second[:, 1], series[:, 1])


def test_what_cannot_be_tested_is_named_and_has_no_p_value() -> None:
    """A column of NaN, a constant, no bet, and gains only, beside two that are tested: these keep their numbers."""
    rng = np.random.default_rng(5)
    good = rng.normal(0.02, 0.1, (DAYS, 2)).astype(np.float32)
    odd = np.zeros((DAYS, 4), np.float32)
    odd[:, 0], odd[:, 1] = np.nan, 0.1
    odd[:, 3] = np.where(rng.random(DAYS) < 0.2, 0.01, 0.0)
    both = np.hstack([good, odd])
    found = assessed(both, 3, 1, cross_validate=False, level=LevelStakes(both, np.full(6, 100.0))).evidence
    assert {one.reason: one.rows for one in found.untested} == {
        "not a number": (2,), "constant": (3,), "no bet": (4,), "few outcomes": (5,),
    }  # fmt: skip
    assert found.selected is not None and found.selected.p_value == 1.0 and math.isnan(found.selected.sharpe)
    assert found.betting == 3 and math.isfinite(found.p_all) and math.isfinite(found.p_ensemble)
    alone = assessed(good, 0, 1, cross_validate=False, level=LevelStakes(good, np.full(2, 100.0))).evidence
    some = both[:, :3]
    beside = assessed(some, 0, 1, cross_validate=False, level=LevelStakes(some, np.full(3, 100.0))).evidence
    assert alone.untested == () and alone.selected == beside.selected
    assert (alone.p_consistent, alone.p_skewed, alone.effective) == (
        beside.p_consistent, beside.p_skewed, beside.effective,
    )  # fmt: skip


def test_both_series_must_hold() -> None:
    """Stakes that a rule raises after losses: the returns look better than the bets, and the larger p-value counts."""
    given = level(6, 12)
    returns = given.days / np.float32(100.0) + np.float32(0.004)
    found = assessed(returns, 0, 1, cross_validate=False, level=given).evidence
    assert found.level is not None and found.selected is not None and found.level.selected is not None
    assert max(found.p_consistent, found.p_skewed) < found.level.p_value == found.p_all
    assert found.selected.p_value < found.level.selected.p_value == found.p_selected
    worse = assessed(returns - np.float32(0.008), 0, 1, cross_validate=False, level=given).evidence
    assert worse.selected is not None and worse.p_selected == worse.selected.p_value
    assert worse.p_all == max(worse.p_consistent, worse.p_skewed)


def test_the_resamples_can_be_drawn_before() -> None:
    given = level(7, 8)
    returns = given.days / np.float32(100.0)
    drawn = resampled(returns, 3, FIRST, given.days)
    first = assess(returns, 0, 3, drawn, cross_validate=False, level=given).evidence
    assert first == assess(returns, 0, 3, drawn, cross_validate=False, level=given).evidence


def test_a_p_value_can_be_smaller_than_one_resample() -> None:
    """The eighth sweep of a family is tested at 0.08 %: a thousand resamples alone could never say so much."""
    given = level(8, 12, 0.3, 1)
    found = assessed(given.days / np.float32(100.0), 0, 1, cross_validate=False, level=given).evidence
    assert found.level is not None and found.p_consistent == found.p_skewed == 1.0 / 1_001.0
    smaller = min(found.statistic, found.level.statistic)
    assert smaller > 5.0 and found.effective == pytest.approx(12.0, abs=2.0)
    best_of_all = 1.0 - NormalDist().cdf(smaller) ** found.effective
    assert found.p_all == pytest.approx(best_of_all, rel=1e-3) and found.p_all < 1e-5
    assert replace(found, level=None).p_all == 1.0 / 1_001.0, "a run of an earlier version has what it counted"
    many = replace(found, p_skewed=0.011)
    assert many.p_all == 0.011, "where resamples can say it, they do"
    worse = replace(found, level=replace(found.level, statistic=1.0))
    assert worse.p_all == max(found.p_consistent, found.level.p_value), "never above what was counted"
