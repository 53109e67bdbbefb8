"""The market itself: the probabilities of its prices without the margin, which most models never beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from research.forecasting.checks import check_columns, check_model
from research.forecasting.contract import Inputs, Probabilities


@dataclass(frozen=True)
class PricedMarket:
    """The probabilities ``market.OUTCOME`` of the rows, as they are.

    Attributes
    ----------
    outcomes : tuple of str
    """

    outcomes: tuple[str, ...]

    def probabilities(self, rows: pl.DataFrame) -> Probabilities:
        """The market's probabilities; NaN where it has no complete book."""
        columns = [f"market.{name}" for name in self.outcomes]
        check_columns(rows, columns, Market.name)
        found = rows.select(columns).cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)
        found[np.isnan(found).any(axis=1)] = np.nan
        return found

    def artifact(self) -> Mapping[str, Any]:
        """Nothing is fitted."""
        return {"model": Market.name, "outcomes": list(self.outcomes)}


@dataclass(frozen=True)
class Market:
    """The baseline of every comparison; it learns nothing."""

    name: ClassVar[str] = "market"

    def inputs(self) -> Inputs:
        """Market prices only."""
        return Inputs(market=True)

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> PricedMarket:
        """The same whatever the past."""
        return PricedMarket(outcomes)

    def restored(self, artifact: Mapping[str, Any]) -> PricedMarket:
        """As fitted."""
        check_model(artifact, self.name)
        return PricedMarket(tuple(artifact["outcomes"]))
