"""Reasons of an import on the terminal: the most frequent of each kind, the rest counted."""

from __future__ import annotations

from engine.store.reasons import Reason
from research.commands.reasons import lines


def test_a_line_says_what_why_how_often_and_where() -> None:
    given = [
        Reason("row", "unreadable date: …", 380, "E0.csv", 2, None, "E0,2014/8/4,A,B"),
        Reason("cell", "not a price: not above 1", 1, "E0.csv", 9, "B365H", "0.9"),
        Reason("flag", "unknown column: not read", 1, "E0.csv", None, "XYZ", ""),
    ]
    assert lines(given) == [
        "quarantined rows: 380 x unreadable date: … (first: E0.csv:2)",
        "quarantined cells: 1 x not a price: not above 1 (E0.csv:9, B365H = 0.9)",
        "flagged and kept: 1 x unknown column: not read (E0.csv, XYZ)",
    ]


def test_rare_reasons_are_counted_together() -> None:
    given = [Reason("cell", f"reason {i}", 10 - i, "a.csv", i, "H", "1") for i in range(8)]
    shown = lines(given)
    assert len(shown) == 6
    assert shown[-1] == "quarantined cells: 12 more for 3 other reasons (--json lists all)"
    assert len(lines(given[:6])) == 6 and "more" not in lines(given[:6])[-1]
