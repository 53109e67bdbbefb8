"""The phase of a season: how much of it is played, by the competition and by both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed

_READS: Final = ("sport", "competition", "season", "home", "away", "status")
#: sport, competition, season
_Season = tuple[str, str, str]


class _Running(ByInstant):
    """Matches of each season and of each side in it; the seasons of a competition in the order of their first match."""

    def __init__(self, feature: SeasonPhase) -> None:
        super().__init__()
        self._made = feature
        self._seasons: dict[tuple[str, str], list[str]] = {}
        self._counts: dict[_Season, int] = {}
        self._played: dict[tuple[_Season, str], int] = {}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Count the matches of an instant; seasons that begin at one instant are in the order of their names."""
        for result in sorted(results, key=lambda row: row["season"]):
            if result["status"] != "played":
                continue
            sport, competition, season = result["sport"], result["competition"], result["season"]
            known, key = self._seasons.setdefault((sport, competition), []), (sport, competition, season)
            if season not in known:
                known.append(season)
            self._counts[key] = self._counts.get(key, 0) + 1
            for side in (result["home"], result["away"]):
                self._played[key, side] = self._played.get((key, side), 0) + 1

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | int | None, ...]:
        """The share of the season that is played, and the matches of both sides in it."""
        sport, competition, season = event["sport"], event["competition"], event["season"]
        known, key = self._seasons.get((sport, competition), []), (sport, competition, season)
        place = known.index(season) if season in known else len(known)
        usual = self._counts[sport, competition, known[place - 1]] if place else 0
        if usual < max(self._made.warm_up, 1):
            return None, None, None
        home, away = (self._played.get((key, event[side]), 0) for side in ("home", "away"))
        return min(self._counts.get(key, 0) / usual, 1.0), home, away


@dataclass(frozen=True)
class SeasonPhase:
    """`played`, matches of the season over those of the season before it, at most 1; `home_played`, `away_played`.

    The season before is the one whose first match of the competition was settled last before this season's; it is
    taken as it is known at the decision. How long this season will be is not known: another number of matches (another
    number of sides) makes `played` reach 1 early or never. `home_played` and `away_played` are the matches of each
    side in the season and competition; 0 for a side without one.

    Null: the season before has fewer than `warm_up` matches. A match that was not played to its end does not count.

    Attributes
    ----------
    warm_up : int
    """

    name: ClassVar[str] = "season_phase"
    columns: ClassVar[Mapping[str, Any]] = {"played": pl.Float64, "home_played": pl.Int64, "away_played": pl.Int64}
    warm_up: int = 30

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
