"""A multinomial logit of many features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models._parameters import check_range
from research.models._regressed import Regressed, learnable
from research.models._terms import inputs_needed, terms_of
from research.regression import multinomial


@dataclass(frozen=True)
class Logit:
    """A multinomial logit with a ridge, of the terms of some features, on one scale.

    Attributes
    ----------
    features : tuple of str
        Features whose terms it reads, or single columns, ``FEATURE.COLUMN``: `research.models._terms`.
    ridge : float
        Precision of the normal prior of each slope of a scaled input; above 0.
    rows_min : int
        Settled events with all of the features that a fit needs.
    """

    name: ClassVar[str] = "logit"
    features: tuple[str, ...] = ("dixon_coles", "score_driven", "score_driven_shots")
    ridge: float = 300.0
    rows_min: int = 300

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for a parameter out of range or a feature that has no terms."""
        check_range(self, "ridge", self.ridge > 0.0, "above 0")
        check_range(self, "rows_min", self.rows_min >= 1, "1 or more")
        terms_of(self.features)

    def inputs(self) -> Inputs:
        """The features."""
        return inputs_needed(self.features)

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Regressed:
        """As `research.forecasting.contract.Model.fit`."""
        told = learnable(past, terms_of(self.features), self.name, least=self.rows_min)
        found = multinomial.fitted(
            told.inputs, told.outcome, told.terms, len(outcomes), f"model {self.name}", ridge=self.ridge
        )
        return Regressed(self.name, told.terms, found, told.outcome.size, past.height - told.outcome.size)

    def restored(self, artifact: Mapping[str, Any]) -> Regressed:
        """As `research.forecasting.contract.Model.restored`."""
        return Regressed.of(artifact, self.name, multinomial.restored)
