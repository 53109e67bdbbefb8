"""Rest and congestion: days since the last match, and matches of the last weeks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._results import Side, side_of
from research.features._running import WarmUp

_READS: Final = ("sport", "competition", "date", "home", "away", "neutral", "status")
#: statuses of an event in which both sides took part
_TIRING: Final = ("played", "retired", "disqualified", "abandoned")


class _Running(ByInstant):
    """Dates of the matches of each side, sorted."""

    def __init__(self, feature: Rest) -> None:
        super().__init__()
        self._made = feature
        self._dates: dict[Side, list[date]] = {}
        self._warm_up = WarmUp(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Note the dates of the matches of an instant."""
        for result in results:
            if result["status"] not in _TIRING:
                continue
            for side in ("home", "away"):
                insort(self._dates.setdefault(side_of(result, side), []), result["date"])
            self._warm_up.add(result)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[int | None, ...]:
        """Days of rest of both sides, and their matches in the window."""
        if not self._warm_up.is_over(event):
            return None, None, None, None
        home, away = (self._of(side_of(event, side), event["date"]) for side in ("home", "away"))
        return home[0], away[0], home[1], away[1]

    def _of(self, side: Side, day: date) -> tuple[int, int]:
        dates = self._dates.get(side, [])
        end = bisect_right(dates, day)
        days = (day - dates[end - 1]).days if end else self._made.longest
        first = bisect_left(dates, day - timedelta(days=self._made.window))
        return min(days, self._made.longest), end - first


@dataclass(frozen=True)
class Rest:
    """Days of rest `home_days` and `away_days`, and matches in the last weeks `home_matches` and `away_matches`.

    Days lie between the date of a side's last match and that of the event, in any competition of the sport, at most
    `longest`; matches are those dated in the `window` days before the event. Only matches settled before the decision
    are known: of a decision long before the start, a match between the two is not. Events without play (walkovers,
    postponed and awarded ones) tire nobody.

    A side without a match has rested `longest` days. Null: fewer than `warm_up` matches of the competition (of the
    sport, on a tour) are settled.

    Attributes
    ----------
    warm_up : int
    longest, window : int
        Days.
    """

    name: ClassVar[str] = "rest"
    columns: ClassVar[Mapping[str, Any]] = {
        "home_days": pl.Int64,
        "away_days": pl.Int64,
        "home_matches": pl.Int64,
        "away_matches": pl.Int64,
    }
    warm_up: int = 100
    longest: int = 14
    window: int = 28

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
