"""Elo ratings of a tour, overall and by surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.features._tour import RANKING, READS, Rules, TourRatings, expected_share


@dataclass(frozen=True)
class EloSurface:
    """Elo with surface: `home` and `away`, `diff`, their difference, and `expected`, the expected share of `home`.

    A rating is (1 - w) times the overall rating plus w times that on the surface of the event, with w `surface_weight`.
    Both move as Elo ratings with the step k = step / (n + 5)^0.4 after n matches, all of them or those on the surface
    (Kovalchik, 2016, Journal of Quantitative Analysis in Sports 12, with step 250). `surface_diff` is the difference on
    the surface alone. A side that is new on a surface has its overall rating there; one without a match starts from
    its ranking points: start_rating + ranking_weight * ln(points / reference_points). An event without a surface has
    the overall rating.

    `ranking_diff` is the log ratio of the ranking points of both, and `ranking_diff_long` the
    same in matches over five sets, else 0: five sets favour the better side more. Both are null where nobody has
    points.

    There is no home advantage: the feature is meant for neutral events. Null: fewer than `warm_up` matches of the
    tour are settled. The constants of the start come from 2012 alone.

    Attributes
    ----------
    warm_up : int
    surface_weight : float
        0 to 1.
    start_rating, ranking_weight, fewest_points, reference_points, step : float
        As `research.features._tour.Rules`.
    """

    name: ClassVar[str] = "elo_surface"
    columns: ClassVar[Mapping[str, Any]] = {
        "home": pl.Float64,
        "away": pl.Float64,
        "diff": pl.Float64,
        "surface_diff": pl.Float64,
        "expected": pl.Float64,
        **dict.fromkeys(RANKING, pl.Float64),
    }
    warm_up: int = 100
    surface_weight: float = 0.3
    start_rating: float = 1500.0
    ranking_weight: float = 130.0
    fewest_points: float = 150.0
    reference_points: float = 800.0
    step: float = 120.0

    def combined(self, home: float, away: float, home_here: float, away_here: float) -> tuple[float, ...]:
        """The values of an event, from the overall ratings and those on its surface."""
        w = self.surface_weight
        first, second = (1.0 - w) * home + w * home_here, (1.0 - w) * away + w * away_here
        return first, second, first - second, home_here - away_here, expected_share(first - second)

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, READS, results, asked)

    def start(self) -> TourRatings:
        """No match yet."""
        ranked = self.ranking_weight, self.fewest_points, self.reference_points
        rules = Rules(self.warm_up, self.start_rating, *ranked, self.step)
        return TourRatings(rules, lambda result: 1.0, self.combined, len(self.columns) - len(RANKING))
