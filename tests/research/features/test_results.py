"""What a feature reads of a result."""

from __future__ import annotations

from typing import Any

import pytest

from research.features._results import circuit_of, final_score, is_tour, places_of, share_of, side_of

ROW: dict[str, Any] = {
    "sport": "football", "competition": "E0", "neutral": False, "home": "A", "away": "B", "status": "played",
    "home_score": 2, "away_score": 1, "winner": None,
}  # fmt: skip


def test_circuit_and_sides() -> None:
    assert circuit_of(ROW) == ("football", "E0") and side_of(ROW, "away") == ("football", "B")
    assert places_of(ROW, "away") == ("away",) and places_of(ROW | {"neutral": True}, "away") == ("home", "away")


@pytest.mark.parametrize(
    ("sport", "neutral", "on_tour"),
    [
        ("football", True, False),
        ("Ice Hockey", True, False),
        ("volleyball", True, False),
        ("beach_volleyball", True, True),
        ("tennis", True, True),
        ("tennis", False, False),
        ("darts", True, True),
        ("mma", True, True),
        ("chess", True, True),
        ("chess", False, False),
    ],
)
def test_a_tour_is_of_players_on_neutral_ground(sport: str, neutral: bool, on_tour: bool) -> None:
    row = ROW | {"sport": sport, "neutral": neutral}
    assert is_tour(row) == on_tour and circuit_of(row) == (sport, "" if on_tour else "E0")


@pytest.mark.parametrize(
    ("columns", "score", "share"),
    [
        ({}, (2, 1), 1.0),
        ({"away_score": 2}, (2, 2), 0.5),
        ({"away_score": 5}, (2, 5), 0.0),
        ({"winner": "away"}, (2, 1), 0.0),
        ({"winner": "draw"}, (2, 1), 0.5),
        ({"winner": "home", "home_score": None}, None, 1.0),
        ({"home_score": None}, None, None),
        ({"status": "abandoned", "winner": "home"}, None, None),
    ],
)
def test_score_and_share(columns: dict[str, Any], score: tuple[int, int] | None, share: float | None) -> None:
    assert final_score(ROW | columns) == score and share_of(ROW | columns) == share
