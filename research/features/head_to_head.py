"""Head to head: the earlier meetings of the two sides."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._averages import Averages
from research.features._results import final_score, share_of
from research.features._running import WarmUp

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: sport and both names in the order of the alphabet
_Pair = tuple[str, str, str]


def _pair_of(event: Mapping[str, Any]) -> tuple[_Pair, bool]:
    """The pair of an event, and whether its home side is the second of it."""
    home, away = event["home"], event["away"]
    return (event["sport"], min(home, away), max(home, away)), home > away


class _Running(ByInstant):
    """Averages of each pair, from the point of view of its first side."""

    def __init__(self, feature: HeadToHead) -> None:
        super().__init__()
        self._averages = Averages(feature.decay, feature.prior)
        self._meetings: dict[_Pair, int] = {}
        self._warm_up = WarmUp(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Scores and shares of the meetings of an instant."""
        values: list[tuple[Hashable, float]] = []
        for result in results:
            score, share = final_score(result), share_of(result)
            if score is None or share is None:
                continue
            pair, is_turned = _pair_of(result)
            ahead, lead = score[0] - score[1], share - 0.5
            values += [
                ((pair, "goals"), -ahead if is_turned else ahead),
                ((pair, "lead"), -lead if is_turned else lead),
            ]
            self._meetings[pair] = self._meetings.get(pair, 0) + 1
            self._warm_up.add(result)
        self._averages.add(values)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[int | float | None, ...]:
        """Number of meetings, and the averages from the point of view of the home side."""
        if not self._warm_up.is_over(event):
            return None, None, None
        pair, is_turned = _pair_of(event)
        goals, lead = (self._averages.of((pair, name), 0.0) for name in ("goals", "lead"))
        sign = -1.0 if is_turned else 1.0
        return self._meetings.get(pair, 0), sign * goals + 0.0, 0.5 + sign * lead


@dataclass(frozen=True)
class HeadToHead:
    """`meetings`, the number of earlier meetings; `goals`, their goal difference, and `share`, what the home side made.

    Both from the point of view of the home side of the event, over meetings at either place and in any competition of
    the sport: a share is 1, 0.5 or 0. The last meeting has weight 1, the one before it `decay`, and so on; `prior`
    meetings without goals and with a share of 0.5 are added, so that one meeting says little.

    Sides that never met have 0 and 0.5. Null: fewer than `warm_up` matches of the competition (of the sport, on a
    tour) are settled. A match that was not played to its end, or has no score, does not count.

    Attributes
    ----------
    warm_up : int
    decay : float
        Above 0, at most 1.
    prior : float
        Meetings; above 0.
    """

    name: ClassVar[str] = "head_to_head"
    columns: ClassVar[Mapping[str, Any]] = {"meetings": pl.Int64, "goals": pl.Float64, "share": pl.Float64}
    warm_up: int = 100
    decay: float = 0.9
    prior: float = 4.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No meeting yet."""
        return _Running(self)
