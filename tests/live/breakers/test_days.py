"""Days of a ledger, counted by hand."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest

from engine.live.breakers.days import DayFold
from engine.live.ledger.entries import Entry, Kind, Money, Recorded


class Written:
    """A fold, and the entries that it was given."""

    def __init__(self) -> None:
        self.fold, self.number = DayFold(), 0
        self.write(Kind.CAPITAL, money=Money(cash=10_000, capital=-10_000))

    def write(self, kind: Kind, key: str = "", money: Money | None = None, **body: Any) -> None:
        self.number += 1
        entry = Entry(kind, f"{kind}:{self.number}", self.number, intent=key, money=money or Money(), body=body)
        self.fold.apply(Recorded(self.number, 1, 0, entry, "", "", ""))

    def decide(self, count: int = 1) -> None:
        self.write(Kind.DECIDED, decisions=[{"reason": "edge"}] * count)

    def bet(self, key: str, stake: int, odds: float, side: str = "back", edge: float = 0.1) -> None:
        place = {"event_id": 1, "market": "1x2", "line": None, "selection": "home", "side": side, "odds": odds}
        place |= {"edge_frac": edge}
        self.write(Kind.INTENDED, key, Money(cash=-stake, reserved=stake), **place)
        self.write(Kind.PLACED, key, Money(reserved=-stake, stakes=stake), matched_minor=stake, odds=odds)

    def settle(self, key: str, stake: int, pnl: int) -> None:
        state = "win" if pnl > 0 else "lose"
        money = Money(cash=stake + pnl, stakes=-stake, pnl=-pnl)
        self.write(Kind.SETTLED, key, money, pnl_minor=pnl, version=1, state=state)

    def roll(self) -> None:
        self.write(Kind.ROLLED)


def test_a_day_holds_its_bets_its_attempts_and_what_was_settled() -> None:
    w = Written()
    w.decide(3)
    w.bet("a", 100, 2.0)
    w.bet("b", 200, 3.0)
    for key, reason in (("c", "price_moved"), ("d", "rejected"), ("e", "size")):
        w.write(Kind.INTENDED, key, Money(cash=-50, reserved=50), event_id=1, market="m", line=None, selection="s",
                side="back")  # fmt: skip
        w.write(Kind.REJECTED, key, Money(cash=50, reserved=-50), reason=reason)
    w.settle("a", 100, 100)
    w.write(Kind.CLOSED, event_id=1, close_probs={"a": 0.55, "b": 0.3, "c": None})
    w.settle("b", 200, -200)
    w.write(Kind.COMMISSION, money=Money(cash=-2, commission=2))
    assert w.fold.days() == []
    w.roll()
    (day,) = w.fold.days()
    assert astuple(day)[:4] == (2, 4, 300, -102)
    assert day.clv_sum == pytest.approx(2.0 * 0.55 - 1) and day.clv_n == 1  # b was not settled yet
    assert day.return_frac == pytest.approx(-102 / 10_000)
    assert day.surprise_sum == pytest.approx((1 - 1.1 / 2) + (0 - 1.1 / 3)) and day.surprise_n == 2


def test_a_lay_is_the_back_bet_of_equal_risk() -> None:
    w = Written()
    w.decide()
    w.bet("a", 100, 5.0, side="lay")
    w.settle("a", 100, 25)
    w.write(Kind.CLOSED, event_id=1, close_probs={"a": 0.18})
    w.roll()
    assert w.fold.days()[0].clv_sum == pytest.approx(1.25 * 0.82 - 1)
    assert w.fold.days()[0].surprise_sum == pytest.approx(1 - 1.1 / 1.25)  # its own probability that the lay wins: 0.88


def test_a_day_without_a_decision_counts_with_the_one_before_and_not_before_the_first() -> None:
    w = Written()
    w.roll()
    w.decide()
    w.bet("a", 100, 2.0)
    w.bet("b", 100, 2.0)
    w.roll()
    w.settle("a", 100, 100)
    w.roll()
    w.settle("b", 100, -100)
    w.roll()
    w.decide()
    w.roll()
    first, second = w.fold.days()
    assert astuple(first)[:4] == (2, 2, 200, 0) and astuple(second)[:4] == (0, 0, 0, 0)
    assert first.return_frac == pytest.approx((1 + 100 / 10_000) * (1 - 100 / 10_100) - 1)


def test_deposits_are_no_profit_and_a_reversal_takes_everything_back() -> None:
    w = Written()
    w.decide()
    w.bet("a", 100, 2.0)
    w.settle("a", 100, 100)
    w.write(Kind.REVERSED, "a", Money(cash=-200, stakes=100, pnl=100))
    w.settle("a", 100, -100)
    w.write(Kind.CAPITAL, money=Money(cash=5_000, capital=-5_000))
    w.roll()
    assert astuple(w.fold.days()[0])[:4] == (1, 1, 100, -100)
    assert w.fold.days()[0].return_frac == pytest.approx(-100 / 15_000)
    assert w.fold.days()[0].surprise_sum == pytest.approx(-0.55) and w.fold.days()[0].surprise_n == 1
