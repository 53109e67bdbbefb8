"""Expected shots on target by attack and defence that move with the score of the likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.goals.score_driven import READS, Gains, ScoreDriven


@dataclass(frozen=True)
class ScoreDrivenShots:
    """Columns `home_rate` and `away_rate`: expected shots on target.

    Each match of which the source counts shots on target moves attack and defence of both teams by a step along the
    score of their Poisson likelihood (`research.goals.score_driven.ScoreDriven`). Goals move nothing here.

    Attributes
    ----------
    shots, level, keeps, pause_days, newcomer : float
        As `research.goals.score_driven.Gains`.
    warm_up : int
        Null until so many matches of the competition with shots are settled.
    """

    name: ClassVar[str] = "score_driven_shots"
    columns: ClassVar[Mapping[str, Any]] = {"home_rate": pl.Float64, "away_rate": pl.Float64}
    shots: float = 0.01
    level: float = 0.001
    keeps: float = 0.9
    pause_days: float = 45.0
    newcomer: float = 0.15
    warm_up: int = 100

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """By the running form."""
        return replayed(self, READS, results, asked)

    def start(self) -> ScoreDriven:
        """No match yet."""
        gains = Gains(0.0, self.shots, self.level, 1.0, self.keeps, self.pause_days, self.newcomer)
        return ScoreDriven(gains, self.warm_up, of_shots=True)
