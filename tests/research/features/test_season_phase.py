"""The phase of a season against counts by hand, and on two real seasons."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.features.season_phase import SeasonPhase
from tests.research.features.made import at_start, events_of, seasons

NEXT = {"season": "2021-2022"}


def test_the_share_is_that_of_the_season_before() -> None:
    old = [(day, "A", "B", 1, 0) for day in range(4)]
    new = [(day, "A", "C", 1, 0, NEXT) for day in range(300, 306)]
    other = (306, "A", "C", None, None, NEXT | {"competition": "E1"})
    rows = at_start(SeasonPhase(warm_up=4), events_of(*old, *new, other))
    assert all(set(row.values()) == {None} for row in (*rows[:4], rows[-1]))
    assert rows[4] == {"played": 0.0, "home_played": 0, "away_played": 0}
    assert [row["played"] for row in rows[4:10]] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert rows[6] == {"played": 0.5, "home_played": 2, "away_played": 2}
    assert at_start(SeasonPhase(warm_up=5), events_of(*old, *new))[5]["played"] is None


def test_unplayed_matches_do_not_count_and_seasons_may_overlap() -> None:
    events = events_of(
        (0, "A", "B", 1, 0), (1, "A", "B", 1, 0), (2, "A", "B", 1, 0, {"status": "awarded"}),
        (3, "A", "C", 1, 0, NEXT), (4, "B", "A", 1, 0), (5, "A", "B", None, None, NEXT), (5, "A", "B", None, None),
    )  # fmt: skip
    rows = at_start(SeasonPhase(warm_up=1), events)
    assert rows[5] == {"played": pytest.approx(1 / 3), "home_played": 1, "away_played": 0}
    assert rows[6]["played"] is None, "the first season has none before it"


def test_a_league_of_twenty_sides(reference_dir: Path) -> None:
    rows = at_start(SeasonPhase(), seasons(reference_dir, "E0_1213", "E0_1314"))
    assert all(row["played"] is None for row in rows[:380])
    for place, row in enumerate(rows[380:]):
        assert abs(row["played"] - place / 380) < 10 / 380  # a date is settled whole
        assert 0 <= row["home_played"] <= 37
    assert {rows[-1]["home_played"], rows[-1]["away_played"]} == {37}
