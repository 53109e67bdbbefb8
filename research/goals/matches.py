"""Matches of a competition as they are settled: the arrays that goal models are fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from engine.betting.sport import sport_of
from engine.schema import REGULATION
from research.goals.newton import Played

#: columns of events that goal models read
READS: Final = (
    "sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "score_scope",
    "home_regulation", "away_regulation",
)  # fmt: skip
_DAY_NS: Final = 86_400_000_000_000


def score_of(result: Mapping[str, Any]) -> tuple[int, int] | None:
    """The score after regulation; None: the match was not played to its end, or its score after regulation is unknown.

    Parameters
    ----------
    result : mapping
        Plain values by column, those of `READS`.
    """
    if result["status"] != "played":
        return None
    home, away = result.get("home_regulation"), result.get("away_regulation")
    if home is None or away is None:
        scope = result.get("score_scope") or sport_of(result["sport"]).score_scope
        if scope != REGULATION:
            return None
        home, away = result["home_score"], result["away_score"]
    return None if home is None or away is None else (home, away)


class Matches:
    """The matches of one competition in the order in which they were settled."""

    def __init__(self) -> None:
        self.count = 0
        self._teams: dict[str, int] = {}
        self._numbers = np.empty((3, 512), dtype=np.int64)
        self._values = np.empty((3, 512))

    def add(self, result: Mapping[str, Any], score: tuple[int, int], settled_ns: int) -> None:
        """Take in a match with its score."""
        if self.count == self._numbers.shape[1]:
            self._numbers = np.concatenate([self._numbers, np.empty_like(self._numbers)], axis=1)
            self._values = np.concatenate([self._values, np.empty_like(self._values)], axis=1)
        home, away = (self._teams.setdefault(result[side], len(self._teams)) for side in ("home", "away"))
        self._numbers[:, self.count] = home, away, bool(result["neutral"])
        self._values[:, self.count] = *score, settled_ns / _DAY_NS
        self.count += 1

    def window(self, days: float) -> tuple[Played, dict[str, int]]:
        """The matches of the last `days` before the last one, and the numbers of the teams in them."""
        settled = self._values[2, : self.count]
        first = int(np.searchsorted(settled, settled[-1] - days))
        home, away, neutral = self._numbers[:, first : self.count]
        is_seen = np.zeros(len(self._teams), dtype=np.bool_)
        is_seen[home] = is_seen[away] = True
        number = np.cumsum(is_seen) - 1
        played = Played(number[home], number[away], neutral, *self._values[:, first : self.count])
        return played, {name: int(number[old]) for name, old in self._teams.items() if is_seen[old]}
