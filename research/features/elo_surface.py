"""Elo ratings of a tour, overall and by surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.features._tour import RANKING, TourElo, expected_share


@dataclass(frozen=True)
class EloSurface(TourElo):
    """Elo with surface: `home` and `away`, `diff`, their difference, and `expected`, the expected share of `home`.

    A rating is (1 - w) times the overall rating plus w times that on the surface of the event, with w `surface_weight`.
    Both move as Elo ratings with the step k = step / (n + 5)^0.4 after n matches, all of them or those on the surface
    (Kovalchik, 2016, Journal of Quantitative Analysis in Sports 12, with step 250). `surface_diff` is the difference on
    the surface alone. A side that is new on a surface has its overall rating there; one without a match starts from
    its ranking points: start_rating + ranking_weight * ln(points / reference_points). An event without a surface has
    the overall rating.

    `ranking_diff`, `ranking_diff_long`, null values and constants: as `research.features._tour.TourElo`.

    Attributes
    ----------
    surface_weight : float
        0 to 1.
    warm_up, start_rating, ranking_weight, fewest_points, reference_points, step
        As `research.features._tour.TourElo`.
    """

    name: ClassVar[str] = "elo_surface"
    columns: ClassVar[Mapping[str, Any]] = {
        "home": pl.Float64,
        "away": pl.Float64,
        "diff": pl.Float64,
        "surface_diff": pl.Float64,
        "expected": pl.Float64,
        **RANKING,
    }
    surface_weight: float = 0.3
    step: float = 120.0

    def combined(self, home: float, away: float, home_here: float, away_here: float) -> tuple[float, ...]:
        """The values of an event, from the overall ratings and those on its surface."""
        w = self.surface_weight
        first, second = (1.0 - w) * home + w * home_here, (1.0 - w) * away + w * away_here
        return first, second, first - second, home_here - away_here, expected_share(first - second)
