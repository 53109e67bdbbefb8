"""Which score of an event counts, and the window of matches."""

from __future__ import annotations

from typing import Any

import pytest

from research.goals.matches import Matches, score_of

DAY_NS = 86_400 * 10**9
BASE: dict[str, Any] = {
    "sport": "football", "competition": "L", "home": "a", "away": "b", "neutral": False, "status": "played",
    "home_score": 2, "away_score": 1, "score_scope": None, "home_regulation": None, "away_regulation": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "score"),
    [
        ({}, (2, 1)),
        ({"status": "abandoned"}, None),
        ({"away_score": None}, None),
        ({"score_scope": "with_overtime"}, None),
        ({"score_scope": "with_overtime", "home_regulation": 1, "away_regulation": 1}, (1, 1)),
        ({"score_scope": "regulation"}, (2, 1)),
        ({"sport": "ice_hockey"}, None),
        ({"sport": "tennis"}, None),
        ({"home_regulation": 0, "away_regulation": 0}, (0, 0)),
    ],
)
def test_the_score_after_regulation_counts(changed: dict[str, Any], score: tuple[int, int] | None) -> None:
    assert score_of(BASE | changed) == score


def test_a_window_has_the_matches_and_the_teams_of_its_days() -> None:
    matches, names = Matches(), ["a", "b", "c", "d"]
    for day in range(1200):
        teams = {"home": names[day % 2], "away": names[2 + day % 2], "neutral": day % 5 == 0}
        if day >= 700:
            teams["home"] = "e"
        matches.add(BASE | teams, (day % 4, 1), day * DAY_NS)
    played, number = matches.window(10_000.0)
    assert matches.count == len(played.home) == 1200 and set(number) == {*"abcde"}
    assert played.home_goals[:4].tolist() == [0.0, 1.0, 2.0, 3.0] and played.neutral[:6].tolist() == [1, 0, 0, 0, 0, 1]
    played, number = matches.window(99.0)
    assert played.days.tolist() == [float(day) for day in range(1100, 1200)]
    assert set(number) == {"c", "d", "e"} and set(number.values()) == {0, 1, 2}
    assert set(played.home.tolist()) == {number["e"]} and set(played.away.tolist()) == {number["c"], number["d"]}
