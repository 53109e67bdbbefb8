"""Elo ratings of a tour by surface, with the ranking, through an ordered logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.models._ordered import RatingModel


@dataclass(frozen=True)
class EloSurface(RatingModel):
    """An ordered logit of the difference of the ratings and of the log ratio of the ranking points.

    Over five sets the ranking has a slope of its own. Where nobody has points the ratings count alone.

    Attributes
    ----------
    rows_min : int
        Settled events with ratings that a fit needs.
    """

    name: ClassVar[str] = "elo_surface"
    feature: ClassVar[str] = "elo_surface"
