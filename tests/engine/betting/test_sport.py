"""Sports: their names, and the first instant at which a result can be known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from engine.betting.sport import OTHER, SPAN_BASIS, SPORTS, earliest_result, sport_of, with_possible_results
from engine.schema import INSTANT_DTYPE

START = datetime(2024, 3, 1, 23, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("Football", "football"),
        ("soccer_epl", "football"),
        ("ice hockey", "icehockey"),
        ("IceHockey_NHL", "icehockey"),
        ("american_football", "nfl"),
        ("americanfootball_ncaaf", "nfl"),
        ("MLB", "baseball"),
        ("table_tennis", "tabletennis"),
        ("tennis_atp_french_open", "tennis"),
        ("rugby-league", "rugby"),
    ],
)
def test_a_sport_is_known_by_its_letters(name: str, known_as: str) -> None:
    assert sport_of(name) is sport_of(known_as) is not OTHER


@pytest.mark.parametrize("name", ["", "kabaddi", "field_hockey", "tennisish", "1", "\u2603"])
def test_any_other_sport_is_the_other_one(name: str) -> None:
    assert sport_of(name) is OTHER


def test_no_name_belongs_to_two_sports() -> None:
    names = [name for sport in SPORTS for name in sport.names]
    assert len(names) == len(set(names)) and all(name.isalpha() and name.islower() for name in names)


def _events(sport: str, hours: float | None, basis: str | None = "recorded") -> pl.DataFrame:
    settled = None if hours is None else START + timedelta(hours=hours)
    row = {"sport": sport, "starts_at": START, "settled_at": settled, "settled_at_basis": basis}
    types = {"starts_at": INSTANT_DTYPE, "settled_at": INSTANT_DTYPE, "settled_at_basis": pl.String}
    return pl.DataFrame([row], schema_overrides=types)


@pytest.mark.parametrize(
    ("sport", "hours"),
    [
        ("football", 2),
        ("baseball", 3),
        ("ice_hockey", 2.5),
        ("curling", 3),
        ("cricket_t20", 3),
        ("cricket_odi", 7),
        ("cricket_test_match", 96),
    ],
)
def test_no_result_is_known_before_the_game_can_be_over(sport: str, hours: float) -> None:
    end = START + timedelta(hours=hours)
    assert earliest_result(_events(sport, 0.25)).to_list() == [end]
    moved = with_possible_results(_events(sport, 0.25))
    assert moved.row(0) == (sport, START, end, SPAN_BASIS)
    for late in (hours, hours + 5):
        assert_frame_equal(with_possible_results(_events(sport, late)), _events(sport, late))


def test_an_event_without_a_result_stays_without_one() -> None:
    assert_frame_equal(with_possible_results(_events("football", None, None)), _events("football", None, None))


def test_events_without_a_basis_or_in_microseconds_move_too() -> None:
    plain = _events("football", 0.5).drop("settled_at_basis")
    plain = plain.with_columns(pl.col("starts_at", "settled_at").dt.cast_time_unit("us"))
    assert with_possible_results(plain)["settled_at"].to_list() == [START + timedelta(hours=2)]
