"""What a feature reads of a result."""

from __future__ import annotations

from typing import Any

import pytest

from research.features._results import circuit_of, score_of, share_of, side_of

ROW: dict[str, Any] = {
    "sport": "football", "competition": "E0", "neutral": False, "home": "A", "away": "B", "status": "played",
    "home_score": 2, "away_score": 1, "winner": None,
}  # fmt: skip


def test_circuit_and_sides() -> None:
    assert circuit_of(ROW) == ("football", "E0") and circuit_of(ROW | {"neutral": True}) == ("football", "")
    assert side_of(ROW, "away") == ("football", "B")


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
    assert score_of(ROW | columns) == score and share_of(ROW | columns) == share
