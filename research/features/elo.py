"""Elo ratings with the margin of victory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, log1p
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._results import Circuit, Side, circuit_of, score_of, share_of, side_of
from research.features._tour import expected_share, step_after

_READS: Final = ("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score", "winner")
#: largest part of the step on a tour (Kovalchik)
_TOUR_STEP: Final = 250.0


class _Running(ByInstant):
    """Rating and number of matches of each side; number of matches of each circuit."""

    def __init__(self, feature: Elo) -> None:
        super().__init__()
        self._made = feature
        self._ratings: dict[Side, tuple[float, int]] = {}
        self._counts: dict[Circuit, int] = {}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Every match moves both ratings from where they stood before the instant; the moves of a side are added."""
        moves: dict[Side, list[float]] = {}
        before: dict[Side, tuple[float, int]] = {}
        circuits: list[Circuit] = []
        for result in results:
            share = share_of(result)
            if share is None:
                continue
            circuits.append(circuit_of(result))
            home, away = side_of(result, "home"), side_of(result, "away")
            before[home], before[away] = self._of(home, result), self._of(away, result)
            expected = self._made.expected(before[home][0], before[away][0], result["neutral"])
            surprise = (share - expected) * self._made.weight(result)
            moves.setdefault(home, []).append(self._made.step(before[home][1], result["neutral"]) * surprise)
            moves.setdefault(away, []).append(-self._made.step(before[away][1], result["neutral"]) * surprise)
        for side, steps in moves.items():
            rating, played = before[side]
            self._ratings[side] = rating + fsum(steps), played + len(steps)
        for circuit in circuits:
            self._counts[circuit] = self._counts.get(circuit, 0) + 1

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Both ratings, their difference, and the expected share of the home side."""
        if self._counts.get(circuit_of(event), 0) < self._made.warm_up:
            return None, None, None, None
        home, away = self._of(side_of(event, "home"), event)[0], self._of(side_of(event, "away"), event)[0]
        return home, away, home - away, self._made.expected(home, away, event["neutral"])

    def _of(self, side: Side, event: Mapping[str, Any]) -> tuple[float, int]:
        known = self._ratings.get(side)
        if known is not None:
            return known
        is_entrant = not event["neutral"] and self._counts.get(circuit_of(event), 0) >= self._made.warm_up
        return self._made.start_rating - (self._made.entrant_gap if is_entrant else 0.0), 0


@dataclass(frozen=True)
class Elo:
    """Elo ratings: `home` and `away`, their difference `diff`, and `expected`, the expected share of the home side.

    After a match a rating moves by k * w * (share - expected), with share 1, 0.5 or 0, expected = 1 / (1 + 10^(-d /
    400)), d the difference plus the home advantage (Elo, 1978, The Rating of Chessplayers), and w = 1 + margin * ln(1 +
    difference of the scores), a form of Hvattum & Arntzen (2010), International Journal of Forecasting 26, that
    also serves sports with many points. Ratings belong to a side of a sport and go with it from one competition to
    another. On a tour (neutral events) w is 1 and k = 250 / (n + 5)^0.4 after n matches (Kovalchik, 2016, Journal of
    Quantitative Analysis in Sports 12).

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

    def step(self, played: int, neutral: bool) -> float:
        """Points that a surprise of 1 moves a side after so many matches."""
        return step_after(played, _TOUR_STEP) if neutral else self.k

    def weight(self, result: Mapping[str, Any]) -> float:
        """Weight of a result by its margin."""
        score = score_of(result)
        return 1.0 if score is None or result["neutral"] else 1.0 + self.margin * log1p(abs(score[0] - score[1]))

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
