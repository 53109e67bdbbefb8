"""The Elo ratings of both sides through an ordered logit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from research.models._ordered import RatingModel


@dataclass(frozen=True)
class Elo(RatingModel):
    """An ordered logit of ``elo.diff``, the difference of the ratings; its cuts hold the advantage of the home side.

    Attributes
    ----------
    rows_min : int
        Settled events with both ratings that a fit needs.
    """

    name: ClassVar[str] = "elo"
    feature: ClassVar[str] = "elo"
