"""Expected goals by attack and defence that move with the score of the likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.goals.score_driven import READS, Gains, ScoreDriven


@dataclass(frozen=True)
class ScoreDrivenGoals:
    """Columns `home_rate` and `away_rate`, expected goals, and `rho`, the dependence of low scores.

    Each match moves attack and defence of both teams, the goals of an average team and the home advantage by a step
    along the score of its Poisson likelihoods, that of the goals and that of the shots on target
    (`research.goals.score_driven.ScoreDriven`). Where a source does not count shots, goals alone move them. Nothing is
    fitted: the gains are parameters, chosen on five leagues before 2013/14 (docs/goals.md).

    Attributes
    ----------
    goals, shots, level, slope, keeps, pause_days, newcomer : float
        As `research.goals.score_driven.Gains`.
    rho : float
        As in the model of Dixon & Coles; a constant.
    warm_up : int
        Null until so many matches of the competition are settled.
    """

    name: ClassVar[str] = "score_driven"
    columns: ClassVar[Mapping[str, Any]] = {"home_rate": pl.Float64, "away_rate": pl.Float64, "rho": pl.Float64}
    goals: float = 0.015
    shots: float = 0.008
    level: float = 0.001
    slope: float = 0.5
    keeps: float = 0.9
    pause_days: float = 45.0
    newcomer: float = 0.15
    rho: float = -0.08
    warm_up: int = 100

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """By the running form."""
        return replayed(self, READS, results, asked)

    def start(self) -> ScoreDriven:
        """No match yet."""
        gains = Gains(self.goals, self.shots, self.level, self.slope, self.keeps, self.pause_days, self.newcomer)
        return ScoreDriven(gains, self.warm_up, of_shots=False, further=(self.rho,))
