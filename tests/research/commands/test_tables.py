"""Tables of the data commands on a narrow terminal and for programs."""

from __future__ import annotations

import re
import sys

import pytest

from research.commands.closes import NAMES, TITLE
from research.commands.tables import print_list, print_table

BAND = "\u22125.5 ±4.6"
ROWS: list[list[object]] = [["pinnacle asian_handicap", 7599, *[BAND] * 6, "to 0.6%"]]


def test_no_word_is_broken_on_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(TITLE, list(NAMES), ROWS)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    for word in ("asian_handicap", "7,599", "matches", "known", "1.5-2.5", "0.6%"):
        assert word in printed, word
    assert printed.count("±4.6") == printed.count("\u22125.5") == 6
    assert max(map(len, printed.splitlines())) <= 80


def test_programs_get_tabs_and_plain_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(TITLE, list(NAMES), ROWS)
    assert capsys.readouterr().out == f"{TITLE}: " + "\t".join(map(str, ROWS[0])) + "\n"
    print_table("", ["a"], [])
    print_list("new", ["x"] * 14)
    assert capsys.readouterr().out == "new: x\n" * 12 + "new: 2 more (--json lists all)\n"
