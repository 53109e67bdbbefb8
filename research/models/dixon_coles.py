"""Dixon-Coles: attack and defence of each team with weights that decay, and dependent low scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from research.forecasting.contract import Inputs
from research.forecasting.scores import PricedScores, priced, restored

_SCORES: Final = PricedScores("dixon_coles", "dixon_coles", low_scores="rho")


@dataclass(frozen=True)
class DixonColesModel:
    """The score grid of the feature `dixon_coles`; what is fitted, and how often, is told there."""

    name: ClassVar[str] = "dixon_coles"

    def inputs(self) -> Inputs:
        """The feature."""
        return Inputs((_SCORES.feature,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedScores:
        """The same whatever the past."""
        return priced(_SCORES, outcomes)

    def restored(self, artifact: Mapping[str, Any]) -> PricedScores:
        """As fitted."""
        return restored(_SCORES, artifact)
