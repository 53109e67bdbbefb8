"""Pi-ratings: the running form, whatever is counted as the goals of a match."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import copysign, log10
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import ByInstant
from research.features._results import Side, is_tour, side_of
from research.features._running import Moves, State, WarmUp

__all__ = ["Pi", "PiRunning", "diminished", "expected_goals"]

_BASE, _SCALE = 10.0, 3.0


def expected_goals(rating: float) -> float:
    """Expected goal difference against an average side: sign(R) * (10^(|R| / 3) - 1)."""
    return copysign(_BASE ** (abs(rating) / _SCALE) - 1.0, rating)


def diminished(error: float) -> float:
    """An error in goals with diminishing weight: sign(e) * 3 * log10(1 + |e|)."""
    return copysign(_SCALE * log10(1.0 + abs(error)), error)


@dataclass(frozen=True)
class Pi:
    """A feature of pi-ratings; a subclass says what is counted as the goals of a match.

    Attributes
    ----------
    name : str
        As `engine.strategy.Feature`.
    columns : mapping of str to polars.DataType
        The rating of the home side at home, of the away side away, the expected difference.
    warm_up : int
    rate, catch_up : float
        Lambda and gamma of the paper (`research.features.pi_ratings.PiRatings`).
    entrant_gap : float
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Any]] = dict.fromkeys(("home", "away", "diff"), pl.Float64)
    warm_up: int = 100
    rate: float = 0.03
    catch_up: float = 0.95
    entrant_gap: float = 0.4


class PiRunning(ByInstant):
    """Ratings of each side, at home and away."""

    def __init__(self, feature: Pi) -> None:
        super().__init__()
        self._made = feature
        self._ratings: dict[Side, State] = {}
        self._warm_up = WarmUp(feature.warm_up)

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Every match moves both sides from where they stood before the instant; the moves of a side are added."""
        moves = Moves[Side]()
        counted = []
        for result in results:
            score = self.goals_of(result)
            if score is None:
                continue
            counted.append(result)
            home, away = side_of(result, "home"), side_of(result, "away")
            before = self._of(home, result), self._of(away, result)
            error = score[0] - score[1] - _expected(*before, result["neutral"])
            step = self._made.rate * diminished(error)
            other = step if result["neutral"] else step * self._made.catch_up
            moves.add(home, before[0], (step, other))
            moves.add(away, before[1], (-other, -step))
        moves.move(self._ratings)
        for result in counted:
            self._warm_up.add(result)

    @abstractmethod
    def goals_of(self, result: Mapping[str, Any]) -> tuple[float, float] | None:
        """The goals of both sides; None: the match does not count."""

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """The ratings that the event is about, and the expected goal difference."""
        if not self._warm_up.is_over(event):
            return None, None, None
        home, away = self._of(side_of(event, "home"), event), self._of(side_of(event, "away"), event)
        neutral = event["neutral"]
        return _played(home, 0, neutral), _played(away, 1, neutral), _expected(home, away, neutral)

    def _of(self, side: Side, event: Mapping[str, Any]) -> State:
        known = self._ratings.get(side)
        if known is not None:
            return known
        is_entrant = not is_tour(event) and self._warm_up.is_over(event)
        start = -self._made.entrant_gap if is_entrant else 0.0
        return start, start


def _played(pair: State, place: int, neutral: bool) -> float:
    """The rating that counts: at home (0) or away (1); on neutral ground the mean of both."""
    return 0.5 * (pair[0] + pair[1]) if neutral else pair[place]


def _expected(home: State, away: State, neutral: bool) -> float:
    return expected_goals(_played(home, 0, neutral)) - expected_goals(_played(away, 1, neutral))
