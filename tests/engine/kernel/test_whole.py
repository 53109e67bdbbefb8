"""Whole amounts of money against exact rational arithmetic."""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from engine import Configuration, Staking, backtest
from engine.kernel import whole
from engine.odds import lay_as_back
from engine.tape import from_frame
from tests.engine.kernel.called import called

backer_steps = called(whole.backer_steps)
liability_for_profit = called(whole.liability_for_profit)
stake_for_profit = called(whole.stake_for_profit)
ulp = called(whole.ulp)
whole_allowance = called(whole.whole_allowance)
whole_kelly = called(whole.whole_kelly)
whole_steps = called(whole.whole_steps)

OFF = dict.fromkeys(("drawdown_warn_frac", "drawdown_stop_frac", "streak_stop", "daily_loss_frac"), math.inf)
STEPS = (1, 5, 10, 100)
CENT_ODDS = st.integers(101, 3_000).map(lambda hundredths: Fraction(hundredths, 100))


def floor(amount: Fraction, step: int) -> int:
    return amount // step * step


@given(st.floats(1e-6, 1e15))
def test_an_ulp_is_the_distance_to_the_next_float(x: float) -> None:
    assert ulp(x) == math.ulp(x)


def test_the_next_step_is_taken_within_4_ulps_and_not_beyond() -> None:
    stake = 5_700.0
    for below in range(8):
        assert whole_steps(stake, 100.0) == (5_700.0 if below <= 4 else 5_600.0), below
        stake = math.nextafter(stake, 0.0)
    assert np.isnan(whole_steps(math.nan, 100.0)) and whole_steps(0.0, 100.0) == 0.0 > whole_steps(-5.0, 100.0)


