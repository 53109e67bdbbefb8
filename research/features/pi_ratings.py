"""Pi-ratings: ability at home and away, from differences between the expected and the actual score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import replayed
from research.features._pi import Pi, PiRunning
from research.features._results import final_score

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score")


class _Running(PiRunning):
    """By the score."""

    def goals_of(self, result: Mapping[str, Any]) -> tuple[float, float] | None:
        """The score."""
        return final_score(result)


@dataclass(frozen=True)
class PiRatings(Pi):
    """Pi-ratings of the sides, `home` (at home) and `away` (away), and `diff`, the expected goal difference.

    Constantinou & Fenton (2013), Journal of Quantitative Analysis in Sports 9, section 2, with b = 10, c = 3. A match
    moves the rating of the home side at home by `rate` times the diminished error, and its rating away by `catch_up`
    times that; the other side likewise, against it. On neutral ground the mean of both ratings counts, and both move
    alike. Ratings belong to a side of a sport and go with it from one competition to another.

    A side without a match has 0, one that enters a competition after its warm-up -`entrant_gap`. Null: fewer than
    `warm_up` matches of the competition (of the sport, on a tour) are settled. The defaults are the best of a small
    grid on five leagues, 2005/06-2012/13; the paper has 0.035 and 0.7 on the Premier League.

    Attributes
    ----------
    warm_up : int
    rate, catch_up : float
        Lambda and gamma of the paper.
    entrant_gap : float
    """

    name: ClassVar[str] = "pi_ratings"

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
