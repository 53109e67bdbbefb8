"""Elo ratings with the margin of victory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._results import Side, final_score, is_tour, share_of, side_of
from research.features._running import Moves, State, WarmUp
from research.features._tour import expected_share, step_after

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: largest part of the step on a tour (Kovalchik)
_TOUR_STEP: Final = 250.0


class _Running(ByInstant):
    """Rating and number of matches of each side."""

    def __init__(self, feature: Elo) -> None:
        super().__init__()
        self._made = feature
        self._ratings: dict[Side, State] = {}
        self._warm_up = WarmUp(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Every match moves both ratings from where they stood before the instant; the moves of a side are added."""
        moves = Moves[Side]()
        counted = []
        for result in results:
            share = share_of(result)
            if share is None:
                continue
            counted.append(result)
            home, away = side_of(result, "home"), side_of(result, "away")
            before = self._of(home, result), self._of(away, result)
            expected = self._made.expected(before[0][0], before[1][0], result["neutral"])
            surprise = (share - expected) * self._made.weight(result)
            for side, known, sign in ((home, before[0], 1.0), (away, before[1], -1.0)):
                moves.add(side, known, (sign * self._made.step(known[1], is_tour(result)) * surprise, 1.0))
        moves.move(self._ratings)
        for result in counted:
            self._warm_up.add(result)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Both ratings, their difference, and the expected share of the home side."""
        if not self._warm_up.is_over(event):
            return None, None, None, None
        home, away = self._of(side_of(event, "home"), event)[0], self._of(side_of(event, "away"), event)[0]
        return home, away, home - away, self._made.expected(home, away, event["neutral"])

    def _of(self, side: Side, event: Mapping[str, Any]) -> State:
        known = self._ratings.get(side)
        if known is not None:
            return known
        is_entrant = not is_tour(event) and self._warm_up.is_over(event)
        return self._made.start_rating - (self._made.entrant_gap if is_entrant else 0.0), 0.0


@dataclass(frozen=True)
class Elo:
    """Elo ratings: `home` and `away`, their difference `diff`, and `expected`, the expected share of the home side.

    After a match a rating moves by k * w * (share - expected), with share 1, 0.5 or 0, expected = 1 / (1 + 10^(-d /
    400)), d the difference plus the home advantage (Elo, 1978, The Rating of Chessplayers), and w = 1 + margin * ln(1 +
    difference of the scores), a form of Hvattum & Arntzen (2010), International Journal of Forecasting 26, that
    also serves sports with many points. Ratings belong to a side of a sport and go with it from one competition to
    another. On neutral ground there is no home advantage. On a tour, where players meet on neutral ground as in tennis,
    w is 1 and k = 250 / (n + 5)^0.4 after n matches (Kovalchik, 2016, Journal of Quantitative Analysis in Sports 12).

    A side without a match has `start_rating`; one that enters a competition after its warm-up is `entrant_gap` below
    it, as promoted sides are. Null: fewer than `warm_up` matches of the competition (of the sport, on a tour) are
    settled. The defaults are the best of a small grid on five leagues, 2005/06-2012/13.

    Attributes
    ----------
    warm_up : int
    k : float
        Points.
    margin : float
    home_advantage, start_rating, entrant_gap : float
        Points.
    """

    name: ClassVar[str] = "elo"
    columns: ClassVar[Mapping[str, Any]] = {
        "home": pl.Float64,
        "away": pl.Float64,
        "diff": pl.Float64,
        "expected": pl.Float64,
    }
    warm_up: int = 100
    k: float = 10.0
    margin: float = 1.0
    home_advantage: float = 70.0
    start_rating: float = 1500.0
    entrant_gap: float = 100.0

    def expected(self, home: float, away: float, neutral: bool) -> float:
        """Expected share of the home side, between 0 and 1."""
        ahead = home - away + (0.0 if neutral else self.home_advantage)
        return expected_share(ahead)

    def step(self, played: float, on_tour: bool) -> float:
        """Points that a surprise of 1 moves a side after so many matches."""
        return step_after(played, _TOUR_STEP) if on_tour else self.k

    def weight(self, result: Mapping[str, Any]) -> float:
        """Weight of a result by its margin."""
        score = final_score(result)
        return 1.0 if score is None or is_tour(result) else 1.0 + self.margin * log1p(abs(score[0] - score[1]))

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
