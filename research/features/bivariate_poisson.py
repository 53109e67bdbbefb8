"""Expected goals by the bivariate Poisson model, as of the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.features._goals import FittedGoals
from research.goals.newton import Played
from research.goals.shared import SharedModel, fitted_shared


@dataclass(frozen=True)
class BivariatePoisson(FittedGoals):
    """Columns `home_rate` and `away_rate`, expected goals, and `shared`, the part that both sides have in common.

    Karlis & Ntzoufras (2003), "Analysis of sports data by using bivariate Poisson models", The Statistician 52(3).

    Attributes
    ----------
    decay, window_days, ridge, newcomer, warm_up
        As `research.features._goals.FittedGoals`, which says when the model is fitted.
    """

    name: ClassVar[str] = "bivariate_poisson"
    columns: ClassVar[Mapping[str, Any]] = {"home_rate": pl.Float64, "away_rate": pl.Float64, "shared": pl.Float64}

    def fit(self, played: Played, n_teams: int) -> SharedModel:
        """The bivariate Poisson model."""
        return fitted_shared(played, n_teams, decay=self.decay, prior=self.prior)
