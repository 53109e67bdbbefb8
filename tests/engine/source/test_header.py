"""Refusals of a header name what is missing and the nearest name that is there."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.header import nearest, refuse_duplicates, refuse_missing


def test_the_missing_column_and_the_nearest_one_are_named() -> None:
    refuse_missing(["A"], ["A", "B"], what="x")
    with pytest.raises(SourceError) as error:
        refuse_missing(["Div", "HomeTeam"], ["Div", "Home_Team", "x"], what="not a table", todo="do this")
    assert str(error.value) == "not a table: expected the column HomeTeam, found 'Home_Team' for HomeTeam; do this"
    with pytest.raises(SourceError, match="expected the column c, found a,b,,y"):
        refuse_missing(["a", "b", "c"], ["a", "b", "", "y"], what="not a table")
    with pytest.raises(SourceError, match="expected a, b, c, d, found x,y"):
        refuse_missing(["a", "b", "c", "d"], ["x", "y"], what="not a table")
    with pytest.raises(SourceError, match="the columns Aa, Bb, Cc and 1 more, found 'aa' for Aa, 'bb' for Bb"):
        refuse_missing(["Aa", "Bb", "Cc", "Dd"], ["aa", "bb"], what="not a table")


def test_another_delimiter_is_named() -> None:
    with pytest.raises(SourceError, match="divided by ';': save the file with commas"):
        refuse_missing(["a", "b", "c"], ["a;b;c;d"], what="not a table")


def test_no_control_character_is_printed() -> None:
    with pytest.raises(SourceError) as error:
        refuse_missing(["a"], ["\x1b[31m", "\x07" * 300], what="not a table")
    assert str(error.value).isprintable() and len(str(error.value)) < 200


def test_duplicates_are_named() -> None:
    refuse_duplicates(["a", "", ""])
    with pytest.raises(SourceError, match="found a, b"):
        refuse_duplicates(["a", "b", "a", "b", "c"])


def test_nearest() -> None:
    assert nearest("HomeTeam", ["hometeam", "AwayTeam"]) == "hometeam" and nearest("FTHG", ["xyz"]) == ""
