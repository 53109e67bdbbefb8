"""Many configurations over one tape: exchange arithmetic, order within an instant, groups, days, threads."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numba import typeof

from engine import Configuration, backtest
from engine.backtesting.measures import COLUMNS, METRICS
from engine.backtesting.run import Result, columns_of, run_params
from engine.configuration import params_matrix
from engine.errors import ConfigurationError
from engine.kernel.codes import REASONS, Staking
from engine.tape import Tape, from_frame, load, save
from tests.property.tapes import random_configuration, random_tape

INF = float("inf")
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def tape(rows: list[dict[str, object]], zone: str = "UTC", rates: dict[str, float] | None = None) -> Tape:
    """A tape of rows; `at` and `ends` are hours after noon of 1 January 2024."""
    defaults = {"odds": 2.0, "prob": 0.6, "result": "win", "at": 0.0, "ends": 2.0, "event": "e"}
    frame = pl.DataFrame([{**defaults, "selection": f"s{n}", **row} for n, row in enumerate(rows)])
    frame = frame.with_columns(
        decided_at=pl.Series([NOON + timedelta(hours=h) for h in frame["at"]]),
        settled_at=pl.Series([NOON + timedelta(hours=h) for h in frame["ends"]]),
    ).drop("at", "ends")
    return from_frame(frame, zone=zone, commission_rates=rates)


def free(**settings: object) -> Configuration:
    """A configuration without breakers, caps or minimum."""
    off: dict[str, object] = {
        "one_per_market": False,
        "stake_min_minor": 1.0,
        "drawdown_warn_frac": INF,
        "drawdown_stop_frac": INF,
        "streak_stop": INF,
        "daily_loss_frac": INF,
    }
    return Configuration(**{**off, **settings})  # type: ignore[arg-type]


def reasons(result: Result) -> list[str]:
    return result.replay(0).row_reasons.to_list()


@pytest.mark.parametrize(
    ("row", "stake", "pnl"),
    [
        ({"odds": 10.0, "result": "win"}, 200, 1_800),
        ({"odds": 10.0, "result": "lose"}, 200, -200),
        ({"odds": 10.0, "side": "lay", "result": "lose"}, 1_800, 200),
        ({"odds": 10.0, "side": "lay", "result": "win"}, 1_800, -1_800),
        ({"odds": 4.0, "result": "dead_heat", "share": 0.5}, 1_000, 1_000),
        ({"odds": 5.0, "side": "lay", "result": "dead_heat", "share": 0.5}, 8_000, -3_000),
        ({"odds": 11.0, "result": "dead_heat", "share": 0.25}, 5_000, 8_750),
    ],
)
def test_arithmetic_of_an_exchange(row: dict[str, object], stake: int, pnl: int) -> None:
    result = backtest(tape([{"prob": 0.3, **row}]), free(amount_minor=float(stake)))
    assert result.metrics["turnover_minor"][0] == stake
    assert result.metrics["pnl_minor"][0] == pnl


def test_a_lay_locks_the_liability_of_its_rounded_backers_stake() -> None:
    bets = backtest(tape([{"odds": 3.7, "prob": 0.2, "side": "lay", "result": "lose"}]), free(amount_minor=1_000.0))
    bet = bets.replay(0).bets.row(0, named=True)
    assert (bet["backer_stake_minor"], bet["stake_minor"], bet["pnl_minor"]) == (370, 999, 370)


def test_a_lay_whose_backers_stake_rounds_to_0_is_too_small() -> None:
    lay = {"odds": 101.0, "prob": 0.001, "side": "lay", "result": "lose"}
    assert reasons(backtest(tape([lay]), free(amount_minor=99.0))) == ["stake_minimum"]
    capped = free(amount_minor=200.0, bet_cap_frac=0.00009)
    assert reasons(backtest(tape([lay]), capped)) == ["cap_bet"]


def test_a_rule_that_asks_for_too_little_is_named_before_any_cap() -> None:
    small = free(amount_minor=50.0, stake_min_minor=100.0, bet_cap_frac=0.00001)
    assert reasons(backtest(tape([{}]), small)) == ["stake_minimum"]


def test_the_first_of_equal_caps_is_named() -> None:
    equal = free(bet_cap_frac=0.001, event_cap_frac=0.001, open_cap_frac=0.001, stake_min_minor=5_000.0)
    assert reasons(backtest(tape([{}]), equal)) == ["cap_bet"]
    everything = free(bankroll_minor=1_000.0, amount_minor=900.0, open_cap_frac=1.0, stake_min_minor=500.0)
    assert reasons(backtest(tape([{}, {}]), everything)).count("cap_open") == 1  # as much as the cash leaves


def test_the_first_of_equal_caps_of_a_group_is_named() -> None:
    legs = [{"group": 1, "stake_weight": 0.5, "odds": 2.2} for _ in range(2)]
    equal = free(bet_cap_frac=0.0025, event_cap_frac=0.005, open_cap_frac=0.005, stake_min_minor=2_501.0)
    assert reasons(backtest(tape(legs), equal)) == ["cap_bet", "cap_bet"]


def test_two_bets_of_one_instant_are_sized_by_the_same_bankroll() -> None:
    rows = [{"event": "a", "prob": 0.75}, {"event": "b", "prob": 0.75}]
    half = free(staking=Staking.PERCENT, fraction=0.5, bankroll_minor=10_000.0, open_cap_frac=1.0)
    result = backtest(tape(rows), half)
    assert result.replay(0).bets["stake_minor"].to_list() == [5_000, 5_000]
    assert result.metrics["pnl_minor"][0] == 10_000, "never 12,500: the second does not know what the first one won"


def test_settlements_come_before_decisions_of_the_same_instant() -> None:
    rows = [{"ends": 3.0, "event": "a"}, {"at": 3.0, "ends": 4.0, "event": "b"}]
    result = backtest(tape(rows), free(bankroll_minor=1_000.0, amount_minor=1_000.0))
    bets = result.replay(0).bets
    assert bets["stake_minor"].to_list() == [1_000, 1_000]
    assert bets["equity_minor"].to_list() == [1_000, 2_000]


def test_a_bet_is_placed_again_at_the_instant_a_halt_ends() -> None:
    lost = {"result": "lose", "ends": 2.0, "event": "a"}
    later = [{"at": 12.0, "ends": 13.0, "event": "b"}, {"at": 11.999, "ends": 13.0, "event": "c"}]
    settings = {"drawdown_warn_frac": 0.1, "drawdown_stop_frac": 0.2, "drawdown_reset_after_ns": 10 * 3_600e9}
    halted = free(bankroll_minor=10_000.0, amount_minor=2_000.0, **settings)
    assert reasons(backtest(tape([lost, *later]), halted)) == ["placed", "breaker_drawdown", "placed"]


def test_what_settles_at_midnight_belongs_to_the_day_that_ends() -> None:
    rows = [{"result": "lose", "ends": 12.0, "event": "a"}, {"at": 12.0, "ends": 13.0, "event": "b"}]
    result = backtest(tape(rows), free(bankroll_minor=10_000.0, amount_minor=1_000.0, daily_loss_frac=0.05))
    assert reasons(result) == ["placed", "placed"]  # the loss was yesterday's
    daily = result.replay(0).daily
    assert daily["pnl_minor"].to_list() == [-1_000, 1_000]
    assert daily["n_bets"].to_list() == [1, 1]


def test_days_follow_the_clock_of_the_zone() -> None:
    hours = [24.0 * day for day in range(88, 92)]  # clocks change on 31 March
    rows = [{"at": h, "ends": h + 1, "event": str(h)} for h in (hours[0], hours[-1])]
    daily = backtest(tape(rows, zone="Europe/London"), free()).replay(0).daily
    assert daily["date"].to_list() == [date(2024, 3, day) for day in (29, 30, 31)] + [date(2024, 4, 1)]
    assert daily["pnl_minor"].to_list() == [10_000, 0, 0, 10_000]
    assert daily["return_frac"].to_list()[1:3] == [0.0, 0.0]


def test_legs_shrink_by_one_factor_or_are_all_refused() -> None:
    legs = [{"group": 1, "stake_weight": w, "odds": 2.2} for w in (0.6, 0.4)]
    placed = backtest(tape(legs), free(amount_minor=10_000.0, event_cap_frac=0.005)).replay(0).bets
    assert sorted(placed["stake_minor"].to_list()) == [2_000, 3_000]
    refused = backtest(tape(legs), free(amount_minor=10_000.0, event_cap_frac=0.005, stake_min_minor=2_500.0))
    assert sorted(reasons(refused)) == ["cap_event", "group"]


def test_a_leg_out_of_range_refuses_the_others() -> None:
    legs = [{"group": 1, "odds": 2.2}, {"group": 1, "odds": 9.0, "prob": 0.2}, {"event": "other"}]
    assert sorted(reasons(backtest(tape(legs), free(odds_max=5.0)))) == ["group", "odds_range", "placed"]


def test_commission_waits_for_the_last_open_bet_of_a_market() -> None:
    rows = [
        {"odds": 3.0, "ends": 2.0, "bookmaker": "x"},
        {"odds": 3.0, "ends": 4.0, "bookmaker": "x", "result": "lose"},
        {"odds": 3.0, "ends": 2.0, "bookmaker": "y"},
    ]
    result = backtest(tape(rows, rates={"x": 0.1, "y": 0.05}), free(amount_minor=1_000.0, commission_factor=0.5))
    assert result.metrics["commission_minor"][0] == 50 + 50  # half of 10 % of (2,000 - 1,000), of 5 % of 2,000


def test_counts_and_money_are_whole_numbers_or_null() -> None:
    table = backtest(tape([{"odds": None}]), free()).metrics
    assert table.columns == list(METRICS)
    row = table.row(0, named=True)
    assert (row["n_opportunities"], row["n_bets"], row["yield"], row["clv_mean"]) == (1, 0, None, None)
    assert {table.schema[n] for n in ("n_bets", "pnl_minor", "turnover_minor")} == {pl.Int64()}


@pytest.mark.parametrize(("threads", "block"), [(1, 1), (2, 3), (3, 64)])
def test_results_do_not_depend_on_the_other_configurations(threads: int, block: int) -> None:
    rng = np.random.default_rng(5)
    bets = random_tape(rng, 60)
    matrix = params_matrix([random_configuration(rng) for _ in range(20)])
    together = run_params(bets, matrix, seed=3, threads=threads, block=block)
    alone = np.vstack([run_params(bets, matrix[c : c + 1], seed=3, threads=1) for c in range(20)])
    assert together.tobytes() == alone.tobytes()
    counts = together[:, [COLUMNS.index(f"reason_{name}") for name in REASONS]]
    assert (counts.sum(axis=1) == len(bets)).all()


def test_one_compilation_serves_every_tape(tmp_path: Path) -> None:
    built = tape([{}, {"at": 1.0, "ends": 3.0, "event": "b"}])
    save(built, tmp_path / "tape")
    tapes = (built, load(tmp_path / "tape"), random_tape(np.random.default_rng(1), 10))
    assert len({tuple(map(typeof, columns_of(each))) for each in tapes}) == 1


def test_progress_is_reported_and_an_interruption_is_raised() -> None:
    matrix = params_matrix([free(amount_minor=float(k + 1)) for k in range(10)])
    finished: list[int] = []
    run_params(tape([{}]), matrix, threads=2, block=4, on_block=finished.append)
    assert sorted(finished) == [2, 4, 4]

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_params(tape([{}]), matrix, threads=2, block=1, on_block=interrupt)


def test_without_configurations_there_are_no_rows() -> None:
    assert backtest(tape([{}]), []).metrics.height == 0


def test_a_matrix_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        run_params(tape([{}]), np.zeros((2, 3)))


def test_a_commission_of_the_whole_profit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="commission_factor"):
        backtest(tape([{"bookmaker": "x"}], rates={"x": 0.1}), free(commission_factor=10.0))


@pytest.mark.parametrize(
    "settings",
    [
        {"drawdown_reset_after_ns": 0.0},
        {"streak_cool_off_ns": 0.0},
        {"drawdown_stop_frac": 0.0, "drawdown_warn_frac": 0.0},
        {"daily_loss_frac": 0.0},
        {"streak_stop": 2.5},
        {"amount_minor": INF},
        {"fraction": INF},
    ],
)
def test_meaningless_limits_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(settings))):
        Configuration(**settings)  # type: ignore[arg-type]


def test_columns_that_repeat_one_value_are_one_array_to_the_kernel() -> None:
    many = tape([{}, {"at": 1.0, "odds": 3.0}, {"at": 1.5}])
    assert many.tax_stake_frac.strides == many.place_share.strides == (0,)
    columns = columns_of(many)
    assert np.shares_memory(columns.tax_stake_frac, columns.tax_winnings_frac)
    assert not np.shares_memory(columns.tax_stake_frac, columns.place_share)
    for name in columns._fields:
        values = getattr(columns, name)
        assert np.array_equal(values, getattr(many, name), equal_nan=values.dtype.kind == "f"), name
        assert values.flags.c_contiguous and not values.flags.writeable, name
