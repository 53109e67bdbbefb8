"""Independent Poisson scores from attack and defence, with weights that decay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from research.forecasting.contract import Inputs
from research.forecasting.scores import PricedScores, priced, restored

_SCORES: Final = PricedScores("poisson", "poisson")


@dataclass(frozen=True)
class PoissonModel:
    """The score grid of the feature `poisson`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "poisson"

    def inputs(self) -> Inputs:
        """The feature."""
        return Inputs((_SCORES.feature,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedScores:
        """The same whatever the past."""
        return priced(_SCORES, outcomes)

    def restored(self, artifact: Mapping[str, Any]) -> PricedScores:
        """As fitted."""
        return restored(_SCORES, artifact)
