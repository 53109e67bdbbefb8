"""Tests of superiority, compared with plain loops, under the null, and where they must differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.inference.block_bootstrap import resampled_day_counts
from research.inference.superiority import bootstrap_moments, reality_check, spa_test, survivors

LENGTH, RESAMPLES = 2.0, 400


def returns_of(case: int, days: int, means: list[float], deviations: list[float]) -> np.ndarray:
    rng = np.random.default_rng((11, case))
    return rng.normal(means, deviations, (days, len(means)))


def drawn_of(returns: np.ndarray, case: int = 0):
    return bootstrap_moments(returns, LENGTH, RESAMPLES, np.random.default_rng((12, case)))


def test_p_values_equal_a_plain_loop() -> None:
    returns = returns_of(1, 90, [0.1, -0.6, 0.0, 0.3], [1.0, 1.0, 2.0, 1.0])
    found = bootstrap_moments(returns, 3.0, 60, np.random.default_rng(5))
    counts = resampled_day_counts(90, 3.0, 60, np.random.default_rng(5))
    means = returns.mean(axis=0)
    resample_means = np.array([[np.repeat(column, row.astype(int)).mean() for column in returns.T] for row in counts])
    spread = np.array([np.std([np.sqrt(90) * x for x in column]) for column in resample_means.T])
    assert found.resample_means == pytest.approx(resample_means, abs=1e-6) and found.omegas == pytest.approx(
        spread, rel=1e-5
    )
    sds = np.array([[np.repeat(column, row.astype(int)).std() for column in returns.T] for row in counts])
    assert found.resample_deviations == pytest.approx(sds, rel=1e-4)
    statistic = max(0.0, max(np.sqrt(90) * means / spread))
    bound = -np.sqrt(2 * np.log(np.log(90)))
    pvalues = []
    for kind in ("lower", "consistent", "upper"):
        larger = 0
        for row in resample_means:
            best = 0.0
            for k in range(4):
                centre = means[k]
                if kind == "lower":
                    centre = max(centre, 0.0)
                elif kind == "consistent" and np.sqrt(90) * means[k] / spread[k] < bound:
                    centre = 0.0
                best = max(best, np.sqrt(90) * (row[k] - centre) / spread[k])
            larger += best >= statistic
        pvalues.append((larger + 1) / 61)
    answer = spa_test(found)
    assert (answer.lower, answer.consistent, answer.upper) == pytest.approx(tuple(pvalues))
    assert answer.statistic == pytest.approx(statistic, rel=1e-5)
    assert answer.lower < answer.upper
    larger = sum(max(0.0, np.sqrt(90) * (row - means).max()) >= np.sqrt(90) * means.max() for row in resample_means)
    assert reality_check(found) == pytest.approx((larger + 1) / 61)


@pytest.mark.slow
def test_days_on_which_nothing_happens_are_resampled_as_well() -> None:
    returns = np.random.default_rng(8).standard_normal((90, 3)) + 0.3
    returns[np.arange(90) % 3 > 0] = 0.0
    returns[4, 1] = 0.7  # a day of one configuration only
    found = bootstrap_moments(returns, 2.0, 50, np.random.default_rng(5))
    counts = resampled_day_counts(90, 2.0, 50, np.random.default_rng(5)).astype(np.float64)
    means = counts @ returns / 90
    assert found.resample_means == pytest.approx(means, abs=1e-6)
    assert found.resample_deviations == pytest.approx(np.sqrt(counts @ returns**2 / 90 - means**2), rel=1e-5)
    assert found.omegas == pytest.approx(np.sqrt(90) * means.std(axis=0), rel=1e-5)


def test_size_and_order_if_nothing_is_better() -> None:
    found = [spa_test(drawn_of(returns_of(case, 250, [0.0] * 20, [1.0] * 20), case)) for case in range(400)]
    assert all(one.lower <= one.consistent <= one.upper for one in found)
    for kind in ("lower", "consistent", "upper"):
        rate = np.mean([getattr(one, kind) <= 0.05 for one in found])
        assert 0.02 <= rate <= 0.095, (kind, rate)  # four standard errors around 5 %


def power(means: list[float], deviations: list[float], cases: int = 120) -> tuple[float, float]:
    """How often SPA and the reality check find the one good configuration at 5 %."""
    spa, reality = 0, 0
    for case in range(cases):
        found = drawn_of(returns_of(case, 250, means, deviations), case)
        spa += spa_test(found).consistent <= 0.05
        reality += reality_check(found) <= 0.05
    return spa / cases, reality / cases


@pytest.mark.slow
def test_the_studentised_test_finds_a_calm_winner_among_noise() -> None:
    """One of mean 0.05 and sd 0.2 among 19 of mean 0 and sd 2."""
    spa, reality = power([0.05] + [0.0] * 19, [0.2] + [2.0] * 19)
    assert spa > 0.75 and reality < 0.13  # its size, and four standard errors


@pytest.mark.slow
def test_terrible_configurations_do_not_hide_a_good_one() -> None:
    """One of mean 0.18 and sd 1 among 19 of mean -1 and sd 3."""
    spa, reality = power([0.18] + [-1.0] * 19, [1.0] + [3.0] * 19)
    assert spa > 0.75 and reality < 0.1


def survivors_by_hand(returns: np.ndarray, counts: np.ndarray, *, own_scale: bool = True) -> tuple[list[int], int]:
    """StepM in plain Python, each resample over its own deviation: the survivors and the number of rounds."""
    level = 0.05
    n, many = returns.shape
    means, sds = returns.mean(axis=0), returns.std(axis=0)
    days = [np.repeat(np.arange(n), row.astype(int)) for row in counts]
    omega = np.array([np.std([np.sqrt(n) * returns[own, k].mean() for own in days]) for k in range(many)])
    waiting, named, rounds = list(range(many)), [], 0
    while waiting:
        largest = sorted(
            max(
                np.sqrt(n)
                * (returns[own, k].mean() - means[k])
                / ((returns[own, k].std() if own_scale else sds[k]) * omega[k] / sds[k])
                for k in waiting
            )
            for own in days
        )
        critical = largest[int(np.ceil((1 - level) * (len(days) - 1)))]
        beyond = [k for k in waiting if np.sqrt(n) * means[k] / omega[k] > max(critical, 0.0)]
        if not beyond:
            break
        rounds += 1
        named += beyond
        waiting = [k for k in waiting if k not in beyond]
    return sorted(named), rounds


@pytest.mark.slow
def test_survivors_equal_a_plain_loop() -> None:
    rounds, otherwise = set(), 0
    for case in range(16):
        returns = returns_of(100 + case, 120, [0.6, 0.3, 0.28, 0.27, 0.25, 0.1, -0.2], [1.0] * 7)
        if case >= 8:  # rare large wins: a resample without them is calm, and its mean low
            returns = np.where(np.random.default_rng(case).random((120, 7)) < 0.04, 8.0, -0.1) + 0.08 * returns
        counts = resampled_day_counts(120, 2.0, 199, np.random.default_rng(case))
        named, needed = survivors_by_hand(returns, counts)
        found = survivors(bootstrap_moments(returns, 2.0, 199, np.random.default_rng(case)))
        assert np.flatnonzero(found).tolist() == named
        rounds.add(needed)
        otherwise += survivors_by_hand(returns, counts, own_scale=False)[0] != named
    assert otherwise > 0
    assert max(rounds) >= 2


def test_slices_of_columns_give_the_same_results(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = returns_of(3, 80, [0.4] * 5 + [0.0] * 30, [1.0] * 35)
    whole = drawn_of(returns)
    expected = survivors(whole), spa_test(whole), reality_check(whole)
    monkeypatch.setattr("research.inference.columns._BATCH", 3 * RESAMPLES)
    again = drawn_of(returns)
    assert again.resample_means == pytest.approx(whole.resample_means, abs=1e-6)
    assert (survivors(whole) == expected[0]).all() and expected[0].any()
    assert (spa_test(whole), reality_check(whole)) == expected[1:]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 60), st.integers(1, 12), st.floats(1.0, 9.0))
def test_p_values_are_always_in_order(draw: int, days: int, many: int, length: float) -> None:
    rng = np.random.default_rng(draw)
    returns = rng.standard_t(2, (days, many)) * rng.choice([0.0, 1e-4, 1.0, 50.0], many) + rng.normal(0, 0.3, many)
    found = spa_test(bootstrap_moments(returns, length, 60, rng))
    assert 1 / 61 <= found.lower <= found.consistent <= found.upper <= 1.0
    assert found.statistic >= 0.0 and np.isfinite(found.statistic)


@pytest.mark.slow
def test_survivors_are_the_good_configurations() -> None:
    means = [0.3] * 5 + [0.0] * 40 + [-0.2] * 5
    found = np.array([survivors(drawn_of(returns_of(case, 300, means, [1.0] * 50), case)) for case in range(60)])
    assert found[:, :5].mean() > 0.8
    assert found[:, 5:].any(axis=1).mean() <= 0.15


def test_later_rounds_find_more_than_the_first() -> None:
    """Once the strong configurations are rejected, their noise is gone and the weaker ones face a lower bound."""
    rng = np.random.default_rng(4)
    shared = rng.normal(size=(400, 1))
    strong = shared * 1.0 + 1.0 + 0.01 * rng.normal(size=(400, 30))
    weak = rng.normal(0.135, 1.0, (400, 1))
    found = survivors(drawn_of(np.hstack([strong, rng.normal(0, 1, (400, 60)) + 0.6, weak])))
    alone = survivors(drawn_of(weak))
    assert found[:90].all()
    assert found[90] == alone[0]  # all others are rejected by then; the last one wins in a later round


def test_series_without_bets_are_left_out() -> None:
    returns = np.column_stack([returns_of(0, 200, [0.4], [1.0]), np.zeros(200)])
    found = drawn_of(returns)
    assert spa_test(found).consistent <= 0.01
    assert survivors(found).tolist() == [True, False]
    nothing = drawn_of(np.zeros((50, 3)))
    assert spa_test(nothing).consistent == reality_check(nothing) == 1.0
    assert not survivors(nothing).any()


def test_what_is_not_judged_can_only_raise_the_p_values() -> None:
    returns = np.random.default_rng(5).normal(0.0004, 0.01, (300, 12))
    returns[:, 3] += 0.003
    moments = bootstrap_moments(returns, 1.0, 500, np.random.default_rng(6))
    every = np.ones(12, np.bool_)
    assert spa_test(moments, every) == spa_test(moments) and reality_check(moments, every) == reality_check(moments)
    assert np.array_equal(survivors(moments, judged=every), survivors(moments)) and survivors(moments)[3]
    rest = every.copy()
    rest[3] = False
    aside, all_of_them = spa_test(moments, rest), spa_test(moments)
    without = spa_test(bootstrap_moments(returns[:, rest], 1.0, 500, np.random.default_rng(6)))
    assert aside.statistic == pytest.approx(without.statistic) and aside.statistic < all_of_them.statistic
    for name in ("lower", "consistent", "upper"):
        assert getattr(aside, name) > getattr(all_of_them, name)
        assert getattr(aside, name) >= getattr(without, name), "the best of all that were tried is the yardstick"
    assert not survivors(moments, judged=rest)[3]
    assert reality_check(moments, rest) > reality_check(moments)
    nothing = spa_test(moments, np.zeros(12, np.bool_))
    assert (nothing.lower, nothing.consistent, nothing.upper) == (1.0, 1.0, 1.0)
