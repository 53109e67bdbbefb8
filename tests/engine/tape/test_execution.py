"""Delayed orders and cashed-out bets against a plain search through all prices."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine import Configuration, backtest
from engine.errors import ConfigurationError
from engine.kernel.codes import State
from engine.tape.build import build_tape
from engine.tape.execution import CashOut, LaterPrices
from tests.property.markets import FIRST, world

MINUTE_NS = 60 * 10**9
PLAIN = Configuration(
    drawdown_warn_frac=math.inf, drawdown_stop_frac=math.inf, streak_stop=math.inf, daily_loss_frac=math.inf
)


def bets(quotes: pl.DataFrame) -> pl.DataFrame:
    """One bet per price, decided at the instant at which the price became known."""
    offered = quotes.filter(pl.col("instant") != "in_play").select(
        "event_id", "market", "line", "selection", "bookmaker", "side", pl.col("known_at").alias("decided_at"), "odds",
        prob=0.5,
    )  # fmt: skip
    return offered.unique(pl.exclude("odds", "prob"), maintain_order=True)


def prices(quotes: pl.DataFrame, row: dict[str, Any], bookmaker: str, side: str) -> list[tuple[datetime, float]]:
    """All prices of a selection at a bookmaker and side, sorted by time."""
    line = pl.col("line").is_null() if row["line"] is None else pl.col("line") == row["line"]
    rows = quotes.filter(
        line, pl.col("event_id") == row["event_id"], pl.col("market") == row["market"], pl.col("side") == side,
        pl.col("selection") == row["selection"], pl.col("bookmaker") == bookmaker,
    )  # fmt: skip
    return sorted(rows.select("known_at", "odds").iter_rows())


@pytest.fixture(scope="module")
def frames() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    events, quotes = world(3, 4)
    quotes = quotes.unique(
        ["event_id", "market", "line", "selection", "bookmaker", "side", "known_at"], keep="first", maintain_order=True
    )
    starts = events.select("event_id", "starts_at")
    return events, quotes, quotes.join(starts, on="event_id").filter(pl.col("known_at") <= pl.col("starts_at"))


@pytest.mark.parametrize("delay_ns", [1, 30 * MINUTE_NS, 300 * MINUTE_NS])
def test_a_delayed_order_is_filled_at_the_first_price_after_its_arrival(
    frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], delay_ns: int
) -> None:
    events, quotes, seen = frames
    tape = build_tape(bets(quotes), events, later=LaterPrices(quotes, delay_ns))
    shown = tape.rows.with_columns(decided_at=pl.Series(tape.decided_at).cast(quotes.schema["known_at"]))
    unfilled = 0
    for number, row in enumerate(shown.iter_rows(named=True)):
        arrives = row["decided_at"] + timedelta(microseconds=math.ceil(delay_ns / 1000))
        wanted = next((odds for at, odds in prices(seen, row, row["bookmaker"], row["side"]) if at >= arrives), None)
        assert (wanted is None and np.isnan(tape.filled[number])) or tape.filled[number] == wanted, row
        unfilled += wanted is None
    assert 0 < unfilled < len(tape)


def test_without_a_delay_later_prices_change_nothing(frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    events, quotes, _ = frames
    plain, same = build_tape(bets(quotes), events), build_tape(bets(quotes), events, later=LaterPrices(quotes))
    assert plain.hash == same.hash
    assert (plain.filled == plain.quoted).all() and np.isnan(plain.exit_odds).all()


@pytest.mark.parametrize(
    "rule",
    [
        CashOut(profit_frac=0.03), CashOut(loss_frac=0.05), CashOut(0.04, 0.04),
        CashOut(bookmaker="pinnacle", profit_frac=0.02), CashOut(before_start_ns=60 * MINUTE_NS),
    ],
)  # fmt: skip
def test_a_bet_is_cashed_out_at_the_first_price_that_meets_a_rule(
    frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], rule: CashOut
) -> None:
    events, quotes, seen = frames
    other = quotes.with_columns(  # a lay price for each back price, some time later
        side=pl.lit("lay"),
        odds=pl.col("odds") * 1.01,
        known_at=pl.col("known_at") + pl.duration(minutes=7, time_unit="ns"),
    )
    quotes = pl.concat([quotes.filter(pl.col("side") == "back"), other.filter(quotes["side"] == "back")])
    seen = quotes.join(events.select("event_id", "starts_at"), on="event_id")
    seen = seen.filter(pl.col("known_at") <= pl.col("starts_at"))
    tape = build_tape(bets(quotes), events, later=LaterPrices(quotes, 0, rule))
    starts = dict(events.select("event_id", "starts_at").iter_rows())
    shown = tape.rows.with_columns(decided_at=pl.Series(tape.decided_at).cast(quotes.schema["known_at"]))
    closed = 0
    for number, row in enumerate(shown.iter_rows(named=True)):
        is_back = row["side"] == "back"
        wanted = None
        for at, odds in prices(seen, row, rule.bookmaker or row["bookmaker"], "lay" if is_back else "back"):
            ratio = tape.quoted[number] / odds
            profit = ratio - 1.0 if is_back else 1.0 - ratio
            late = rule.before_start_ns is not None and at >= starts[row["event_id"]] - timedelta(
                microseconds=rule.before_start_ns / 1000
            )
            if at > row["decided_at"] and (profit >= rule.profit_frac or profit <= -rule.loss_frac or late):
                wanted = at, odds
                break
        if wanted is None:
            assert tape.state[number] != State.CASHED and np.isnan(tape.exit_odds[number])
        else:
            closed += 1
            assert tape.state[number] == State.CASHED and tape.exit_odds[number] == wanted[1]
            assert tape.settled_at[number] == pl.Series([wanted[0]]).cast(quotes.schema["known_at"]).cast(pl.Int64)[0]
    assert closed > 5


def test_a_cashed_out_bet_earns_the_ratio_of_the_odds() -> None:
    events, _ = world(1, 3)
    start = events["starts_at"][0]
    key = {"event_id": events["event_id"][0], "market": "1x2", "line": None, "selection": "home", "bookmaker": "aaa"}
    quotes = pl.DataFrame(
        [
            {**key, "side": "back", "known_at": FIRST, "odds": 4.0},
            {**key, "side": "lay", "known_at": start - timedelta(minutes=9), "odds": 3.2},
        ],
        schema_overrides={"line": pl.Float64, "known_at": pl.Datetime("ns", "UTC")},
    )
    row = quotes[:1].rename({"known_at": "decided_at"}).with_columns(prob=pl.lit(0.3))
    tape = build_tape(row, events, later=LaterPrices(quotes, 0, CashOut(profit_frac=0.2)))
    result = backtest(tape, PLAIN)
    assert result.metrics["pnl_minor"][0] == 2_500  # 100.00 at 4.0, closed at 3.2: 4 / 3.2 - 1
    bet = result.replay(0).bets.row(0, named=True)
    assert bet["state"] == "cashed" and bet["settled_at"] == start - timedelta(minutes=9)


@pytest.mark.parametrize("wrong", [{"profit_frac": 0.0}, {"loss_frac": -0.1}])
def test_rules_that_would_cash_out_immediately_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=f"execution.cash_out_{next(iter(wrong))}: expected above 0"):
        CashOut(**wrong)
