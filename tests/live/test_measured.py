"""The days that bands measure, folded from entries of a ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from engine.clock import DAY_NS, HOUR_NS
from engine.live.ledger.entries import Entry, Kind, Money, Recorded
from engine.live.measured import MeasuredDays
from engine.promotion.bands import MEASURES, Day, Position

MONDAY = 1_735_516_800_000_000_000  # 30 December 2024, UTC


def recorded(number: int, kind: Kind, at_ns: int, money: Money | None = None, **body: Any) -> Recorded:
    """An entry as the ledger gives it."""
    entry = Entry(kind, f"{kind}:{number}", at_ns, money=money or Money(), body=body)
    return Recorded(number, 1, at_ns, entry, "", "", "")


def decided(number: int, at_ns: int, *reasons: str) -> Recorded:
    """The decisions of an instant."""
    return recorded(number, Kind.DECIDED, at_ns, decisions=[{"reason": reason} for reason in reasons])


def settled(number: int, at_ns: int, stake: int, pnl: int, tax: int = 0) -> Recorded:
    """A settled bet: its profit after tax is `pnl`."""
    money = Money(stakes=-stake, cash=stake + pnl, pnl=-(pnl + tax), tax=tax)
    return recorded(number, Kind.SETTLED, at_ns, money)


def test_bets_attempts_and_money_of_each_day_with_a_decision() -> None:
    days = MeasuredDays("UTC")
    noon = MONDAY + 12 * HOUR_NS
    for one in (
        recorded(1, Kind.CAPITAL, MONDAY, Money(cash=10_000, capital=-10_000)),
        decided(2, noon, "placed", "edge", "rejected"),
        decided(3, noon + HOUR_NS),  # nothing was considered
        settled(4, noon + DAY_NS, 500, 250, tax=50),  # a day without a decision counts with the one before
        recorded(5, Kind.COMMISSION, noon + DAY_NS, Money(cash=-20, commission=20)),
        decided(6, noon + 2 * DAY_NS, "placed", "price_moved", "cap_day"),
        decided(7, noon + 2 * DAY_NS + HOUR_NS, "placed"),
        settled(8, noon + 2 * DAY_NS + 2 * HOUR_NS, 400, -400),
    ):
        days.apply(one)
    assert days.dates == (dt.date(2024, 12, 30), dt.date(2025, 1, 1))
    assert days.days == (Day(1, 2, 500, 230, 0.0, 0, 0.023), Day(2, 3, 400, -400, 0.0, 0, -400 / 10_230))


def test_a_corrected_settlement_takes_the_first_one_back() -> None:
    days = MeasuredDays("UTC")
    first = settled(3, MONDAY, 500, -500)
    back = Money(stakes=500, cash=0, pnl=-500)
    for one in (
        recorded(1, Kind.CAPITAL, MONDAY, Money(cash=1_000, capital=-1_000)),
        decided(2, MONDAY, "placed"),
        first,
        recorded(4, Kind.REVERSED, MONDAY, back),
        settled(5, MONDAY, 500, 700),
    ):
        days.apply(one)
    assert days.days == (Day(1, 1, 500, 700, 0.0, 0, 0.7),)


def test_the_day_is_that_of_the_zone_and_the_bands_are_read() -> None:
    days = MeasuredDays("America/New_York")
    days.apply(decided(1, MONDAY, "placed"))  # still Sunday there
    assert days.dates == (dt.date(2024, 12, 29),)
    band = {"lower": [2.0], "upper": [3.0], "middle": [2.5], "changed": None}
    standings = days.standings({"days": 1, "measures": dict.fromkeys(MEASURES, band)})
    assert standings[0].position is Position.OUTSIDE and standings[0].value == pytest.approx(1.0)
