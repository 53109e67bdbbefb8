"""Form in shots against plain weighted means, by hand and over a real season."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.source import football_data
from engine.source.quarantine import Origin
from research.features.shots import Shots
from tests.research.features.made import at_start, events_of


def shots(*numbers: int | None) -> dict[str, Any]:
    return dict(zip(("home_shots", "away_shots", "home_shots_on_target", "away_shots_on_target"), numbers, strict=True))


def test_shots_at_home_and_away_are_apart() -> None:
    events = events_of(
        (0, "A", "B", 3, 1, shots(10, 4, 5, 1)),
        (1, "B", "A", 0, 0, shots(7, 8, 2, 3)),
        (2, "A", "B", 1, 2, shots(16, 6, 9, 2)),
        (3, "A", "B", None, None),
    )
    row = at_start(Shots(warm_up=1, decay=0.5, prior=1e-12), events)[3]
    assert row["home_shots"] == pytest.approx((10 * 0.5 + 16) / 1.5)
    assert row["home_shots_conceded"] == row["away_shots"] == pytest.approx((4 * 0.5 + 6) / 1.5)
    assert row["home_shots_on_target"] == row["away_shots_on_target_conceded"] == pytest.approx((5 * 0.5 + 9) / 1.5)


def test_an_unknown_side_has_the_usual_values_and_a_statistic_that_is_missing_does_not_count() -> None:
    events = events_of(
        (0, "A", "B", 2, 1, shots(10, 6, None, 3)),
        (0, "C", "D", 4, 1, shots(20, 6, None, None)),
        (0, "C", "D", 4, 1, {**shots(99, 99, 99, 99), "status": "abandoned"}),
        (1, "X", "Y", None, None),
    )
    row = at_start(Shots(warm_up=2), events)[3]
    assert [row[f"home_shots{end}"] for end in ("", "_conceded")] == [15.0, 6.0]
    assert [row[f"away_shots{end}"] for end in ("", "_conceded")] == [6.0, 15.0]
    assert row["home_shots_on_target"] is None


def test_all_matches_of_an_instant_count_at_once() -> None:
    again = (0, "A", "B", 1, 0, shots(4, 2, 1, 1))
    row = at_start(Shots(warm_up=1, decay=0.5, prior=1.0), events_of(again, again, (1, "A", "B", None, None)))[2]
    assert row["home_shots"] == 4.0 and row["away_shots"] == 2.0
    early = at_start(Shots(warm_up=1), events_of(again, (0, "A", "B", 1, 0, shots(9, 9, 9, 9))))
    assert {row["home_shots"] for row in early} == {None}, "nothing of its own date"


def test_weighted_means_over_a_real_season_agree(reference_dir: Path) -> None:
    raw = (reference_dir / "data" / "football_data" / "E0_1314.csv").read_bytes()
    events = football_data.read(raw, Origin("football_data", "E0_1314.csv", "0" * 64), date(2026, 1, 1)).events
    rows, feature = at_start(Shots(), events), Shots()
    played = list(events.sort("settled_at", "event_id").iter_rows(named=True))
    checked = 0
    for number in range(150, 380, 23):
        event = events.row(number, named=True)
        before = [m for m in played if m["settled_at"] < event["starts_at"]]
        ages = [sum(later["settled_at"] > match["settled_at"] for later in before) for match in before]
        weights = [0.998**age for age in ages]
        usual = sum(w * m["away_shots"] for w, m in zip(weights, before, strict=True)) / sum(weights)
        own = [m for m in before if m["away"] == event["away"]]
        weights = [feature.decay**age for age in reversed(range(len(own)))]
        total = sum(w * m["away_shots"] for w, m in zip(weights, own, strict=True))
        wanted = (total + feature.prior * usual) / (sum(weights) + feature.prior)
        assert rows[number]["away_shots"] == pytest.approx(wanted)
        checked += len(own) > 3
    assert checked > 5
