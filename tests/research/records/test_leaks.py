"""Stored findings of the leak finder, by tape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import DataError
from research.records.leaks import keep, leaking, path_of


def test_findings_with_too_few_decisions_do_not_replace_a_leak(home: Path) -> None:
    keep("ab", {"leaks": [{"column": "prob"}], "judged": True})
    assert leaking(["ab", "cd"]) == ["ab"]
    keep("ab", {"leaks": [], "judged": False})
    assert leaking(["ab"]) == ["ab"]
    path = keep("ab", {"leaks": [], "judged": True})
    assert leaking(["ab"]) == [] and json.loads(path.read_text())["judged"]
    keep("cd", {"leaks": [], "judged": False})
    assert leaking(["cd"]) == []


def test_unreadable_findings_are_an_error(home: Path) -> None:
    keep("ab", {"leaks": [], "judged": True})
    path_of("ab").write_text("{")
    with pytest.raises(DataError, match="run `bea leakage` again"):
        leaking(["ab"])
