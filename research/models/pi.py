"""The pi-ratings of both sides through an ordered logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.models._ordered import RatingModel


@dataclass(frozen=True)
class Pi(RatingModel):
    """An ordered logit of ``pi_ratings.diff``, the expected goal difference; its cuts adjust the home advantage.

    Attributes
    ----------
    rows_min : int
        Settled events with both ratings that a fit needs.
    """

    name: ClassVar[str] = "pi"
    feature: ClassVar[str] = "pi_ratings"
