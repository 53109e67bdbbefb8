"""Form against plain weighted means over the matches before each decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from research.features.form import Form
from tests.research.features.made import at_start, events_of, seasons


def test_goals_and_points_at_home_and_away_are_apart_and_points_of_all_matches_are_there_too() -> None:
    events = events_of((0, "A", "B", 3, 1), (1, "B", "A", 0, 0), (2, "A", "B", 1, 2), (3, "A", "B", None, None))
    row = at_start(Form(warm_up=1, goals_decay=0.5, points_decay=0.5, prior=1e-12), events)[3]
    assert row["home_scored"] == pytest.approx((3 * 0.5 + 1) / 1.5)
    assert row["home_conceded"] == pytest.approx((1 * 0.5 + 2) / 1.5)
    assert (row["away_scored"], row["away_conceded"]) == (row["home_conceded"], row["home_scored"])
    assert row["home_points"] == pytest.approx((3 * 0.25 + 1 * 0.5 + 0) / 1.75)
    assert row["away_points"] == pytest.approx((0 * 0.25 + 1 * 0.5 + 3) / 1.75)
    assert row["home_points_at_home"] == pytest.approx((3 * 0.5 + 0) / 1.5)
    assert row["away_points_away"] == pytest.approx((0 * 0.5 + 3) / 1.5)


def test_an_unknown_side_has_the_usual_values_of_its_competition() -> None:
    events = events_of(
        (0, "A", "B", 2, 1),
        (0, "C", "D", 4, 1),
        (1, "X", "Y", None, None),
        (1, "X", "Y", None, None, {"competition": "E1"}),
    )
    row, other = at_start(Form(warm_up=2), events)[2:]
    assert (row["home_scored"], row["home_conceded"], row["away_scored"], row["away_conceded"]) == (3.0, 1.0, 1.0, 3.0)
    assert row["home_points"] == row["away_points"] == 1.5
    assert (row["home_points_at_home"], row["away_points_away"]) == (3.0, 0.0)
    assert set(other.values()) == {None}


def test_on_a_tour_both_slots_are_the_same_place() -> None:
    tour = {"sport": "tennis", "neutral": True}
    events = events_of((0, "A", "B", 2, 0, tour), (1, "Z", "A", None, None, tour))
    row = at_start(Form(warm_up=1, prior=1e-12), events)[1]
    assert (row["away_scored"], row["away_conceded"], row["home_scored"]) == pytest.approx((2.0, 0.0, 1.0))


def test_on_neutral_ground_both_places_of_a_side_count() -> None:
    neutral = {"neutral": True}
    events = events_of(
        (0, "A", "B", 4, 1),
        (1, "C", "A", 0, 2),
        (2, "A", "B", None, None, neutral),
        (2, "A", "B", 1, 1, neutral),
        (3, "A", "C", None, None),
        (3, "X", "Y", None, None, neutral),
    )
    rows = at_start(Form(warm_up=1, goals_decay=1.0, prior=1e-12), events)
    assert (rows[2]["home_scored"], rows[2]["home_conceded"]) == pytest.approx((3.0, 0.5)), "the mean of both places"
    assert rows[2]["home_points_at_home"] == pytest.approx(3.0)
    assert (rows[4]["home_scored"], rows[4]["home_conceded"]) == pytest.approx((2.5, 1.0)), "the draw counts"
    assert rows[4]["home_points_at_home"] == pytest.approx(2.0)
    assert rows[5]["home_scored"] == rows[5]["away_conceded"] == pytest.approx((4 + 1 + 0 + 2 + 1 + 1) / 6, abs=0.01)


def test_weighted_means_over_a_real_season_agree(reference_dir: Path) -> None:
    events = seasons(reference_dir, "E0_1314")
    rows, feature = at_start(Form(), events), Form()
    played = list(events.sort("settled_at", "event_id").iter_rows(named=True))
    for number in range(150, 380, 23):
        event = events.row(number, named=True)
        before = [m for m in played if m["settled_at"] < event["starts_at"]]
        total, weight = _sums(before, 0.998)
        usual = total / weight
        total, weight = _sums([m for m in before if m["home"] == event["home"]], feature.goals_decay)
        assert rows[number]["home_scored"] == pytest.approx((total + feature.prior * usual) / (weight + feature.prior))
        assert rows[number]["home_points_at_home"] == pytest.approx(_points_at_home(before, event["home"], feature))
    assert pl.DataFrame(rows[150:])["home_points"].mean() == pytest.approx(1.38, abs=0.03)  # 3 points, or 2 of a draw


def _points_at_home(before: list[dict[str, Any]], side: str, feature: Form) -> float:
    """Points at home, drawn towards the usual ones of a home side."""
    told = [m | {"home_score": {"home": 3.0, "draw": 1.0, "away": 0.0}[m["winner"]]} for m in before]
    total, weight = _sums(told, 0.998)
    usual = total / weight
    total, weight = _sums([m for m in told if m["home"] == side], feature.goals_decay)
    return (total + feature.prior * usual) / (weight + feature.prior)


def _sums(matches: list[dict[str, Any]], decay: float) -> tuple[float, float]:
    """Weighted sum of the goals at home, and of the weights: a match is older by each match of a later instant."""
    weights = [decay ** sum(later["settled_at"] > match["settled_at"] for later in matches) for match in matches]
    return sum(w * m["home_score"] for w, m in zip(weights, matches, strict=True)), sum(weights)
