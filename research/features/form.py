"""Form: goals at home and away, and points, over the last matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._averages import AtPlaces, Averages, Levels, Pair, at_home_and_away
from research.features._results import Circuit, circuit_of, final_score, share_of, side_of

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: points of a share of 0, 0.5 and 1
_POINTS: Final = {0.0: 0.0, 0.5: 1.0, 1.0: 3.0}
_SIDES: Final = ("home", "away")


class _Running(ByInstant):
    """Averages of the sides, and the usual values of the circuits."""

    def __init__(self, feature: Form) -> None:
        super().__init__()
        self._goals = AtPlaces(feature.goals_decay, feature.prior)
        self._points_there = AtPlaces(feature.goals_decay, feature.prior)
        self._points = Averages(feature.points_decay, feature.prior)
        self._levels = Levels(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Goals and points of the matches of an instant."""
        goals: list[tuple[Mapping[str, Any], Pair]] = []
        points: list[tuple[Mapping[str, Any], Pair]] = []
        levels: list[tuple[Circuit, dict[str, float]]] = []
        for result in results:
            score, share = final_score(result), share_of(result)
            if score is None or share is None:
                continue
            won = _POINTS[share], _POINTS[1.0 - share]
            goals.append((result, score))
            points.append((result, won))
            usual = {"points": 0.5 * sum(won)}
            for what, pair in (("goals", score), ("points", won)):
                usual[f"{what} home"], usual[f"{what} away"] = at_home_and_away(result, pair)
            levels.append((circuit_of(result), usual))
        self._goals.add(goals)
        self._points_there.add(points)
        self._points.add(
            (side_of(result, side), own) for result, won in points for side, own in zip(_SIDES, won, strict=True)
        )
        self._levels.add(levels)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Goals of both sides, points of both, and their points at their places."""
        circuit = circuit_of(event)
        if not self._levels.is_warm(circuit):
            return (None,) * 8
        usual = self._levels.of(circuit, "points")
        goals, there = (
            (self._levels.of(circuit, f"{what} home"), self._levels.of(circuit, f"{what} away"))
            for what in ("goals", "points")
        )
        return (
            *(value for side in _SIDES for value in self._goals.of(event, side, goals)),
            *(self._points.of(side_of(event, side), usual) for side in _SIDES),
            *(self._points_there.of(event, side, there)[0] for side in _SIDES),
        )


@dataclass(frozen=True)
class Form:
    """Goals and points of both sides in their last matches, as averages with falling weights.

    `home_scored` and `home_conceded`, goals a match of the home side in its matches at home; `away_scored` and
    `away_conceded`, of the away side in its matches away; `home_points` and `away_points`, points a match (3, 1, 0) of
    each in all its matches; `home_points_at_home` and `away_points_away`, of the home side in its matches at home and
    of the away side in its matches away. A match on neutral ground counts to both places of a side, and is told by the
    mean of both; so on a tour all matches count. A score is what the source counts: sets in tennis, and goals after
    extra time where it gives those.

    The last match has weight 1, the one before it the decay, and so on; the usual value of the competition has the
    weight of `prior` matches. A side without a match has the usual value, which follows about the last 1,000 matches of
    the competition. Null: fewer than `warm_up` matches of the competition (of the sport, on a tour) are settled.

    Attributes
    ----------
    warm_up : int
    goals_decay : float
        Of goals, and of points at home and away; above 0, at most 1.
    points_decay : float
        Of points in all matches.
    prior : float
        Matches; above 0.

    The defaults are the best of a small grid on five leagues, 2005/06-2012/13 (docs/features.md).
    """

    name: ClassVar[str] = "form"
    columns: ClassVar[Mapping[str, Any]] = {
        "home_scored": pl.Float64,
        "home_conceded": pl.Float64,
        "away_scored": pl.Float64,
        "away_conceded": pl.Float64,
        "home_points": pl.Float64,
        "away_points": pl.Float64,
        "home_points_at_home": pl.Float64,
        "away_points_away": pl.Float64,
    }
    warm_up: int = 100
    goals_decay: float = 0.97
    points_decay: float = 0.98
    prior: float = 4.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
