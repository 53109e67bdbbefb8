"""Bivariate Poisson scores: both sides share a part of their goals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.forecasting.scores import PricedScores, ScoreModel


@dataclass(frozen=True)
class BivariatePoissonModel(ScoreModel):
    """The score grid of the feature `bivariate_poisson`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "bivariate_poisson"
    scores: ClassVar[PricedScores] = PricedScores("bivariate_poisson", "bivariate_poisson", shared="shared")
