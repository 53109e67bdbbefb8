"""Weighted Elo: the games of a match say how much it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.features._results import share_of
from research.features._tour import RANKING, READS, Rules, TourRatings, expected_share


def games_share(result: Mapping[str, Any]) -> float:
    """The winner's share of the games, or of the sets where no games are known; 1: neither, or no winner."""
    share = share_of(result)
    for first, second in (("home_games", "away_games"), ("home_score", "away_score")):
        home, away = result[first], result[second]
        if home is not None and away is not None and home + away > 0 and share in (0.0, 1.0):
            return float((home if share == 1.0 else away) / (home + away))
    return 1.0


@dataclass(frozen=True)
class Welo:
    """Weighted Elo: `home` and `away`, `diff`, their difference, and `expected`, the expected share of `home`.

    A match moves both ratings by k * f * (share - expected), with f the share of the games that the winner won and k =
    step / (n + 5)^0.4 after n matches: the WElo of Angelini, Candila & De Angelis (2022), European Journal of
    Operational Research 297, 120-132. A side without a match starts from its ranking points: start_rating +
    ranking_weight * ln(points / reference_points); with ranking_weight 0 at start_rating, as in the paper. Where no
    games are known the sets count.

    `ranking_diff` is the log ratio of the ranking points of both, and `ranking_diff_long` the
    same in matches over five sets, else 0: five sets favour the better side more. Both are null where nobody has
    points.

    There is no home advantage: the feature is meant for neutral events. Null: fewer than `warm_up` matches of the
    tour are settled. The constants of the start come from 2012 alone.

    Attributes
    ----------
    warm_up : int
    start_rating, ranking_weight, fewest_points, reference_points, step : float
        As `research.features._tour.Rules`.
    """

    name: ClassVar[str] = "welo"
    columns: ClassVar[Mapping[str, Any]] = {
        "home": pl.Float64,
        "away": pl.Float64,
        "diff": pl.Float64,
        "expected": pl.Float64,
        **dict.fromkeys(RANKING, pl.Float64),
    }
    warm_up: int = 100
    start_rating: float = 1500.0
    ranking_weight: float = 130.0
    fewest_points: float = 150.0
    reference_points: float = 800.0
    step: float = 250.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, READS, results, asked)

    def start(self) -> TourRatings:
        """No match yet."""
        ranked = self.ranking_weight, self.fewest_points, self.reference_points
        rules = Rules(self.warm_up, self.start_rating, *ranked, self.step)
        return TourRatings(rules, games_share, _values, len(self.columns) - len(RANKING))


def _values(home: float, away: float, home_here: float, away_here: float) -> tuple[float, ...]:
    return home, away, home - away, expected_share(home - away)
