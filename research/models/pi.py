"""The pi-ratings of both sides through an ordered logit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models._ordered import ordered_logit, restored
from research.models._regressed import Regressed


@dataclass(frozen=True)
class Pi:
    """An ordered logit of ``pi_ratings.diff``, the expected goal difference; its cuts adjust the home advantage.

    Attributes
    ----------
    rows_min : int
        Settled events with both ratings that a fit needs.
    """

    name: ClassVar[str] = "pi"
    rows_min: int = 200

    def inputs(self) -> Inputs:
        """The ratings."""
        return Inputs(features=("pi_ratings",))

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Regressed:
        """As `research.forecasting.contract.Model.fit`."""
        return ordered_logit(past, outcomes, ("pi",), self.name, least=self.rows_min)

    def restored(self, artifact: Mapping[str, Any]) -> Regressed:
        """As `research.forecasting.contract.Model.restored`."""
        return restored(artifact, self.name)
