"""Ratings of a tour: Elo with a falling step, overall and by surface, that start from the official ranking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._results import Side, share_of, side_of
from research.features._running import Moves, State, WarmUp

__all__ = ["RANKING", "TourElo", "expected_share", "ranking_of", "step_after"]

_READS: Final = (
    "sport", "competition", "home", "away", "neutral", "surface", "best_of", "home_rank_points", "away_rank_points",
    "status", "home_score", "away_score", "winner", "home_games", "away_games",
)  # fmt: skip
#: columns of `ranking_of`
RANKING: Final[Mapping[str, Any]] = dict.fromkeys(("ranking_diff", "ranking_diff_long"), pl.Float64)
#: largest number of sets of a long match
_LONG: Final = 5
#: a rating by side and surface; the surface is empty for the overall one
_Key = tuple[Side, str]


def expected_share(ahead: float) -> float:
    """Expected share of a side that is so many points ahead: 1 / (1 + 10^(-ahead / 400))."""
    return 1.0 / (1.0 + float(10.0 ** (-ahead / 400.0)))


def step_after(played: float, largest: float) -> float:
    """The step k of a side after so many matches: largest / (n + 5)^0.4."""
    return largest / float((played + 5.0) ** 0.4)


def ranking_of(event: Mapping[str, Any], fewest_points: float) -> tuple[float | None, float | None]:
    """Log ratio of the ranking points of both sides before an event, and the same if it is over five sets, else 0.

    Fewer points than `fewest_points` count as so many, and so does the lack of them where the other side has some;
    None: nobody has any.
    """
    points = [event["home_rank_points"], event["away_rank_points"]]
    if points == [None, None]:
        return None, None
    home, away = (max(value or 0.0, fewest_points) for value in points)
    ratio = log(home / away)
    return ratio, ratio if event["best_of"] == _LONG else 0.0


class _Running(ByInstant):
    """Rating and number of matches of each side, over all surfaces and on each of them.

    A rating on a surface starts from the overall rating. All matches of an instant move the ratings from where they
    stood before it; the moves of a side are added. A side that starts with two rankings in one instant has the
    higher one.
    """

    def __init__(self, feature: TourElo) -> None:
        super().__init__()
        self._made = feature
        self._ratings: dict[_Key, State] = {}
        self._warm_up = WarmUp(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """As the class says; a match without an outcome moves nothing."""
        moves = Moves[_Key]()
        for result in results:
            share = share_of(result)
            if share is None:
                continue
            weight = self._made.weight(result)
            self._warm_up.add(result)
            for surface in dict.fromkeys(("", result["surface"] or "")):
                home, away = (self._of(result, side, surface) for side in ("home", "away"))
                surprise = weight * (share - expected_share(home[0] - away[0]))
                for side, known, sign in (("home", home, 1.0), ("away", away, -1.0)):
                    step = sign * step_after(known[1], self._made.step) * surprise
                    moves.add((side_of(result, side), surface), known, (step, 1.0))
        moves.move(self._ratings)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """The values of an event; None before the warm-up."""
        if not self._warm_up.is_over(event):
            return (None,) * len(self._made.columns)
        surface = event["surface"] or ""
        ratings = [self._of(event, side, where)[0] for where in ("", surface) for side in ("home", "away")]
        return *self._made.combined(*ratings), *ranking_of(event, self._made.fewest_points)

    def _of(self, event: Mapping[str, Any], side: str, surface: str) -> State:
        """Rating and number of matches; of a side that is new on a surface the overall rating, and no match."""
        name = side_of(event, side)
        known = self._ratings.get((name, surface))
        if known is not None:
            return known
        overall = self._ratings.get((name, ""))
        return (self._made.first_rating(event[f"{side}_rank_points"]) if overall is None else overall[0]), 0.0


@dataclass(frozen=True)
class TourElo(ABC):
    """A feature of such ratings; a subclass says what counts.

    There is no home advantage: the feature is meant for a tour. `ranking_diff` is the log ratio of the ranking points
    of both, and `ranking_diff_long` the same in matches over five sets, else 0: five sets favour the better side more.
    Both are null where nobody has points. Null, too: fewer than `warm_up` matches of the tour are settled. The
    constants of the start come from 2012 alone.

    Attributes
    ----------
    name : str
        As `engine.strategy.Feature`.
    columns : mapping of str to polars.DataType
        Those of `combined`, then `RANKING`.
    warm_up : int
        Matches of the circuit before the first value.
    start_rating : float
        Points of a side without a match and without a ranking.
    ranking_weight : float
        Points that a factor e in ranking points is worth at the start; 0: the ranking is not read.
    fewest_points : float
        A side with fewer ranking points, or none, starts as one with so many.
    reference_points : float
        Ranking points of a side that starts with `start_rating` at `ranking_weight` above 0.
    step : float
        Largest part of the step: step / (n + 5)^0.4 after n matches.
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Any]]
    warm_up: int = 100
    start_rating: float = 1500.0
    ranking_weight: float = 130.0
    fewest_points: float = 150.0
    reference_points: float = 800.0
    step: float = 250.0

    def first_rating(self, points: float | None) -> float:
        """Rating of a side without a match."""
        if self.ranking_weight == 0.0:
            return self.start_rating
        return self.start_rating + self.ranking_weight * log(
            max(points or 0.0, self.fewest_points) / self.reference_points
        )

    def weight(self, result: Mapping[str, Any]) -> float:
        """Weight of a result in the move of the ratings."""
        return 1.0

    @abstractmethod
    def combined(self, home: float, away: float, home_here: float, away_here: float) -> tuple[float, ...]:
        """The values of an event, from the overall ratings and those on its surface."""

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
