"""Which entry raises which alert."""

from __future__ import annotations

from typing import Any

import pytest

from engine.live.alerts import Raised, alerts_of
from engine.live.ledger.entries import Entry, Kind, Money, Recorded


def raised_by(kind: Kind, body: dict[str, Any], **values: Any) -> list[Raised]:
    """The alerts of one entry."""
    entry = Entry(kind, f"{kind}:1", 1, body=body, **values)
    return list(alerts_of(Recorded(1, 3, 1, entry, "", "", "")))


@pytest.mark.parametrize(
    ("breaker", "name"),
    [
        ("service/venue/paper", "breaker_service"),
        ("clock", "breaker_clock"),
        ("drawdown", "breaker_drawdown"),
        ("streak", "breaker_streak"),
        ("daily_loss", "breaker_daily_loss"),
        ("fills", "breaker_fills"),
        ("model", "breaker_model"),
        ("clv", "breaker_clv"),
        ("calibration", "breaker_calibration"),
        ("proof/venue/x", "breaker_proof"),
        ("price/venue/x", "breaker_price"),
        ("size/venue/x", "breaker_size"),
        ("funds/venue/x", "breaker_funds"),
        ("identity", "breaker_identity"),
        ("something/new", "breaker_other"),
    ],
)
def test_a_trip_raises_the_alert_of_its_breaker(breaker: str, name: str) -> None:
    (alert,) = raised_by(Kind.TRIPPED, {"breaker": breaker, "n": 2, "cause": "why", "human": True})
    assert (alert.alert.name, alert.subject) == (name, f"{breaker}:2")
    assert alert.facts == f"{breaker}: why; a person must end it"


@pytest.mark.parametrize(
    ("kind", "body", "name", "words"),
    [
        (Kind.RESUMED, {"breaker": "clock", "reason": "quiet", "person": ""}, "resumed", "clock: quiet"),
        (Kind.RESUMED, {"breaker": "fills", "reason": "seen", "person": "ann"}, "resumed", "fills: seen (ann)"),
        (Kind.KILLED, {"reason": "odd", "person": "bob"}, "killed", "odd (bob)"),
        (Kind.REVERSED, {}, "settlement_corrected", "bet k"),
        (Kind.STARTED, {}, "started", "epoch 3"),
        (Kind.STOPPED, {"reason": "asked to"}, "stopped", "asked to"),
    ],
)
def test_other_entries_that_raise_one(kind: Kind, body: dict[str, Any], name: str, words: str) -> None:
    (alert,) = raised_by(kind, body, intent="k")
    assert alert.alert.name == name and alert.facts == words


def test_an_adjustment_says_how_much() -> None:
    (alert,) = raised_by(Kind.ADJUSTED, {"reason": "rounding"}, money=Money(cash=-2, adjustment=2))
    assert alert.alert.name == "money_adjusted" and alert.facts == "-2 minor units: rounding"


def test_everyday_entries_raise_none() -> None:
    quiet = set(Kind) - {Kind.TRIPPED, Kind.RESUMED, Kind.KILLED, Kind.REVERSED, Kind.ADJUSTED, Kind.STARTED}
    assert not [kind for kind in quiet - {Kind.STOPPED} if raised_by(kind, {})]
