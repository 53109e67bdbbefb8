"""An ordered logit of the terms of one feature: what rating models share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models._parameters import check_range
from research.models._regressed import Regressed, learnable
from research.models._terms import inputs_needed, terms_of
from research.regression import ordered


@dataclass(frozen=True)
class RatingModel:
    """An ordered logit of the terms of a feature, fitted on the rows that have one.

    Attributes
    ----------
    name, feature : str
        Of the class, not of an instance: the model, and the feature that it reads.
    rows_min : int
        Settled events with ratings that a fit needs.
    """

    name: ClassVar[str]
    feature: ClassVar[str]
    rows_min: int = 200

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range."""
        check_range(self, "rows_min", self.rows_min >= 1, "1 or more")

    def inputs(self) -> Inputs:
        """The ratings."""
        return inputs_needed((self.feature,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Regressed:
        """As `research.forecasting.contract.Model.fit`."""
        told = learnable(past, terms_of((self.feature,)), self.name, least=self.rows_min)
        found = ordered.fitted(told.inputs, told.outcome, told.terms, len(outcomes), f"model {self.name}")
        return Regressed(self.name, told.terms, found, told.outcome.size, past.height - told.outcome.size)

    def restored(self, artifact: Mapping[str, Any]) -> Regressed:
        """As `research.forecasting.contract.Model.restored`."""
        return Regressed.of(artifact, self.name, ordered.restored)
