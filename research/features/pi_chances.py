"""Pi-ratings by chances: goals, shots on target, shots and corners together, which is less chance than goals alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, ClassVar, Final

import polars as pl

from engine.asof.running import replayed
from engine.errors import ConfigurationError
from research.features._averages import Averages, Levels
from research.features._pi import Pi, PiRunning
from research.features._results import circuit_of, final_score

_KINDS: Final = ("shots_on_target", "shots", "corners")
_READS: Final = (
    *("sport", "competition", "home", "away", "neutral", "status", "home_score", "away_score"),
    *(f"{side}_{kind}" for kind in _KINDS for side in ("home", "away")),
)
#: goals of a side in a usual match, and its number of each statistic: what a new competition starts with
_USUAL: Final = {"goals": 1.35, "shots_on_target": 4.5, "shots": 12.3, "corners": 5.0}
#: matches of which the usual numbers have the weight
_PRIOR: Final = 50.0


class _Running(PiRunning):
    """By chances; goals for each statistic, by circuit, over the matches that have it."""

    def __init__(self, feature: PiChances) -> None:
        super().__init__(feature)
        self._weights = {"shots_on_target": feature.on_target, "shots": feature.shots, "corners": feature.corners}
        self._averages = Averages(Levels.DECAY, _PRIOR)

    def goals_of(self, result: Mapping[str, Any]) -> tuple[float, float] | None:
        """Weighted mean of the score and of the statistics, each in goals; of what the match has."""
        score = final_score(result)
        if score is None:
            return None
        known = _numbers(result)
        own = 1.0 - fsum(self._weights.values())
        total = own + fsum(self._weights[kind] for kind in known)
        if not known or total == 0.0:
            return score
        sides = [[own * goals] for goals in score]
        for kind, numbers in known.items():
            worth = self._worth(result, kind)
            for terms, number in zip(sides, numbers, strict=True):
                terms.append(self._weights[kind] * worth * number)
        return fsum(sides[0]) / total, fsum(sides[1]) / total

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """The ratings by what statistics were worth before the instant, then what they are worth after it."""
        super().take(results, settled_ns)
        told = []
        for result in results:
            score = final_score(result)
            if score is None:
                continue
            for kind, numbers in _numbers(result).items():
                key = circuit_of(result), kind
                told += [((*key, "goals"), 0.5 * sum(score)), ((*key, "count"), 0.5 * sum(numbers))]
        self._averages.add(told)

    def _worth(self, result: Mapping[str, Any], kind: str) -> float:
        """Goals for one of a statistic."""
        key = circuit_of(result), kind
        count = self._averages.of((*key, "count"), _USUAL[kind])
        return self._averages.of((*key, "goals"), _USUAL["goals"]) / count if count > 0.0 else 0.0


def _numbers(result: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Numbers of both sides, by statistic; without the statistics that the match lacks."""
    pairs = {kind: (result[f"home_{kind}"], result[f"away_{kind}"]) for kind in _KINDS}
    return {kind: pair for kind, pair in pairs.items() if None not in pair}


@dataclass(frozen=True)
class PiChances(Pi):
    """Pi-ratings by chances: `home` (at home), `away` (away), and `diff`, the expected difference in goals.

    As `research.features.pi_ratings.PiRatings`, but the goals of a match are a weighted mean of its score, its shots on
    target, its shots and its corners, each times the goals that come with one of them in the competition (over about
    its last 1,000 matches before). What a match lacks is left out and the other weights grow; with nothing but a score
    it counts as it does for pi-ratings. The score has what the other weights leave.

    Null and start of an unknown side: as there. The defaults are the best of a small grid on five leagues,
    2005/06-2012/13, beside `pi_ratings`.

    Attributes
    ----------
    warm_up : int
    on_target, shots, corners : float
        Weights; their sum is at most 1.
    rate, catch_up : float
    entrant_gap : float
    """

    name: ClassVar[str] = "pi_chances"
    on_target: float = 0.3
    shots: float = 0.2
    corners: float = 0.2
    rate: float = 0.045

    def __post_init__(self) -> None:
        """Raise `ConfigurationError` for weights that leave the score less than nothing."""
        weights = (self.on_target, self.shots, self.corners)
        if min(weights) < 0.0 or fsum(weights) > 1.0:
            raise ConfigurationError(
                "value out of range",
                where="feature pi_chances",
                expected="weights of 0 or more with a sum of at most 1",
                found=", ".join(map(str, weights)),
            )

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        return replayed(self, _READS, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
