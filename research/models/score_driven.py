"""Poisson scores from attack and defence that move with the score of the likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.forecasting.scores import PricedScores, ScoreModel


@dataclass(frozen=True)
class ScoreDrivenModel(ScoreModel):
    """The score grid of the feature `score_driven`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "score_driven"
    scores: ClassVar[PricedScores] = PricedScores("score_driven", "score_driven", low_scores="rho")
