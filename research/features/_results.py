"""What features read of a result, by one rule for all of them: the circuit, the sides, the score, the share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: sport and competition; of a tour, the sport and an empty text
Circuit = tuple[str, str]
#: sport and name
Side = tuple[str, str]


def circuit_of(event: Mapping[str, Any]) -> Circuit:
    """Where an event is counted: its competition, or the whole sport if it is neutral.

    A competition without home sides, as in tennis, is one tournament of a tour.
    """
    return event["sport"], "" if event["neutral"] else event["competition"]


def side_of(event: Mapping[str, Any], side: str) -> Side:
    """The side ``home`` or ``away`` of an event: names belong to a sport, not to a competition."""
    return event["sport"], event[side]


def score_of(result: Mapping[str, Any]) -> tuple[int, int] | None:
    """The score of both sides of an event that was played to its end; None: it has none."""
    home, away = result["home_score"], result["away_score"]
    if result["status"] != "played" or home is None or away is None:
        return None
    return home, away


def share_of(result: Mapping[str, Any]) -> float | None:
    """What the home side made of an event that was played to its end: 1, 0.5 or 0; None: it has no outcome.

    The stated winner decides; without one, the score.
    """
    if result["status"] != "played":
        return None
    if (winner := result["winner"]) is not None:
        return {"home": 1.0, "draw": 0.5, "away": 0.0}.get(winner)
    score = score_of(result)
    return None if score is None else 0.5 * ((score[0] > score[1]) - (score[0] < score[1])) + 0.5
