"""A model beside the market: how much it adds to the prices, if anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.models._pooled import PoolModel
from research.models.market import Market


@dataclass(frozen=True)
class MarketBlend(PoolModel):
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

    def members(self) -> tuple[str, ...]:
        """The market, and the models."""
        return (Market.name, *self.of)
