"""Weighted Elo ratings of a tour, with the ranking, through an ordered logit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models._ordered import ordered_logit, restored
from research.models._regressed import Regressed
from research.models._terms import terms_of


@dataclass(frozen=True)
class Welo:
    """An ordered logit of the difference of the ratings and of the log ratio of the ranking points.

    Over five sets the ranking has a slope of its own. Where nobody has points the ratings count alone.

    Attributes
    ----------
    rows_min : int
        Settled events with ratings that a fit needs.
    """

    name: ClassVar[str] = "welo"
    rows_min: int = 200

    def inputs(self) -> Inputs:
        """The ratings."""
        return Inputs(features=(self.name,))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Regressed:
        """As `research.forecasting.contract.Model.fit`."""
        return ordered_logit(past, outcomes, terms_of((self.name,), self.name), self.name, least=self.rows_min)

    def restored(self, artifact: Mapping[str, Any]) -> Regressed:
        """As `research.forecasting.contract.Model.restored`."""
        return restored(artifact, self.name)
