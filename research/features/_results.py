"""What features read of an event, by one rule for all of them: circuit, sides, places, score, share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.betting.sport import sport_of

#: sport and competition; of a tour, the sport and an empty text
Circuit = tuple[str, str]
#: sport and name
Side = tuple[str, str]


def circuit_of(event: Mapping[str, Any]) -> Circuit:
    """Where an event is counted: its competition, or the whole sport on a tour."""
    return event["sport"], "" if is_tour(event) else event["competition"]


def is_tour(event: Mapping[str, Any]) -> bool:
    """Whether an event belongs to a tour: on neutral ground in a sport of players, as tennis (`engine.betting.sport`).

    A match of teams on neutral ground, such as a final, belongs to its competition.
    """
    return bool(event["neutral"]) and sport_of(event["sport"]).has_tour


def side_of(event: Mapping[str, Any], side: str) -> Side:
    """The side ``home`` or ``away`` of an event: names belong to a sport, not to a competition."""
    return event["sport"], event[side]


def places_of(event: Mapping[str, Any], side: str) -> tuple[str, ...]:
    """Which matches of a side an event counts to, and is asked about: at home or away; on neutral ground both."""
    return ("home", "away") if event["neutral"] else (side,)


def final_score(result: Mapping[str, Any]) -> tuple[int, int] | None:
    """The score of both sides of an event that was played to its end, as the source has it; None: it has none.

    Overtime counts where the source counts it. Goal models read the score after regulation (`research.goals.matches`).
    """
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
    score = final_score(result)
    return None if score is None else 0.5 * ((score[0] > score[1]) - (score[0] < score[1])) + 0.5