@example(2**52, 1)
@given(st.integers(1, 2**53), st.sampled_from(STEPS))
def test_a_whole_number_of_steps_is_never_lifted(steps: int, step: int) -> None:
    stake = float(steps // step * step)
    assert whole_steps(stake, float(step)) == stake
    assert whole_allowance(1.0, stake) == stake


@given(st.integers(1, 1_000), st.integers(1, 200_000), st.sampled_from(STEPS), st.sampled_from([1, 2, 4]))
def test_a_decimal_part_of_a_bank_in_whole_steps_is_exact(k: int, banks: int, step: int, share: int) -> None:
    bank = banks * step
    stake = k / 1000 * bank * (1.0 / share)
    assert whole_steps(stake, float(step)) == floor(Fraction(k, 1000) * bank / share, step)


@given(st.integers(1, 1_000), st.integers(1, 2_000_000), st.floats(0, 1), st.sampled_from(STEPS))
def test_what_a_cap_leaves_beside_open_stakes_is_exact(k: int, equity: int, used: float, step: int) -> None:
    cap = Fraction(k, 1000) * equity
    open_ = int(used * cap)
    assert whole_steps(whole_allowance(k / 1000, float(equity)) - open_, float(step)) == floor(cap - open_, step)


@given(CENT_ODDS, st.integers(1, 200_000), st.sampled_from(STEPS))
def test_the_stake_of_a_target_is_exact(odds: Fraction, profit: int, step: int) -> None:
    stake = stake_for_profit(float(profit), float(odds))
    assert whole_steps(stake, float(step)) == floor(profit / (odds - 1), step)


@given(
    CENT_ODDS, st.integers(1, 99), st.integers(1, 100), st.integers(1, 2_000), st.booleans(), st.sampled_from([0, 2, 5])
)
def test_a_kelly_stake_of_decimals_is_exact(
    odds: Fraction, percent: int, part: int, banks: int, is_lay: bool, rate: int
) -> None:
    prob, fraction, bank, commission = Fraction(percent, 100), Fraction(part, 100), banks * 100, Fraction(rate, 100)
    back = odds / (odds - 1) if is_lay else odds
    prob = 1 - prob if is_lay else prob
    net = prob * back - 1 - commission * prob * (back - 1)
    exact = fraction * net / ((back - 1) * (1 - commission)) * bank
    found = float(lay_as_back(np.array([float(odds)]))[0]) if is_lay else float(odds)
    p, c, won = (1.0 - percent / 100 if is_lay else float(prob)), rate / 100, (found - 1.0) * (1.0 - rate / 100)
    stake = part / 100 * ((p * found - 1.0 - c * p * (found - 1.0)) / won) * float(bank)
    assume(net > 0)
    assert whole_steps(whole_kelly(stake, part / 100 * (p * found / won) * bank), 1.0) == floor(exact, 1)


@given(CENT_ODDS, st.integers(1, 200_000), st.sampled_from(STEPS))
def test_the_liability_of_a_target_is_exact(odds: Fraction, profit: int, step: int) -> None:
    back = float(lay_as_back(np.array([float(odds)]))[0])
    liability = liability_for_profit(float(profit), back, float(odds))
    assert whole_steps(liability, float(step)) == floor(profit * (odds - 1), step)


@given(CENT_ODDS, st.integers(1, 200_000), st.sampled_from(STEPS), st.integers(0, 50))
def test_the_backers_stake_of_a_lay_is_exact(odds: Fraction, liability: int, step: int, slippage: int) -> None:
    placed = 1 + (odds - 1) * (1 + Fraction(slippage, 1000))
    found = backer_steps(float(liability), 1.0 + (float(odds) - 1.0) * (1.0 + slippage / 1000), float(step))
    assert found == floor(liability / (placed - 1), step)


def bets(*rows: dict[str, object]) -> pl.DataFrame:
    """Bets decided one after the other, settled together at the end of the day."""
    plain = {"settled_at": datetime(2024, 8, 17, 18), "prob": 0.3, "odds": 2.0, "result": "lose", "event": "match"}
    return pl.DataFrame(
        [{**plain, "selection": str(n), "decided_at": datetime(2024, 8, 17, 9, n), **row} for n, row in enumerate(rows)]
    )


@pytest.mark.parametrize(
    ("settings", "rows", "stakes"),
    [
        ({"staking": Staking.PERCENT, "fraction": 0.57}, [{}], [5_700]),
        ({"staking": Staking.PERCENT, "fraction": 0.29, "base_is_cash": True}, [{}], [2_900]),
        ({"amount_minor": 9_000.0, "bet_cap_frac": 0.57}, [{}], [5_700]),
        ({"amount_minor": 5_000.0, "event_cap_frac": 0.57}, [{}, {}], [5_000, 700]),
        ({"amount_minor": 5_000.0, "competition_cap_frac": 0.57}, [{}, {}], [5_000, 700]),
        ({"amount_minor": 5_000.0, "day_cap_frac": 0.57}, [{}, {}], [5_000, 700]),
        ({"amount_minor": 5_000.0, "open_cap_frac": 0.57}, [{}, {}], [5_000, 700]),
        ({"staking": Staking.TARGET, "amount_minor": 100.0}, [{"odds": 1.1}], [1_000]),
        (
            {"staking": Staking.KELLY, "fraction": 0.25, "bankroll_minor": 100_000.0},
            [{"odds": 1.5, "prob": 0.7}],
            [2_500],
        ),
        ({"staking": Staking.KELLY_COLUMN, "fraction": 0.57}, [{"kelly_frac": 1.0}], [5_700]),
        # legs of a group: 57.00 in all, halves of 28.50 at steps of 1.00
        (
            {"amount_minor": 5_700.0, "event_cap_frac": 0.57, "bankroll_minor": 20_000.0},
            [{"group": 1, "stake_weight": share, "decided_at": datetime(2024, 8, 17, 9)} for share in (1.0, 1.0)],
            [5_700, 5_700],
        ),
    ],
)
def test_stakes_of_a_backtest_lose_no_step(
    settings: dict[str, float], rows: list[dict[str, object]], stakes: list[int]
) -> None:
    options = {"bankroll_minor": 10_000.0, "stake_increment_minor": 100.0, **OFF, **settings}
    result = backtest(from_frame(bets(*rows)), Configuration(**options))  # type: ignore[arg-type]
    assert result.replay(0).bets["stake_minor"].to_list() == stakes


@pytest.mark.parametrize(
    ("settings", "row", "backer"),
    [
        ({"amount_minor": 1_000.0}, {"odds": 1.1}, 10_000),
        ({"amount_minor": 300.0}, {"odds": 1.15}, 2_000),
        ({"staking": Staking.TARGET, "amount_minor": 10_000.0}, {"odds": 1.13}, 10_000),
        ({"amount_minor": 9_000.0}, {"odds": 1.13, "size_minor": 10_000.0}, 10_000),
    ],
)
def test_lays_lose_no_step(settings: dict[str, float], row: dict[str, object], backer: int) -> None:
    options = {"stake_increment_minor": 100.0, **OFF, **settings}
    lay = from_frame(bets({"side": "lay", **row}))
    result = backtest(lay, Configuration(**options))  # type: ignore[arg-type]
    assert result.replay(0).bets["backer_stake_minor"].to_list() == [backer]


def test_a_fill_of_exactly_the_smallest_part_is_taken() -> None:
    row = from_frame(bets({"size_minor": 700.0}))
    for part, reason in ((0.07, "placed"), (0.071, "size")):  # 0.07 * 10000 is 700.0000000000001
        config = Configuration(amount_minor=10_000.0, fill_min_frac=part, **OFF)  # type: ignore[arg-type]
        assert backtest(row, config).replay(0).row_reasons[0] == reason


@pytest.mark.parametrize(
    ("side", "quoted", "filled", "tolerance"),
    [("back", 1.25, 1.15, 0.08), ("back", 1.3, 1.17, 0.1), ("lay", 1.4, 1.61, 0.15), ("lay", 1.5, 1.74, 0.16)],
)
def test_a_price_exactly_at_the_tolerance_is_taken(side: str, quoted: float, filled: float, tolerance: float) -> None:
    row = {"odds": quoted, "filled": filled, "side": side}
    for allowed, reason in ((tolerance, "placed"), (tolerance - 1e-6, "price_moved")):
        config = Configuration(price_tolerance_frac=allowed, **OFF)  # type: ignore[arg-type]
        assert backtest(from_frame(bets(row)), config).replay(0).row_reasons[0] == reason


@pytest.mark.parametrize("kelly", ["states", "market"])
def test_kelly_stakes_from_a_column_lose_no_step(kelly: str) -> None:
    tape = from_frame(bets({"odds": 1.5, "prob": 0.7}), kelly=kelly)
    config = Configuration(
        staking=Staking.KELLY_COLUMN, fraction=0.25, bankroll_minor=1_000_000.0, stake_increment_minor=100.0,
        **OFF,  # type: ignore[arg-type]
    )  # fmt: skip
    assert backtest(tape, config).replay(0).bets["stake_minor"].to_list() == [25_000]
