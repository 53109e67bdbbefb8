"""Delayed orders and cashed-out bets one by one, with prices and sums that a reader can check."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from engine import Configuration, backtest
from engine.errors import ConfigurationError, TapeError
from engine.identity import event_ids
from engine.schema import EVENTS, QUOTES
from engine.tape.build import build_tape
from engine.tape.execution import CashOut, LaterPrices

OFF = dict.fromkeys(("drawdown_warn_frac", "drawdown_stop_frac", "streak_stop", "daily_loss_frac"), math.inf)
NOON = datetime(2024, 3, 9, 12, tzinfo=UTC)
MINUTE_NS = 60 * 10**9


def at(minutes: float) -> datetime:
    """Minutes after the decision; the match starts after 300 of them."""
    return NOON + timedelta(minutes=minutes)


def match(*, known: bool = True, starts: bool = True) -> pl.DataFrame:
    """A match that the home side wins, over after 420 minutes; without its result, or without its start."""
    row = {
        "sport": "football", "competition": "C", "season": "2024", "date": date(2024, 3, 9), "home": "Home",
        "away": "Away", "neutral": False, "starts_at": at(300) if starts else None, "starts_at_basis": "recorded",
        "settled_at": at(420) if known else None, "settled_at_basis": "recorded",
        "status": "played" if known else "scheduled", "home_score": 2 if known else None,
        "away_score": 0 if known else None, "winner": "home" if known else None,
    }  # fmt: skip
    frame = pl.DataFrame([row])
    frame = frame.with_columns(pl.lit(None).alias(name) for name in EVENTS if name not in frame.columns)
    frame = frame.with_columns(event_id=pl.Series(event_ids(frame)))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in EVENTS.items())


Price = tuple[float, str, float] | tuple[float, str, float, dict[str, Any]]


def quotes(event: pl.DataFrame, prices: list[Price]) -> pl.DataFrame:
    """Prices as (minutes, side, odds) and further columns."""
    rows = [
        {"event_id": event["event_id"][0], "market": "moneyline", "line": None, "selection": "home", "bookmaker": "x",
         "instant": "snapshot", "known_at": at(price[0]), "side": price[1], "odds": price[2], "suspect": False,
         "known_at_basis": "recorded", "size_minor": None, **(price[3] if len(price) == 4 else {})}
        for price in prices
    ]  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None).select(pl.col(n).cast(t) for n, t in QUOTES.items())


def run(
    prices: list[Price],
    delay: float = 0.0,
    cash_out: CashOut | None = None,
    *,
    side: str = "back",
    odds: float = 2.0,
    event: pl.DataFrame | None = None,
    venues: dict[str, Any] | None = None,
    **settings: float,
) -> tuple[str, float | None, float | None, float | None]:
    """Reason, odds placed, P&L and minutes to the settlement of a bet of 100.00 (of a lay: liability) after 0 minutes.

    `delay` is in minutes.
    """
    event = match() if event is None else event
    bet = {"event_id": event["event_id"][0], "market": "moneyline", "line": None, "selection": "home",
           "bookmaker": "x", "side": side, "decided_at": NOON, "odds": odds, "prob": 0.5}  # fmt: skip
    later = LaterPrices(quotes(event, prices), int(delay * MINUTE_NS), cash_out or CashOut())
    offer = pl.DataFrame([bet], schema_overrides={"line": pl.Float64, "decided_at": pl.Datetime("ns", "UTC")})
    tape = build_tape(offer, event, later=later, venues=venues)
    config = Configuration(amount_minor=10_000.0, **OFF, **settings)  # type: ignore[arg-type]
    path = backtest(tape, config).replay(0)
    if path.bets.is_empty():
        return path.row_reasons[0], None, None, None
    row = path.bets.row(0, named=True)
    end = None if row["settled_at"] is None else (row["settled_at"] - NOON).total_seconds() / 60
    return "placed", row["odds_placed"], row["pnl_minor"], end


REFUSED = ("price_moved", None, None, None)
IN_PLAY: dict[str, Any] = {"instant": "in_play"}
CLOSE: dict[str, Any] = {"instant": "close"}
OPEN: dict[str, Any] = {"instant": "open"}
OTHER: dict[str, Any] = {"bookmaker": "y"}


@pytest.mark.parametrize(
    ("prices", "settings", "expected"),
    [
        ([(1, "back", 2.4), (2, "back", 1.9), (3, "back", 2.6)], {}, REFUSED),  # the first one from 2 minutes on
        ([(1, "back", 1.2), (2, "back", 2.4)], {}, ("placed", 2.4, 14_000, 420)),
        ([(1.999, "back", 2.4)], {}, REFUSED),
        ([(300, "back", 2.4)], {}, ("placed", 2.4, 14_000, 420)),  # at the start
        ([(301, "back", 2.4)], {}, REFUSED),
        ([(299, "back", 2.4, IN_PLAY)], {}, REFUSED),
        ([(3, "lay", 2.4)], {}, REFUSED),
        ([(3, "back", 2.4, OTHER)], {}, REFUSED),
        ([(3, "back", 1.8)], {"price_tolerance_frac": 0.1}, ("placed", 1.8, 8_000, 420)),
        ([(3, "back", 1.79)], {"price_tolerance_frac": 0.1}, REFUSED),
    ],
)
def test_an_order_is_filled_two_minutes_later(
    prices: list[Price], settings: dict[str, float], expected: tuple[Any, ...]
) -> None:
    assert run([(0, "back", 2.0), *prices], 2, **settings) == expected


@pytest.mark.parametrize("kinds", [(OPEN, {}), (OPEN, CLOSE), ({}, CLOSE)])
@pytest.mark.parametrize("turned", [False, True])
def test_of_two_prices_at_one_instant_the_later_kind_counts(kinds: tuple[dict[str, Any], ...], turned: bool) -> None:
    pair: list[Price] = [(5, "back", 2.2, kinds[0]), (5, "back", 2.5, kinds[1])]
    assert run(pair[::-1] if turned else pair, 2)[1] == 2.5
    # the earlier kind alone would close the bet; the later one does not
    exits: list[Price] = [(5, "lay", 1.6, kinds[0]), (5, "lay", 2.0, kinds[1])]
    assert run(exits[::-1] if turned else exits, cash_out=CashOut(0.25))[2:] == (10_000, 420)


@pytest.mark.parametrize(
    ("rule", "side", "odds", "exit_odds", "pnl"),
    [
        # profit: back o / l - 1, lay 1 - o / b; exactly reached is reached, whatever the last bits of a decimal
        (CashOut(0.1), "back", 3.3, 3.0, 1_000),
        (CashOut(0.15), "back", 2.3, 2.0, 1_500),
        (CashOut(1.5), "back", 5.0, 2.0, 15_000),
        (CashOut(0.3), "back", 3.9, 3.0, 3_000),
        (CashOut(0.2), "lay", 2.0, 2.5, 2_000),
        (CashOut(0.3), "lay", 2.1, 3.0, 2_727),  # 9,090 of the backer's stake
        # loss: back 1 - o / l, lay o / b - 1
        (CashOut(loss_frac=0.2), "back", 2.0, 2.5, -2_000),
        (CashOut(loss_frac=0.3), "back", 2.1, 3.0, -3_000),
        (CashOut(loss_frac=0.1), "lay", 3.3, 3.0, -435),  # 4,347 of the backer's stake
        (CashOut(loss_frac=2.0), "lay", 6.0, 2.0, -4_000),
    ],
)
def test_a_threshold_that_is_exactly_reached_closes(
    rule: CashOut, side: str, odds: float, exit_odds: float, pnl: float
) -> None:
    other = "lay" if side == "back" else "back"
    assert run([(9, other, exit_odds)], cash_out=rule, side=side, odds=odds)[2:] == (pnl, 9)
    # a hundredth less is not enough
    keeps = exit_odds + (0.01 if (pnl > 0) == (side == "back") else -0.01)
    assert run([(9, other, keeps)], cash_out=rule, side=side, odds=odds)[3] == 420


def test_a_bet_is_not_closed_before_it_is_placed() -> None:
    rule = CashOut(0.25)
    early: list[Price] = [(10, "lay", 1.5), (30, "back", 2.0), (30, "lay", 1.5), (60, "lay", 1.6)]
    assert run(early, 2, rule) == ("placed", 2.0, 2_500, 60)  # filled after 30 minutes
    assert run(early[:3], 2, rule) == ("placed", 2.0, 10_000, 420)
    # never filled, so never closed either
    assert run([(10, "lay", 1.5)], 2, rule) == REFUSED
    assert run([(0, "lay", 1.5)], 0, rule) == ("placed", 2.0, 10_000, 420)
    late = CashOut(before_start_ns=299 * MINUTE_NS)
    assert run([(10, "lay", 2.0), (30, "back", 2.0), (40, "lay", 2.0)], 2, late)[3] == 40


@pytest.mark.parametrize(
    ("rule", "filled", "exit_odds", "expected"),
    [
        (CashOut(0.25), 2.5, 1.9, (3_158, 60)),  # 2.5 / 1.9 - 1; at 2.0 it would be 0.05
        (CashOut(0.25), 2.1, 1.7, (11_000, 420)),  # 0.235
        (CashOut(loss_frac=0.15), 2.5, 2.5, (15_000, 420)),  # no loss; at 2.0 it would be 0.2
        (CashOut(loss_frac=0.15), 2.5, 3.0, (-1_667, 60)),
    ],
)
def test_profit_and_loss_are_those_of_the_price_that_was_filled(
    rule: CashOut, filled: float, exit_odds: float, expected: tuple[float, float]
) -> None:
    assert run([(3, "back", filled), (60, "lay", exit_odds)], 2, rule)[1:] == (filled, *expected)


def test_a_delayed_lay_counts_from_its_fill_too() -> None:
    prices: list[Price] = [(3, "lay", 1.8), (60, "back", 2.25)]
    reason, odds, pnl, end = run(prices, 2, CashOut(0.2), side="lay")
    assert (reason, odds, end) == ("placed", 1.8, 60)
    assert pnl == round(10_000 * (1 - 1.8 / 2.25))  # the backer's stake follows the quoted 2.0


def test_slippage_is_no_part_of_the_thresholds_but_of_the_profit() -> None:
    reason, odds, pnl, end = run([(9, "lay", 1.6)], cash_out=CashOut(0.25), slippage_frac=0.1)
    assert (reason, odds, end) == ("placed", 1.9, 9)
    assert pnl == round(10_000 * (1.9 / 1.66 - 1))  # back at 1 + 1.0 * 0.9, lay at 1 + 0.6 * 1.1
    ladder = {"x": {"ladder": True}}
    assert run([(9, "lay", 1.6)], cash_out=CashOut(0.25), slippage_frac=0.01, venues=ladder)[1:3] == (1.99, 2_360)


def test_without_a_start_an_order_is_filled_before_the_result_only() -> None:
    event = match(starts=False)
    assert run([(419, "back", 2.4)], 2, event=event) == ("placed", 2.4, 14_000, 420)
    assert run([(420, "back", 2.4)], 2, event=event) == REFUSED
    assert run([(420, "lay", 1.5)], 0, CashOut(0.25), event=event)[3] == 420
    assert run([(500, "lay", 1.5)], 0, CashOut(0.25), event=event)[2] == 10_000


def test_a_closed_bet_needs_no_result() -> None:
    event = match(known=False)
    assert run([(9, "lay", 1.6)], cash_out=CashOut(0.25), event=event) == ("placed", 2.0, 2_500, 9)
    assert run([(9, "lay", 1.9)], cash_out=CashOut(0.25), event=event)[2:] == (None, None)


@pytest.mark.parametrize(
    ("rule", "side", "text"),
    [
        (
            CashOut(loss_frac=20.0),
            "back",
            "cash_out_loss_frac: expected below 1: a back bet loses less.*did you mean 0.2",
        ),
        (CashOut(loss_frac=1.0), "back", "cash_out_loss_frac: expected below 1"),
        (CashOut(loss_frac=5.0), "lay", "cash_out_loss_frac: expected below 1: .*did you mean 0.05"),  # a lay at 2.0
        (CashOut(profit_frac=25.0), "back", "cash_out_profit_frac: expected below 1: .*did you mean 0.25"),
        (
            CashOut(profit_frac=25.0),
            "lay",
            "cash_out_profit_frac: expected below 1: a lay wins less.*did you mean 0.25",
        ),
    ],
)
def test_a_threshold_that_no_bet_can_reach_is_refused(rule: CashOut, side: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        run([(9, "lay", 1.6)], cash_out=rule, side=side)


def test_later_prices_without_a_column_are_refused_by_its_name() -> None:
    event = match()
    later = LaterPrices(quotes(event, [(9, "lay", 1.6)]).drop("bookmaker"), MINUTE_NS)
    with pytest.raises(TapeError, match="column bookmaker is missing in the later prices"):
        build_tape(
            pl.DataFrame(
                [{"event_id": event["event_id"][0], "market": "moneyline", "line": None, "selection": "home",
                  "bookmaker": "x", "side": "back", "decided_at": NOON, "odds": 2.0, "prob": 0.5}],
                schema_overrides={"line": pl.Float64, "decided_at": pl.Datetime("ns", "UTC")},
            ),
            event,
            later=later,
        )  # fmt: skip
