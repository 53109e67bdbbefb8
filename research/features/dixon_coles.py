"""Expected goals by the Dixon-Coles model, as of the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.features._goals import FittedGoals
from research.goals.fitted import GoalModel, fitted
from research.goals.newton import Played


@dataclass(frozen=True)
class DixonColes(FittedGoals):
    """Columns `home_rate` and `away_rate`, expected goals, and `rho`, the dependence of low scores.

    Dixon & Coles (1997), "Modelling association football scores and inefficiencies in the football betting market",
    Applied Statistics 46(2).

    Attributes
    ----------
    decay, window_days, ridge, newcomer, warm_up
        As `research.features._goals.FittedGoals`, which says when the model is fitted.
    """

    name: ClassVar[str] = "dixon_coles"
    columns: ClassVar[Mapping[str, Any]] = {"home_rate": pl.Float64, "away_rate": pl.Float64, "rho": pl.Float64}

    def fit(self, played: Played, n_teams: int) -> GoalModel:
        """The Dixon-Coles model."""
        return fitted(played, n_teams, decay=self.decay, prior=self.prior, with_rho=True)
