"""Where findings stand, and how a bet is named."""

from __future__ import annotations

import json
from pathlib import Path

from research.leakage.findings import Example
from research.records.leaks import keep, leaking


def test_too_little_to_judge_takes_no_leak_away(home: Path) -> None:
    keep("ab", {"leaks": [{"column": "prob"}], "judged": True})
    assert leaking(["ab", "cd"]) == ["ab"]
    keep("ab", {"leaks": [], "judged": False})
    assert leaking(["ab"]) == ["ab"]
    path = keep("ab", {"leaks": [], "judged": True})
    assert leaking(["ab"]) == [] and json.loads(path.read_text())["judged"]
    keep("cd", {"leaks": [], "judged": False})
    assert leaking(["cd"]) == []


def test_a_bet_is_named_whole() -> None:
    common = {"kind": "shuffled", "instant": "2020-01-01T00:00:00", "home": "Ajax", "away": "Breda"}
    common |= {"competition": "N1", "date": "2020-01-01", "decided_at": "2020-01-01T00:00:00"}
    for bookmaker in ("1xbet", "unibet", "data"):
        one = Example(market="totals", line=2.5, selection="over", bookmaker=bookmaker, **common)
        assert one.words() == f"Ajax – Breda (N1 2020-01-01), totals 2.5 over at {bookmaker}"
    assert Example(**common).words() == "Ajax – Breda (N1 2020-01-01)"
