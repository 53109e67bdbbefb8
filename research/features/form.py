"""Form: goals at home and away, and points, over the last matches."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._averages import Averages, Levels
from research.features._results import Circuit, circuit_of, score_of, share_of, side_of

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: points of a share of 0, 0.5 and 1
_POINTS: Final = {0.0: 0.0, 0.5: 1.0, 1.0: 3.0}


def place_of(event: Mapping[str, Any], side: str) -> str:
    """The matches that count for the goals of a side: those at home, those away, or on a tour all of them."""
    return "" if event["neutral"] else side


class _Running(ByInstant):
    """Averages of the sides, and the usual values of the circuits."""

    def __init__(self, feature: Form) -> None:
        super().__init__()
        self._goals = Averages(feature.goals_decay, feature.prior)
        self._points = Averages(feature.points_decay, feature.prior)
        self._levels = Levels(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Goals and points of the matches of an instant."""
        goals: list[tuple[Hashable, float]] = []
        points: list[tuple[Hashable, float]] = []
        matches: list[tuple[Circuit, dict[str, float]]] = []
        for result in results:
            score, share = score_of(result), share_of(result)
            if score is None or share is None:
                continue
            won = {"home": _POINTS[share], "away": _POINTS[1.0 - share]}
            for side, scored, conceded in (("home", score[0], score[1]), ("away", score[1], score[0])):
                key = side_of(result, side), place_of(result, side)
                goals += [((*key, "scored"), scored), ((*key, "conceded"), conceded)]
                points.append((side_of(result, side), won[side]))
            mean = 0.5 * (score[0] + score[1])
            home, away = (mean, mean) if result["neutral"] else score
            usual = {"home": home, "away": away, "points": 0.5 * (won["home"] + won["away"])}
            matches.append((circuit_of(result), usual))
        self._goals.add(goals)
        self._points.add(points)
        self._levels.add(matches)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Goals of the home side, of the away side, and the points of both."""
        circuit = circuit_of(event)
        if not self._levels.is_warm(circuit):
            return (None,) * 6
        usual = [self._levels.of(circuit, name) for name in ("home", "away")]
        values = []
        for side, scored, conceded in (("home", usual[0], usual[1]), ("away", usual[1], usual[0])):
            key = side_of(event, side), place_of(event, side)
            values += [self._goals.of((*key, "scored"), scored), self._goals.of((*key, "conceded"), conceded)]
        points = self._levels.of(circuit, "points")
        return (*values, *(self._points.of(side_of(event, side), points) for side in ("home", "away")))


@dataclass(frozen=True)
class Form:
    """Goals and points of both sides in their last matches, as averages with falling weights.

    `home_scored` and `home_conceded`, goals a match of the home side in its matches at home; `away_scored` and
    `away_conceded`, of the away side in its matches away; `home_points` and `away_points`, points a match (3, 1, 0) of
    each in all its matches. On a tour (neutral events) all matches count for the goals, and a score is what the sport
    counts: sets in tennis.

    The last match has weight 1, the one before it the decay, and so on; the usual value of the competition has the
    weight of `prior` matches. A side without a match has the usual value, which follows about the last 1,000 matches of
    the competition. Null: fewer than `warm_up` matches of the competition (of the sport, on a tour) are settled.

    Attributes
    ----------
    warm_up : int
    goals_decay, points_decay : float
        Above 0, at most 1.
    prior : float
        Matches; above 0.
    """

    name: ClassVar[str] = "form"
    columns: ClassVar[Mapping[str, Any]] = {
        "home_scored": pl.Float64,
        "home_conceded": pl.Float64,
        "away_scored": pl.Float64,
        "away_conceded": pl.Float64,
        "home_points": pl.Float64,
        "away_points": pl.Float64,
    }
    warm_up: int = 100
    goals_decay: float = 0.97
    points_decay: float = 0.9
    prior: float = 4.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
