"""Pi-ratings: the running form, whatever is counted as the goals of a match."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import copysign, fsum, log10
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import ByInstant
from research.features._results import Circuit, Side, circuit_of, side_of

__all__ = ["Pi", "PiRunning", "diminished", "expected_goals"]

_BASE, _SCALE = 10.0, 3.0
#: rating at home, rating away
Pair = tuple[float, float]


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
    """Ratings of each side; number of matches of each circuit."""

    def __init__(self, feature: Pi) -> None:
        super().__init__()
        self._made = feature
        self._ratings: dict[Side, Pair] = {}
        self._counts: dict[Circuit, int] = {}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Every match moves both sides from where they stood before the instant; the moves of a side are added."""
        moves: dict[Side, list[Pair]] = {}
        before: dict[Side, Pair] = {}
        circuits: list[Circuit] = []
        for result in results:
            score = self.goals_of(result)
            if score is None:
                continue
            circuits.append(circuit_of(result))
            home, away = side_of(result, "home"), side_of(result, "away")
            before[home], before[away] = self._of(home, result), self._of(away, result)
            error = score[0] - score[1] - _expected(before[home], before[away], result["neutral"])
            step = self._made.rate * diminished(error)
            other = step if result["neutral"] else step * self._made.catch_up
            moves.setdefault(home, []).append((step, other))
            moves.setdefault(away, []).append((-other, -step))
        for side, steps in moves.items():
            at_home, away_from = before[side]
            self._ratings[side] = at_home + fsum(s[0] for s in steps), away_from + fsum(s[1] for s in steps)
        for circuit in circuits:
            self._counts[circuit] = self._counts.get(circuit, 0) + 1

    @abstractmethod
    def goals_of(self, result: Mapping[str, Any]) -> tuple[float, float] | None:
        """The goals of both sides; None: the match does not count."""

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """The ratings that the event is about, and the expected goal difference."""
        if self._counts.get(circuit_of(event), 0) < self._made.warm_up:
            return None, None, None
        home, away = self._of(side_of(event, "home"), event), self._of(side_of(event, "away"), event)
        neutral = event["neutral"]
        return _played(home, 0, neutral), _played(away, 1, neutral), _expected(home, away, neutral)

    def _of(self, side: Side, event: Mapping[str, Any]) -> Pair:
        known = self._ratings.get(side)
        if known is not None:
            return known
        is_entrant = not event["neutral"] and self._counts.get(circuit_of(event), 0) >= self._made.warm_up
        start = -self._made.entrant_gap if is_entrant else 0.0
        return start, start


def _played(pair: Pair, place: int, neutral: bool) -> float:
    """The rating that counts: at home (0) or away (1); on neutral ground the mean of both."""
    return 0.5 * (pair[0] + pair[1]) if neutral else pair[place]


def _expected(home: Pair, away: Pair, neutral: bool) -> float:
    return expected_goals(_played(home, 0, neutral)) - expected_goals(_played(away, 1, neutral))
