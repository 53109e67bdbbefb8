"""Closing lines out of the quotes that were seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.clock import SECOND_NS
from engine.live.breakers import ClosingLines
from engine.live.feed import Fixture, Quote
from engine.live.ledger.entries import Entry, Kind, Recorded

START = datetime(2024, 5, 4, 15, tzinfo=UTC)
START_NS = int(START.timestamp()) * SECOND_NS


def quote(lines: ClosingLines, selection: str, odds: float, before_s: int, **values: object) -> None:
    """A quote so long before the start."""
    base: dict[str, object] = {"market": "1x2", "line": None, "bookmaker": "pinnacle", "side": "back"}
    known = START_NS - before_s * SECOND_NS
    lines.observe(Quote(known, 1, selection=selection, odds=odds, **(base | values)))


def bet(lines: ClosingLines, key: str, selection: str, *kinds: Kind) -> None:
    """Entries of a bet."""
    body = {"event_id": 1, "market": "1x2", "line": None, "selection": selection}
    for kind in (Kind.INTENDED, *kinds):
        lines.apply(Recorded(1, 1, 0, Entry(kind, f"{kind}:{key}", 5, intent=key, body=body), "", "", ""))


def seen(method: str = "multiplicative") -> ClosingLines:
    """A fixture and two books of its closing bookmaker."""
    lines = ClosingLines("pinnacle", method)
    lines.observe(Fixture(1, {"event_id": 1, "starts_at": START, "starts_at_basis": "recorded"}))
    for before, prices in ((3600, (2.0, 4.0, 4.4)), (60, (1.9, 3.8, 4.75))):
        for selection, odds in zip(("home", "draw", "away"), prices, strict=True):
            quote(lines, selection, odds, before)
    return lines


def test_the_last_book_before_the_start_counts_without_its_margin() -> None:
    lines = seen()
    quote(lines, "home", 9.0, -60)  # after the start
    quote(lines, "home", 9.0, 30, bookmaker="other")
    quote(lines, "home", 9.0, 30, kind="in_play")
    bet(lines, "a", "home", Kind.SETTLED)
    bet(lines, "b", "away")
    (entry,) = lines.entries()
    total = 1 / 1.9 + 1 / 3.8 + 1 / 4.75
    assert (entry.kind, entry.key) == (Kind.CLOSED, "closed:1")
    expected = {"a": pytest.approx(1 / 1.9 / total), "b": pytest.approx(1 / 4.75 / total)}
    assert entry.body["close_probs"] == expected


def test_an_event_is_written_down_once_all_its_bets_in_one_entry() -> None:
    lines = seen()
    bet(lines, "a", "home")
    assert lines.entries() == ()
    bet(lines, "a", "home", Kind.SETTLED)
    bet(lines, "b", "draw", Kind.VOID)
    (entry,) = lines.entries()
    total = 1 / 1.9 + 1 / 3.8 + 1 / 4.75
    assert entry.body["close_probs"] == {"a": pytest.approx(1 / 1.9 / total), "b": pytest.approx(1 / 3.8 / total)}
    lines.apply(Recorded(2, 1, 0, entry, "", "", ""))
    assert lines.entries() == ()
    bet(lines, "a", "home", Kind.SETTLED)
    assert lines.entries() == ()


def test_a_bet_without_a_closing_book_has_none() -> None:
    lines = ClosingLines("pinnacle", "power")
    bet(lines, "a", "home", Kind.SETTLED)
    assert lines.entries()[0].body["close_probs"] == {"a": None}
