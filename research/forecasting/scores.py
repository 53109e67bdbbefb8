"""Models whose learning is a feature, the rates of a match: they price the grid of scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from engine.errors import DataError
from engine.schema import SELECTIONS
from research.forecasting.checks import check_columns, check_model
from research.forecasting.contract import Inputs, Probabilities
from research.goals.grid import ScoreGrid, low_score_grid, shared_grid


@dataclass(frozen=True)
class PricedScores:
    """Probabilities of 1X2, and of every other market of the score, from the rates of a feature.

    Attributes
    ----------
    model, feature : str
        The feature has the columns ``home_rate`` and ``away_rate``.
    low_scores : str or None
        Its column with the dependence of low scores (Dixon-Coles).
    shared : str or None
        Its column with the mean of the shared goals (bivariate Poisson).
    """

    model: str
    feature: str
    low_scores: str | None = None
    shared: str | None = None

    def grid(self, rows: pl.DataFrame) -> ScoreGrid:
        """The scores of each row; NaN where the feature is not known yet."""
        dependence = self.shared or self.low_scores
        names = [f"{self.feature}.{name}" for name in ("home_rate", "away_rate", dependence) if name]
        check_columns(rows, names, self.model)
        home, away, *further = (rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names)
        if self.shared is not None:
            return shared_grid(home, away, further[0])
        return low_score_grid(home, away, further[0] if further else 0.0)

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """Probabilities of home, draw and away."""
        return self.grid(rows).result()

    def artifact(self) -> Mapping[str, Any]:
        """The names of the columns: nothing else is fitted here."""
        return asdict(self)


@dataclass(frozen=True)
class ScoreModel:
    """A model whose learning is its feature; it has no parameters.

    Attributes
    ----------
    name : str
        Of the class, not of an instance, as `scores`.
    scores : PricedScores
        What it answers with, whatever the past.
    """

    name: ClassVar[str]
    scores: ClassVar[PricedScores]

    def inputs(self) -> Inputs:
        """The feature."""
        return Inputs((self.scores.feature,), markets=("1x2",))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedScores:
        """The same whatever the past; raises `DataError` if the outcomes are not home, draw and away."""
        if outcomes != SELECTIONS["1x2"]:
            raise DataError(
                "a goal model prices a market with a draw",
                where=f"model {self.scores.model}",
                expected="outcomes home, draw, away",
                found=f"{', '.join(outcomes)}: a moneyline has no draw",
            )
        return self.scores

    def restored(self, artifact: Mapping[str, Any]) -> PricedScores:
        """As fitted; raises `DataError` if the artifact is of another model, or was edited."""
        check_model(artifact, self.scores.model)
        if dict(artifact) != dict(self.scores.artifact()):
            raise DataError(
                "the artifact was edited",
                where=f"model {self.scores.model}",
                expected=str(dict(self.scores.artifact())),
                found=str(dict(artifact))[:200],
            )
        return self.scores
