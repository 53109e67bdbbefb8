"""Independent Poisson scores from attack and defence, with weights that decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.forecasting.scores import PricedScores, ScoreModel


@dataclass(frozen=True)
class PoissonModel(ScoreModel):
    """The score grid of the feature `poisson`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "poisson"
    scores: ClassVar[PricedScores] = PricedScores("poisson", "poisson")
