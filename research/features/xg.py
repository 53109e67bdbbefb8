"""Form in expected goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import replayed
from research.features._statistics import StatisticForm, columns_of, reads_of

_KINDS: Final = ("xg",)


@dataclass(frozen=True)
class Xg:
    """Expected goals a match of both sides: of the home side at home, of the away side away.

    `home_xg` and `home_xg_conceded`, `away_xg` and `away_xg_conceded`: means with falling weights, drawn towards the
    usual value of the competition, which a side without a match has. A mapping brings the numbers of a source, or
    your own.

    Attributes
    ----------
    warm_up : int
        Matches of the competition with the statistic; null before.
    decay : float
        Weight of a match relative to the next one of the side; above 0, at most 1.
    prior : float
        Weight of the usual value of the competition, in matches; above 0.
    """

    name: ClassVar[str] = "xg"
    columns: ClassVar[Mapping[str, Any]] = dict.fromkeys(columns_of(_KINDS), pl.Float64)
    warm_up: int = 100
    decay: float = 0.97
    prior: float = 4.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, reads_of(_KINDS), results, asked)

    def start(self) -> StatisticForm:
        """No match yet."""
        return StatisticForm(_KINDS, self)
