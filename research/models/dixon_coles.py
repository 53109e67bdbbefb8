"""Dixon-Coles: attack and defence of each team with weights that decay, and dependent low scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.forecasting.scores import PricedScores, ScoreModel


@dataclass(frozen=True)
class DixonColesModel(ScoreModel):
    """The score grid of the feature `dixon_coles`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "dixon_coles"
    scores: ClassVar[PricedScores] = PricedScores("dixon_coles", "dixon_coles", low_scores="rho")
