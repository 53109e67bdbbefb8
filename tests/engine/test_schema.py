"""The lists of names, and the optional columns of events."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.schema import (
    ALL_EVENTS,
    CIRCUMSTANCES,
    EVENTS,
    EVENTS_OPTIONAL,
    KNOWN_AFTER,
    LINE_MARKETS,
    MARKETS,
    OPTIONAL_EVENTS,
    SELECTIONS,
    is_selection,
    with_optional,
    without_empty,
)


def test_absent_columns_become_nulls_and_empty_ones_go() -> None:
    plain = pl.DataFrame({"home_score": [1, 2]}, schema={"home_score": pl.Int32})
    full = with_optional(plain)
    assert full.columns == ["home_score", *OPTIONAL_EVENTS]
    assert {name: full.schema[name] for name in OPTIONAL_EVENTS} == dict(pl.Schema(OPTIONAL_EVENTS))
    assert with_optional(plain, EVENTS_OPTIONAL).columns == ["home_score", *EVENTS_OPTIONAL]
    assert_frame_equal(without_empty(full), plain)
    some = full.with_columns(away_cards=pl.Series([None, 3], dtype=pl.Int32))
    assert without_empty(some).columns == ["home_score", "away_cards"]
    assert_frame_equal(with_optional(some), some)


def test_no_optional_column_is_a_required_one() -> None:
    assert not set(EVENTS) & set(OPTIONAL_EVENTS)
    assert list(ALL_EVENTS) == [*EVENTS, *OPTIONAL_EVENTS]


def test_an_optional_column_is_known_before_the_event_or_after_it_and_never_both() -> None:
    said = {"game", "score_scope"}  # of the event itself, and of its score
    assert not set(KNOWN_AFTER) & set(CIRCUMSTANCES)
    assert {*KNOWN_AFTER, *CIRCUMSTANCES} == set(OPTIONAL_EVENTS) - said
    assert {"home_shots", "away_xg", "set_games", "home_corners"} <= set(KNOWN_AFTER)
    assert {"surface", "home_rank", "away_rank_points"} <= set(CIRCUMSTANCES)


@pytest.mark.parametrize("market", SELECTIONS)
def test_a_closed_market_has_its_selections_and_no_other(market: str) -> None:
    assert all(is_selection(market, name) for name in SELECTIONS[market])
    assert not is_selection(market, "2-1") and not is_selection(market, "other")


@pytest.mark.parametrize(
    ("selection", "known"),
    [
        ("2-1", True),
        ("0-0", True),
        ("10-3", True),
        ("02-1", False),
        ("2:1", False),
        ("2-1 ", False),
        ("2-1\n", False),
        ("\u0662-1", False),
        ("other", False),
        ("-1", False),
    ],
)
def test_a_correct_score_is_two_whole_numbers(selection: str, known: bool) -> None:
    assert is_selection("correct_score", selection) is known


def test_a_market_that_nobody_knows_has_no_selection() -> None:
    assert not is_selection("outright", "home") and not is_selection("", "")


def test_line_markets_are_markets() -> None:
    assert set(LINE_MARKETS) <= set(MARKETS)
