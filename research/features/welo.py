"""Weighted Elo: the games of a match say how much it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from research.features._results import share_of
from research.features._tour import RANKING, TourElo, expected_share


def games_share(result: Mapping[str, Any]) -> float:
    """The winner's share of the games, or of the sets where no games are known; 1: neither, or no winner."""
    share = share_of(result)
    for first, second in (("home_games", "away_games"), ("home_score", "away_score")):
        home, away = result[first], result[second]
        if home is not None and away is not None and home + away > 0 and share in (0.0, 1.0):
            return float((home if share == 1.0 else away) / (home + away))
    return 1.0


@dataclass(frozen=True)
class Welo(TourElo):
    """Weighted Elo: `home` and `away`, `diff`, their difference, and `expected`, the expected share of `home`.

    A match moves both ratings by k * f * (share - expected), with f the share of the games that the winner won and k =
    step / (n + 5)^0.4 after n matches: the WElo of Angelini, Candila & De Angelis (2022), European Journal of
    Operational Research 297, 120-132. A side without a match starts from its ranking points: start_rating +
    ranking_weight * ln(points / reference_points); with ranking_weight 0 at start_rating, as in the paper. Where no
    games are known the sets count.

    `ranking_diff`, `ranking_diff_long`, null values and constants: as `research.features._tour.TourElo`.

    Attributes
    ----------
    warm_up, start_rating, ranking_weight, fewest_points, reference_points, step
        As `research.features._tour.TourElo`.
    """

    name: ClassVar[str] = "welo"
    columns: ClassVar[Mapping[str, Any]] = {
        "home": pl.Float64,
        "away": pl.Float64,
        "diff": pl.Float64,
        "expected": pl.Float64,
        **RANKING,
    }

    def weight(self, result: Mapping[str, Any]) -> float:
        """The share of the games that the winner won."""
        return games_share(result)

    def combined(self, home: float, away: float, home_here: float, away_here: float) -> tuple[float, ...]:
        """The values of an event, from the overall ratings alone."""
        return home, away, home - away, expected_share(home - away)
