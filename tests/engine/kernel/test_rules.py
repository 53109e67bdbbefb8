"""The rules of time and money one by one, with numbers that a reader can check by mental arithmetic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from engine import Configuration, Staking, backtest
from engine.backtesting.run import Result
from engine.clock import DAY_NS
from engine.errors import ConfigurationError
from engine.tape import Tape, from_frame

OFF = {
    "one_per_market": False,
    "stake_min_minor": 1.0,
    "drawdown_warn_frac": float("inf"),
    "drawdown_stop_frac": float("inf"),
    "streak_stop": float("inf"),
    "daily_loss_frac": float("inf"),
}
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def tape(*bets: tuple[float, float, float, float, str], rates: dict[str, float] | None = None, **columns: Any) -> Tape:
    """Bets as (hours to the decision, hours to the settlement, odds, prob, result)."""
    frame = pl.DataFrame(
        {
            "decided_at": [NOON + timedelta(hours=b[0]) for b in bets],
            "settled_at": [NOON + timedelta(hours=b[1]) for b in bets],
            "odds": [b[2] for b in bets],
            "prob": [b[3] for b in bets],
            "result": [b[4] for b in bets],
            **columns,
        }
    )
    return from_frame(frame, commission_rates=rates)


def run(bets: Tape, **settings: object) -> Result:
    return backtest(bets, Configuration(**{**OFF, **settings}))  # type: ignore[arg-type]


def measure(result: Result, name: str) -> object:
    return result.metrics[name][0]


def test_bets_of_one_instant_cannot_use_each_others_winnings() -> None:
    both = tape((0, 2, 2.0, 0.6, "win"), (0, 2, 2.0, 0.6, "win"))
    result = run(both, bankroll_minor=100.0, staking=Staking.PERCENT, fraction=0.5)
    assert measure(result, "bankroll_final_minor") == 200


@pytest.mark.parametrize(
    ("outcome", "pnl"),
    [("win", 1_500), ("half_win", 750), ("void", 0), ("half_lose", -500), ("lose", -1_000)],
)
def test_a_back_bet_settles(outcome: str, pnl: int) -> None:
    result = run(tape((0, 2, 2.5, 0.5, outcome)), amount_minor=1_000.0)
    assert measure(result, "pnl_minor") == pnl


@pytest.mark.parametrize(
    ("outcome", "pnl"),
    [("win", -2_000), ("half_win", -1_000), ("void", 0), ("half_lose", 250), ("lose", 500)],
)
def test_a_lay_wins_the_backers_stake_and_loses_the_liability(outcome: str, pnl: int) -> None:
    # a liability of 2,000 at 5.0 is a backer's stake of 500
    result = run(tape((0, 2, 5.0, 0.1, outcome), side=["lay"]), amount_minor=2_000.0)
    assert measure(result, "pnl_minor") == pnl
    assert result.replay(0).bets["backer_stake_minor"].to_list() == [500]


def test_profit_is_rounded_half_to_even() -> None:
    result = run(tape((0, 1, 1.5, 0.9, "win"), (2, 3, 1.5, 0.9, "win")), amount_minor=5.0)
    assert result.replay(0).bets["pnl_minor"].to_list() == [2, 2]  # 2.5 and 2.5


def test_stakes_stay_locked_until_they_settle() -> None:
    waiting = tape((0, 48, 2.0, 0.6, "win"), (1, 2, 2.0, 0.6, "win"))
    result = run(waiting, bankroll_minor=1_000.0, amount_minor=700.0)
    assert result.replay(0).bets["stake_minor"].to_list() == [700, 300]
    short = run(waiting, bankroll_minor=1_000.0, amount_minor=700.0, stake_min_minor=400.0)
    assert short.reasons.row(0, named=True)["cash"] == 1


def test_the_binding_cap_is_the_reason() -> None:
    result = run(tape((0, 2, 2.0, 0.6, "win")), amount_minor=5_000.0, bet_cap_frac=0.001, stake_min_minor=2_000.0)
    assert result.reasons.row(0, named=True)["cap_bet"] == 1


def test_commission_is_charged_on_the_net_of_a_market() -> None:
    columns = {"event": ["a", "a"], "market": ["m", "m"], "bookmaker": ["x", "x"], "selection": ["1", "2"]}
    both = tape((0, 3, 3.0, 0.4, "win"), (0, 3, 3.0, 0.4, "lose"), rates={"x": 0.05}, **columns)
    result = run(both, amount_minor=1_000.0)  # 2,000 - 1,000 = 1,000, of which 5 %
    assert (measure(result, "commission_minor"), measure(result, "pnl_minor")) == (50, 950)
    apart = tape(
        (0, 3, 3.0, 0.4, "win"), (0, 3, 3.0, 0.4, "lose"), rates={"x": 0.05}, **{**columns, "event": ["a", "b"]}
    )
    assert measure(run(apart, amount_minor=1_000.0), "commission_minor") == 100  # two markets: the loss saves nothing


def test_commission_never_takes_more_than_the_cash() -> None:
    # 900 win 1,800 and wait for the market; 100 stay open in it; all the cash is lost elsewhere; then 5 % are due
    columns = {"event": ["a", "a", "b"], "selection": ["1", "2", "1"], "bookmaker": ["x", "x", "y"]}
    bets = [(0, 6, 3.0, 0.4, "win"), (0, 8, 3.0, 0.4, "lose"), (7, 7.5, 3.0, 0.4, "lose")]
    all_in = {"staking": Staking.PERCENT, "fraction": 1.0, "bankroll_minor": 1_000.0}
    result = run(tape(*bets, rates={"x": 0.05}, market=["m"] * 3, stake_weight=[0.9, 0.1, 1.0], **columns), **all_in)
    assert result.replay(0).bets["stake_minor"].to_list() == [900, 100, 2_700]
    assert (measure(result, "bankroll_final_minor"), measure(result, "commission_minor")) == (0, 0)


def test_a_drawdown_halts_and_its_end_makes_a_new_peak() -> None:
    bets = [(24 * d, 24 * d + 2, 2.0, 0.6, "lose" if d < 2 else "win") for d in range(6)]
    settings = {"drawdown_warn_frac": 0.15, "drawdown_stop_frac": 0.2, "drawdown_reset_after_ns": 2.0 * DAY_NS}
    result = run(tape(*bets), bankroll_minor=10_000.0, amount_minor=1_100.0, **settings)
    rows = result.replay(0).row_reasons.to_list()
    # lost 22 % at 14:00 of the second day: halted until 14:00 of the fourth
    assert rows == ["placed", "placed", "breaker_drawdown", "breaker_drawdown", "placed", "placed"]
    assert result.replay(0).bets["stake_minor"].to_list() == [1_100] * 4  # no warning after the end: drawdown is 0


def test_a_losing_streak_cools_off() -> None:
    bets = [(h, h + 0.5, 2.0, 0.6, "lose") for h in range(8)]
    result = run(tape(*bets), amount_minor=1_000.0, streak_stop=5.0, streak_cool_off_ns=1.5 * 3_600e9)
    rows = result.replay(0).row_reasons.to_list()
    assert rows == ["placed"] * 5 + ["breaker_streak"] + ["placed"] * 2  # 5 losses at 16:30, over at 18:00
    assert measure(result, "longest_losing_streak") == 7


def test_a_daily_loss_lasts_until_the_roll() -> None:
    bets = [(h, h + 1, 2.0, 0.6, "lose") for h in (0, 2, 8, 13)]
    result = run(tape(*bets), bankroll_minor=10_000.0, amount_minor=500.0, daily_loss_frac=0.05)
    assert result.replay(0).row_reasons.to_list() == ["placed", "breaker_daily_loss", "breaker_daily_loss", "placed"]


def test_slippage_takes_from_the_odds_and_not_from_the_stake() -> None:
    result = run(tape((0, 1, 3.0, 0.5, "win")), amount_minor=1_000.0, slippage_frac=0.1)
    assert measure(result, "pnl_minor") == 1_800


def test_a_bet_without_a_settlement_stays_open_at_cost() -> None:
    frame = from_frame(
        pl.DataFrame(
            {"decided_at": [NOON], "settled_at": [None], "odds": [2.0], "prob": [0.6], "result": ["unknown"]},
            schema_overrides={"settled_at": pl.Datetime("ns", "UTC")},
        )
    )
    result = run(frame, amount_minor=1_000.0)
    assert (measure(result, "n_open"), measure(result, "pnl_minor"), measure(result, "n_bets")) == (1, 0, 1)


def test_rejections_depend_on_seed_and_id_alone() -> None:
    bets = tape(*[(h, h + 1, 2.0, 0.6, "win") for h in range(400)])
    config = Configuration(**OFF, rejection_frac=0.25)  # type: ignore[arg-type]
    first, again, other = (backtest(bets, config, seed=s).replay(0).row_reasons.to_list() for s in (1, 1, 2))
    assert first == again != other
    assert 70 <= first.count("rejected") <= 130


@pytest.mark.slow
def test_the_number_of_threads_changes_nothing() -> None:
    bets = tape(*[(h, h + 5, 2.1, 0.5, "win" if h % 2 else "lose") for h in range(200)])
    configs = [Configuration(fraction=0.01 * k, staking=Staking.KELLY) for k in range(1, 40)]
    assert backtest(bets, configs, threads=1).metrics.equals(backtest(bets, configs, threads=4).metrics)


@pytest.mark.parametrize(
    "settings",
    [
        {"edge_min": 0.2, "edge_max": 0.1},
        {"odds_min": 5.0, "odds_max": 2.0},
        {"stake_min_minor": 5.0, "stake_increment_minor": 10.0},
        {"stake_min_minor": 2e6},
        {"drawdown_warn_frac": 0.5},
        {"fraction": float("nan")},
        {"bet_cap_frac": -0.1},
        {"slippage_frac": 1.0},
        {"stake_increment_minor": 0.0},
        {"bankroll_minor": 10.5},
    ],
)
def test_wrong_limits_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError) as error:
        Configuration(**settings)  # type: ignore[arg-type]
    assert next(iter(settings)) in str(error.value)
