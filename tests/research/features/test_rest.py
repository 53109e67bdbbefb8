"""Rest against dates counted by hand, and against a plain search over a real season."""

from __future__ import annotations

from pathlib import Path

from research.features.rest import Rest
from tests.research.features.made import at_start, events_of, seasons


def test_days_and_matches_in_any_competition() -> None:
    cup = {"competition": "Cup"}
    events = events_of(
        (0, "A", "B", 1, 0), (3, "C", "A", 1, 0, cup), (7, "B", "C", 1, 1), (10, "A", "B", None, None),
        (40, "A", "Z", None, None),
    )  # fmt: skip
    rows = at_start(Rest(warm_up=1, window=10), events)
    assert rows[3] == {"home_days": 7, "away_days": 3, "home_matches": 2, "away_matches": 2}
    assert rows[4] == {"home_days": 14, "away_days": 14, "home_matches": 0, "away_matches": 0}
    assert at_start(Rest(warm_up=1, window=9), events)[3]["away_matches"] == 1


def test_only_matches_that_took_place_count_and_none_after_the_date() -> None:
    kinds = ["walkover", "postponed", "awarded", "retired", "abandoned"]
    events = events_of(
        *((day, "A", "B", 1, 0, {"status": kind}) for day, kind in enumerate(kinds)), (6, "A", "B", None, None)
    )
    rows = at_start(Rest(warm_up=0), events)
    assert (rows[5]["home_days"], rows[5]["home_matches"]) == (2, 2) and rows[3]["home_matches"] == 0
    early = {"starts_at": events["starts_at"][5]}  # an event that kept an old date
    moved = events_of((3, "A", "B", 1, 0), (4, "A", "B", 1, 0), (3, "A", "B", None, None, early))
    assert at_start(Rest(warm_up=0), moved)[2]["home_days"] == 0


def test_a_search_over_a_real_season_agrees(reference_dir: Path) -> None:
    events = seasons(reference_dir, "E0_1314")
    rows = at_start(Rest(), events)
    played = events.select("date", "home", "away").rows()
    for event, row in zip(events.iter_rows(named=True), rows, strict=True):
        if row["home_days"] is None:
            continue
        for side in ("home", "away"):
            ages = [
                (event["date"] - day).days for day, *sides in played if event[side] in sides and day < event["date"]
            ]
            assert row[f"{side}_days"] == min([*ages, 14]) and row[f"{side}_matches"] == sum(age <= 28 for age in ages)
    assert sum(row["home_days"] is not None for row in rows) > 250
