"""Form: goals at home and away, and points, over the last matches."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._averages import Averages, Levels
from research.features._results import Circuit, circuit_of, final_score, places_of, share_of, side_of

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: points of a share of 0, 0.5 and 1
_POINTS: Final = {0.0: 0.0, 0.5: 1.0, 1.0: 3.0}


class _Running(ByInstant):
    """Averages of the sides, and the usual values of the circuits."""

    def __init__(self, feature: Form) -> None:
        super().__init__()
        self._at_places = Averages(feature.goals_decay, feature.prior)
        self._points = Averages(feature.points_decay, feature.prior)
        self._levels = Levels(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Goals and points of the matches of an instant."""
        at_places: list[tuple[Hashable, float]] = []
        points: list[tuple[Hashable, float]] = []
        matches: list[tuple[Circuit, dict[str, float]]] = []
        for result in results:
            score, share = final_score(result), share_of(result)
            if score is None or share is None:
                continue
            numbers = {"goals": score, "points": (_POINTS[share], _POINTS[1.0 - share])}
            for side, own, other in (("home", 0, 1), ("away", 1, 0)):
                for place in places_of(result, side):
                    key = side_of(result, side), place
                    at_places += [((*key, what), pair[own]) for what, pair in numbers.items()]
                    at_places.append(((*key, "conceded"), score[other]))
                points.append((side_of(result, side), numbers["points"][own]))
            usual = {"points": 0.5 * sum(numbers["points"])}
            for what, pair in numbers.items():
                mean = 0.5 * (pair[0] + pair[1])
                home, away = (mean, mean) if result["neutral"] else pair
                usual |= {f"{what} home": home, f"{what} away": away}
            matches.append((circuit_of(result), usual))
        self._at_places.add(at_places)
        self._points.add(points)
        self._levels.add(matches)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Goals of both sides, points of both, and their points at their places."""
        circuit = circuit_of(event)
        if not self._levels.is_warm(circuit):
            return (None,) * 8
        usual = self._levels.of(circuit, "points")
        points = [self._points.of(side_of(event, side), usual) for side in ("home", "away")]
        goals = [self._here(event, side, what) for side in ("home", "away") for what in ("goals", "conceded")]
        return (*goals, *points, *(self._here(event, side, "points") for side in ("home", "away")))

    def _here(self, event: Mapping[str, Any], side: str, what: str) -> float:
        """An average of a side where it plays; of a side without a match the usual value of that place."""
        other = {"home": "away", "away": "home"}
        usual = {
            place: f"goals {other[place]}" if what == "conceded" else f"{what} {place}"
            for place in places_of(event, side)
        }
        circuit, name = circuit_of(event), side_of(event, side)
        bases = {place: self._levels.of(circuit, known) for place, known in usual.items()}
        return self._at_places.mean_of([((name, place, what), base) for place, base in bases.items()])


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
