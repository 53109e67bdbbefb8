"""Elo against steps worked out by hand, and against a plain loop over real seasons."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest

from research.features.elo import Elo
from tests.research.features.made import at_start, events_of, seasons

PLAIN = Elo(warm_up=0, k=20.0, margin=0.0, home_advantage=0.0, entrant_gap=0.0)


def test_a_match_moves_both_sides_by_k_times_the_surprise() -> None:
    events = events_of((0, "A", "B", 1, 0), (1, "B", "A", 2, 2), (2, "A", "B", 0, 3), (3, "A", "B", None, None))
    rows = at_start(PLAIN, events)
    assert rows[0] == {"home": 1500.0, "away": 1500.0, "diff": 0.0, "expected": 0.5}
    assert (rows[1]["home"], rows[1]["away"]) == (1490.0, 1510.0)
    # Elo's table gives .53 for 20 points: 1 / (1 + 10^-0.05) = 0.52875
    assert rows[1]["expected"] == pytest.approx(1 - 0.528751, abs=1e-6)
    assert rows[2]["home"] == pytest.approx(1510 - 20 * 0.028751, abs=1e-4)
    assert rows[3]["home"] + rows[3]["away"] == pytest.approx(3000.0, abs=1e-9)


def test_margin_home_advantage_and_entrants() -> None:
    matches = [(0, "A", "B", 3, 0), (1, "A", "B", 1, 0), (2, "C", "A", None, None)]
    rows = at_start(Elo(warm_up=1, k=10.0, margin=1.0, home_advantage=400.0, entrant_gap=80.0), events_of(*matches))
    assert rows[0] == dict.fromkeys(Elo.columns)
    step = 10 * (1 - 10 / 11) * (1 + log(4))  # 400 points ahead are expected to take 10 of 11
    assert rows[1]["home"] == pytest.approx(1500 + step) and rows[1]["away"] == pytest.approx(1500 - step)
    assert rows[2]["home"] == 1420.0


def test_all_matches_of_an_instant_start_from_the_ratings_before_it() -> None:
    both = at_start(PLAIN, events_of((0, "A", "B", 1, 0), (0, "B", "C", 1, 0), (1, "B", "C", None, None)))
    assert both[2] == {"home": 1500.0, "away": 1490.0, "diff": 10.0, "expected": pytest.approx(0.514387, abs=1e-6)}


def test_a_tour_has_no_home_side_and_a_falling_k_and_its_warm_up_is_that_of_the_sport() -> None:
    tour = {"sport": "tennis", "neutral": True, "home_score": None, "away_score": None}
    matches = [(day, "A", "B", 2, 0, {**tour, "competition": f"T{day}"}) for day in range(3)]
    rows = at_start(Elo(warm_up=1), events_of(*matches))
    assert rows[0]["diff"] is None and rows[1]["expected"] > 0.5
    first = 250 / 5**0.4 * 0.5
    assert rows[1]["home"] == pytest.approx(1500 + first)
    assert rows[2]["home"] == pytest.approx(1500 + first + 250 / 6**0.4 * (1 - 1 / (1 + 10 ** (-first / 200))))


def test_a_final_on_neutral_ground_is_a_match_of_its_competition_without_home_advantage() -> None:
    neutral = {"neutral": True}
    matches = [(0, "A", "B", 0, 0), (1, "A", "B", 3, 0, neutral), (2, "A", "B", None, None, neutral)]
    rows = at_start(Elo(warm_up=1, home_advantage=70.0), events_of(*matches, (2, "C", "A", None, None, neutral)))
    fell = 10 * (0.5 - 1 / (1 + 10 ** (-70 / 400)))
    assert rows[1]["diff"] == pytest.approx(2 * fell)
    won = 10 * (1 + log(4)) * (1 - 1 / (1 + 10 ** (-2 * fell / 400)))
    assert rows[2]["home"] == pytest.approx(1500 + fell + won) and rows[2]["away"] == pytest.approx(1500 - fell - won)
    assert rows[2]["expected"] == pytest.approx(1 / (1 + 10 ** (-rows[2]["diff"] / 400)))
    assert rows[3]["home"] == 1400.0, "an entrant of the competition"


def test_a_side_brings_its_rating_into_another_competition_and_not_into_another_sport() -> None:
    lower = (0, "A", "B", 1, 0, {"competition": "E1"})
    upper = [(1, "X", "Y", 0, 0), (2, "A", "X", None, None), (2, "A", "X", None, None, {"sport": "rugby"})]
    rows = at_start(Elo(warm_up=1, margin=0.0, k=20.0, home_advantage=0.0), events_of(lower, *upper))
    assert rows[2]["home"] == 1510.0 and rows[3]["home"] is None


def test_only_matches_with_an_outcome_count() -> None:
    odd = [{"status": "abandoned"}, {"status": "awarded"}]
    matches = [(0, "A", "B", 1, 0, columns) for columns in odd]
    assert at_start(PLAIN, events_of(*matches, (2, "A", "B", None, None)))[2]["diff"] == 0.0


def test_a_plain_loop_over_real_seasons_agrees(reference_dir: Path) -> None:
    events = seasons(reference_dir, "E0_1213", "E0_1314")
    feature, ratings, count = Elo(), {}, 0
    expected: dict[int, tuple[float, float]] = {}
    for (_,), day in events.group_by(["date"], maintain_order=True):
        old, seen = dict(ratings), count
        start = 1400.0 if seen >= 100 else 1500.0
        for e, home, away, gh, ga in day.select("event_id", "home", "away", "home_score", "away_score").iter_rows():
            h, a = old.get(home, start), old.get(away, start)
            expected[e] = (h, a) if seen >= 100 else (float("nan"), float("nan"))
            won = 1.0 if gh > ga else 0.5 if gh == ga else 0.0
            move = 10 * (1 + log(1 + abs(gh - ga))) * (won - 1 / (1 + 10 ** ((a - h - 70) / 400)))
            ratings[home], ratings[away] = h + move, a - move
            count += 1
    rows = at_start(feature, events)
    for event, row in zip(events["event_id"], rows, strict=True):
        pair = [float("nan") if row[side] is None else row[side] for side in ("home", "away")]
        assert pair == pytest.approx(expected[event], abs=1e-9, nan_ok=True)
    assert 600 < sum(row["diff"] is not None for row in rows) < 700


def test_on_a_tour_each_side_moves_by_its_own_number_of_matches() -> None:
    tour = {"sport": "tennis", "neutral": True, "home_score": None, "away_score": None}
    pairs = [("A", "B"), ("A", "C"), ("A", "C")]
    rows = at_start(Elo(warm_up=1), events_of(*((day, *pair, 2, 0, tour) for day, pair in enumerate(pairs))))
    won, lost = rows[2]["home"] - rows[1]["home"], 1500.0 - rows[2]["away"]
    assert lost / won == pytest.approx((6 / 5) ** 0.4)
