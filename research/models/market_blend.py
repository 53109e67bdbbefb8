"""A model beside the market: how much it adds to the prices, if anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.forecasting.contract import Inputs
from research.models import made
from research.models._ahead import check_at_least, inputs_together
from research.models._pooled import Pooled, check_members, pooled, restored
from research.models.market import Market


@dataclass(frozen=True)
class MarketBlend:
    """A log-linear pool of the market's probabilities and models, the market first; its weights are free.

    A model that knows nothing beyond the prices gets a weight near 0, or a negative one if the prices already hold too
    much of what it says.

    Attributes
    ----------
    of : tuple of str
        Models, with their defaults.
    parts : int
        Parts of the past that are forecast; 1 or more.
    """

    name: ClassVar[str] = "market_blend"
    of: tuple[str, ...] = ("logit",)
    parts: int = 4

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for members that cannot be."""
        check_members((Market.name, *self.of), self.name)
        check_at_least(self.parts, 1, f"model {self.name}, parts")

    def inputs(self) -> Inputs:
        """The market, and what the models read."""
        return inputs_together([made(name) for name in self.of], market=True)

    def fit(self, past: pl.DataFrame, outcomes: tuple[str, ...]) -> Pooled:
        """As `research.forecasting.contract.Model.fit`."""
        return pooled([Market(), *(made(name) for name in self.of)], past, outcomes, self.parts, self.name)

    def restored(self, artifact: Mapping[str, Any]) -> Pooled:
        """As `research.forecasting.contract.Model.restored`."""
        return restored(artifact, self.name)
