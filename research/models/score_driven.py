"""Poisson scores from attack and defence that move with the score of the likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from research.forecasting.contract import Inputs
from research.forecasting.scores import PricedScores, priced, restored

_SCORES: Final = PricedScores("score_driven", "score_driven", low_scores="rho")


@dataclass(frozen=True)
class ScoreDrivenModel:
    """The score grid of the feature `score_driven`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "score_driven"

    def inputs(self) -> Inputs:
        """The feature."""
        return Inputs((_SCORES.feature,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedScores:
        """The same whatever the past."""
        return priced(_SCORES, outcomes)

    def restored(self, artifact: Mapping[str, Any]) -> PricedScores:
        """As fitted."""
        return restored(_SCORES, artifact)
