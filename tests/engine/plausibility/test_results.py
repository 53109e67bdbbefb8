"""Results that contradict themselves, and scores that a sport does not know."""

from __future__ import annotations

import polars as pl
import pytest

from engine.plausibility.results import SCORES, contradictory, impossible_score


def events(*rows: tuple[str, int | None, int | None, str | None, str]) -> pl.DataFrame:
    columns = {
        "sport": pl.String,
        "home_score": pl.Int32,
        "away_score": pl.Int32,
        "winner": pl.String,
        "status": pl.String,
    }
    return pl.DataFrame(rows, schema=columns, orient="row")


def test_a_winner_against_the_score() -> None:
    rows = events(
        ("football", 2, 1, "home", "played"),
        ("football", 2, 1, "away", "played"),
        ("football", 2, 1, "draw", "played"),
        ("football", 0, 3, "home", "played"),
        ("football", 1, 1, "home", "played"),  # penalties, say
        ("football", 1, 1, "draw", "played"),
        ("tennis", 1, 0, "away", "retired"),
        ("football", None, None, "home", "played"),
        ("football", 1, 0, None, "played"),
    )
    assert rows.select(contradictory()).to_series().to_list() == [False, True, True, True, *[False] * 5]


@pytest.mark.parametrize(
    ("sport", "home", "away", "odd"),
    [
        ("football", 45, 0, True),
        ("football", 13, 0, False),
        ("football", 0, -1, True),
        ("curling", 3, -2, True),
        ("curling", 80, 2, False),
        ("basketball", 2, 1, True),
        ("basketball", 99, 93, False),
        ("basketball", 210, 93, True),
        ("american_football", 0, 0, True),
        ("american_football", 2, 0, False),
        ("american_football", 73, 0, False),
        ("ice_hockey", 16, 0, False),
        ("ice_hockey", 101, 0, True),
        ("baseball", 30, 3, False),
        ("baseball", 0, 0, True),
        ("tennis", 3, 2, False),
        ("tennis", 6, 4, True),
        ("tennis", 0, 0, True),
    ],
)
def test_scores_of_a_sport(sport: str, home: int, away: int, odd: bool) -> None:
    assert events((sport, home, away, None, "played")).select(impossible_score()).item() is odd


def test_only_what_was_played_needs_a_score() -> None:
    rows = events(("tennis", 0, 0, "home", "walkover"), ("baseball", None, None, None, "scheduled"))
    assert not rows.select(impossible_score()).to_series().any()
    assert all(0 <= rule.winner_least < rule.highest for rule in SCORES.values())
