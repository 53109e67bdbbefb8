"""How an example of a leak names its bet."""

from __future__ import annotations

from research.leakage.findings import Example


def test_an_example_names_event_bet_and_bookmaker() -> None:
    fixture = {"kind": "shuffled", "instant": "2020-01-01T00:00:00", "home": "Ajax", "away": "Breda"}
    fixture |= {"competition": "N1", "date": "2020-01-01", "decided_at": "2020-01-01T00:00:00"}
    for bookmaker in ("1xbet", "unibet", "data"):
        example = Example(market="totals", line=2.5, selection="over", bookmaker=bookmaker, **fixture)
        assert example.words() == f"Ajax – Breda (N1 2020-01-01), totals 2.5 over at {bookmaker}"
    assert Example(**fixture).words() == "Ajax – Breda (N1 2020-01-01)"
