"""Feeds and venues by name: those of the user are found beside the shipped ones, and a wrong file is one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.errors import ConfigurationError, UsageError
from engine.live.adapters.registry import TERMS, Around, Coverage, Terms
from engine.live.clock import SystemClock
from engine.live.linking.contract import Links
from engine.logs.secrets import Secrets
from research.adapters import by_name as adapters

AROUND = Around(os.environ, Secrets(), SystemClock(), Path(), print, dry_run=True, at_end=lambda close: close)
COVERAGE = Coverage("football")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_HOME", str(tmp_path))


def written(folder: Path, kind: str, name: str, text: str) -> None:
    (folder / kind).mkdir(exist_ok=True)
    (folder / kind / f"{name}.py").write_text(text)


def test_what_is_in_a_file_of_the_user_is_opened_with_what_it_is_given(tmp_path: Path) -> None:
    written(tmp_path, "feeds", "mine", "def open_feed(*given): return given")
    written(
        tmp_path, "venues", "desk", "def open_venue(*given): return given\ndef open_catalogue(*given): return given"
    )
    assert adapters.feed_names() == ["the_odds_api", "betfair", "pinnacle", "mine"]
    assert adapters.venue_names() == ["betfair", "pinnacle", "desk"]
    links = Links([])
    assert adapters.open_feed("mine", 1, COVERAGE, AROUND) == (1, COVERAGE, AROUND)
    assert adapters.open_venue("desk", 1, links, AROUND) == (1, links, AROUND)
    assert adapters.open_catalogue("desk", 1, COVERAGE, AROUND) == (1, COVERAGE, AROUND)


def test_the_terms_of_a_venue_are_those_of_its_file_or_its_name(tmp_path: Path) -> None:
    written(tmp_path, "venues", "desk", "")
    written(tmp_path, "venues", "other", "BOOKMAKERS = ('a', 'b')\nACCOUNT = 'U'\nCREDENTIALS = ('U', 'P')")
    assert adapters.terms_of("desk") == Terms(("desk",)) and adapters.terms_of("pinnacle") is TERMS["pinnacle"]
    assert adapters.terms_of("other") == Terms(("a", "b"), "U", ("U", "P"))
    written(tmp_path, "venues", "other", "BOOKMAKERS = 'a'")
    with pytest.raises(ConfigurationError, match=r"wrong value of BOOKMAKERS in .*other.py: expected a tuple of names"):
        adapters.terms_of("other")


def test_settings_are_those_of_the_file(tmp_path: Path) -> None:
    written(tmp_path, "feeds", "mine", "class Settings: pass")
    written(tmp_path, "venues", "desk", "")
    found = adapters.settings_class("mine")
    assert found is not None and found.__name__ == "Settings"
    assert adapters.settings_class("desk") is None and adapters.settings_class("betfair") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no function open_feed in .*mine.py"),
        (
            "def open_feed(*given): raise ValueError('no file')",
            r"the feed failed in .*mine.py:1: found ValueError: no file",
        ),
        ("def", "the feed is not valid Python in .*mine.py:1"),
    ],
)
def test_a_file_that_is_wrong_is_one_line_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    written(tmp_path, "feeds", "mine", text)
    with pytest.raises(ConfigurationError, match=words):
        adapters.open_feed("mine", None, COVERAGE, AROUND)


def test_an_unknown_name_lists_what_there_is_and_a_shipped_name_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown feed 'mine' .* expected betfair, pinnacle, the_odds_api"):
        adapters.open_feed("mine", None, COVERAGE, AROUND)
    with pytest.raises(UsageError, match="did you mean betfair"):
        adapters.terms_of("betfare")
    written(tmp_path, "venues", "betfair", "")
    with pytest.raises(ConfigurationError, match=r"a file has the name of a shipped one in .*venues/betfair.py"):
        adapters.venue_names()
