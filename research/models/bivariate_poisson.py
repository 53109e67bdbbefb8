"""Bivariate Poisson scores: both sides share a part of their goals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from research.forecasting.contract import Inputs
from research.forecasting.scores import PricedScores, priced, restored

_SCORES: Final = PricedScores("bivariate_poisson", "bivariate_poisson", shared="shared")


@dataclass(frozen=True)
class BivariatePoissonModel:
    """The score grid of the feature `bivariate_poisson`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "bivariate_poisson"

    def inputs(self) -> Inputs:
        """The feature."""
        return Inputs((_SCORES.feature,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedScores:
        """The same whatever the past."""
        return priced(_SCORES, outcomes)

    def restored(self, artifact: Mapping[str, Any]) -> PricedScores:
        """As fitted."""
        return restored(_SCORES, artifact)
