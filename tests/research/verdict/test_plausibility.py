"""Results that are too good to be true are flagged; luck, losses and a true edge are not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.plausibility.winnings import EXCESS_BOUND, FEWEST_FLAGGED_BETS, STANDARD_ERRORS, implausible_yield
from research.inference.bootstrap import ratio_interval
from research.inference.superiority import BootstrapMoments, bootstrap_moments
from research.verdict.plausibility import (
    FLAG_TEXTS,
    SHARPE_BOUND,
    SweepMeasures,
    implausible_flags,
    yield_errors,
)

DAYS, STAKE_FRAC = 1_000, 0.01


def sweep(case: int, chances: np.ndarray, odds: float = 2.0, each: int = 4) -> tuple[SweepMeasures, BootstrapMoments]:
    """A sweep of level stakes at one price, `each` bets a day, won with probability `chances` (configurations,)."""
    rng = np.random.default_rng((31, case))
    won = rng.binomial(each, np.broadcast_to(chances, (DAYS, len(chances))))
    profit = won * odds - each
    measured = SweepMeasures(
        n_bets=np.full(len(chances), float(DAYS * each)),
        yield_frac=profit.sum(axis=0) / (DAYS * each),
        clv_mean=chances * odds - 1.0,
        clv_n=np.full(len(chances), float(DAYS * each)),
        yield_error=yield_errors(profit.T, np.full(len(chances), float(DAYS * each))),
    )
    return measured, bootstrap_moments(STAKE_FRAC * profit, 1.0, 300, np.random.default_rng((32, case)))


def flagged(measured: SweepMeasures, of: BootstrapMoments) -> dict[str, list[int]]:
    """Flagged rows by flag; flags without a row are left out."""
    return {kind: np.flatnonzero(rows).tolist() for kind, rows in implausible_flags(measured, of).items() if rows.any()}


def test_every_flag_has_a_text() -> None:
    found = implausible_flags(*sweep(0, np.full(2, 0.5)))
    assert set(found) <= set(FLAG_TEXTS) and all(
        rows.dtype == np.bool_ and rows.shape == (2,) for rows in found.values()
    )


@pytest.mark.parametrize("odds", [1.3, 2.0, 8.0])
def test_a_sweep_of_noise_carries_no_flag(odds: float) -> None:
    for case in range(3):
        assert flagged(*sweep(case, np.full(300, 1.0 / odds), odds)) == {}
        assert flagged(*sweep(case, np.full(300, 0.95 / odds), odds)) == {}


def test_a_few_lucky_bets_carry_no_flag() -> None:
    """The best yield of 500 short records is far above 15 % and still luck."""
    rng = np.random.default_rng(33)
    days = np.where(rng.random((60, 500)) < 0.5, STAKE_FRAC, -STAKE_FRAC)
    yields = days.mean(axis=0) / STAKE_FRAC
    full = np.full(500, 60.0)
    measured = SweepMeasures(full, yields, np.zeros(500), full, yield_errors(days.T, full * STAKE_FRAC))
    assert yields.max() > 2 * EXCESS_BOUND
    assert flagged(measured, bootstrap_moments(days, 1.0, 300, rng)) == {}


def test_a_true_edge_of_five_percent_over_ten_thousand_bets_carries_no_flag() -> None:
    measured, of = sweep(1, np.full(50, 0.525), each=10)
    assert measured.n_bets[0] == 10_000 and measured.yield_frac.mean() == pytest.approx(0.05, abs=0.005)
    assert flagged(measured, of) == {}


def test_a_leak_of_results_is_flagged_and_its_neighbours_are_not() -> None:
    chances = np.full(40, 0.5)
    chances[[3, 17]] = 0.9, 0.7
    measured, of = sweep(2, chances)
    plain = SweepMeasures(measured.n_bets, measured.yield_frac, np.zeros(40), measured.clv_n, measured.yield_error)
    assert flagged(plain, of) == {"yield": [3, 17], "sharpe": [3, 17]}


def test_the_bounds_of_yield_and_sharpe_ratio() -> None:
    """By hand: a value is flagged if it exceeds the bound by four standard errors from the resamples."""
    measured, of = sweep(3, np.array([0.55, 0.58, 0.6, 0.62, 0.65]))
    found = implausible_flags(measured, of)
    for row in range(5):
        daily_error = of.resample_means[:, row].std()
        error = daily_error / (STAKE_FRAC * 4)  # of the yield: four stakes a day
        assert found["yield"][row] == (measured.yield_frac[row] - STANDARD_ERRORS * error > EXCESS_BOUND)
        annual = of.means[row] / (daily_error * math.sqrt(DAYS)) * math.sqrt(365.25)
        assert found["sharpe"][row] == (annual - STANDARD_ERRORS * math.sqrt(365.25 / DAYS) > SHARPE_BOUND)
    assert found["yield"].tolist() == [False, False, False, True, True]


def test_stale_prices_are_flagged() -> None:
    measured, of = sweep(4, np.full(6, 0.5))
    clv = np.array([0.0, 0.05, 0.149, 0.151, 0.6, np.nan])
    counts = np.array([500.0, 500.0, 500.0, 500.0, FEWEST_FLAGGED_BETS - 1.0, 0.0])
    assert flagged(SweepMeasures(measured.n_bets, measured.yield_frac, clv, counts, measured.yield_error), of) == {
        "clv": [3]
    }


def test_few_bets_no_bets_and_losses_carry_no_flag() -> None:
    measured, of = sweep(5, np.array([0.95, 0.95, 0.02]))
    bets = np.array([FEWEST_FLAGGED_BETS - 1.0, float(FEWEST_FLAGGED_BETS), 4_000.0])
    few = SweepMeasures(bets, measured.yield_frac, np.zeros(3), bets, measured.yield_error)
    assert flagged(few, of) == {"yield": [1], "sharpe": [1]}
    still = bootstrap_moments(np.zeros((DAYS, 2)), 1.0, 50, np.random.default_rng(0))
    nothing = SweepMeasures(np.zeros(2), np.full(2, np.nan), np.full(2, np.nan), np.zeros(2), np.full(2, np.nan))
    assert flagged(nothing, still) == {}


def test_a_growing_bankroll_does_not_hide_a_yield() -> None:
    """A yield of 150 % over 100 bets: returns on a bankroll that grows with it have a far wider error."""
    rng = np.random.default_rng(36)
    won = rng.random(100) < 0.55
    days = np.zeros((3_500, 1))
    days[rng.choice(3_500, 100, replace=False), 0] = np.where(won, 360.0, -100.0)
    equity = 10_000.0 + np.concatenate([[0.0], days[:-1, 0].cumsum()])
    of = bootstrap_moments(days / equity[:, None], 1.0, 300, rng)
    full, turnover = np.full(1, 100.0), np.full(1, 10_000.0)
    measured = SweepMeasures(full, days.sum(axis=0) / turnover, np.zeros(1), full, yield_errors(days.T, turnover))
    assert 1.2 < measured.yield_frac[0] < 1.9
    assert flagged(measured, of)["yield"] == [0]
    assert implausible_yield(days[days != 0.0], np.full(100, 100.0), np.arange(100))


def test_the_error_of_a_yield_is_that_of_its_printed_interval() -> None:
    rng = np.random.default_rng(37)
    event = np.repeat(np.arange(150), 2)
    stake = rng.uniform(50.0, 500.0, 300)
    pnl = np.where(np.repeat(np.arange(150) % 10 < 7, 2), stake, -stake)
    interval = ratio_interval(pnl, stake, event, rng)
    bound = interval.estimate - STANDARD_ERRORS * interval.se
    apart = ratio_interval(pnl, stake, np.arange(300), rng)
    assert interval.se > 1.3 * apart.se and bound < EXCESS_BOUND < apart.estimate - STANDARD_ERRORS * apart.se
    assert not implausible_yield(pnl, stake, event), "the two bets of an event are one piece of luck"
    assert implausible_yield(pnl, stake, np.arange(300))
    few = FEWEST_FLAGGED_BETS - 1
    assert not implausible_yield(np.full(few, 900.0), np.full(few, 100.0), np.arange(few))
    assert not implausible_yield(np.full(60, 900.0), np.full(60, 100.0), np.zeros(60)), "one event"


def test_errors_of_yields_by_hand() -> None:
    days = np.array([[100.0, -100.0, 0.0, 100.0], [0.0, 0.0, 0.0, 0.0]], np.float32)
    want = np.sqrt(30_000.0 - 10_000.0 / 4) / 300.0
    got = yield_errors(days, np.array([300.0, 0.0]))
    assert got[0] == pytest.approx(want, rel=1e-12) and np.isnan(got[1])
