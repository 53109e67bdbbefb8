"""Form in statistics of matches: means with falling weights of what a side has and of what it concedes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import ByInstant, replayed
from research.features._averages import AtPlaces, Levels, Pair, at_home_and_away
from research.features._results import Circuit, circuit_of

__all__ = ["FormInStatistics", "columns_of"]

#: what of a match counts for a feature, beside the statistic itself
_READS = ("sport", "competition", "home", "away", "neutral", "status")
_SIDES = ("home", "away")


def columns_of(kinds: Sequence[str]) -> dict[str, Any]:
    """Columns of a form in some statistics: ``home_KIND``, ``home_KIND_conceded``, and those of the away side."""
    names = [f"{side}_{kind}{end}" for kind in kinds for side in _SIDES for end in ("", "_conceded")]
    return dict.fromkeys(names, pl.Float64)


class _Running(ByInstant):
    """Means of the sides and the usual values of the circuits, for some statistics, each on its own."""

    def __init__(self, feature: FormInStatistics) -> None:
        super().__init__()
        self._kinds = feature.kinds
        self._means = {kind: AtPlaces(feature.decay, feature.prior) for kind in self._kinds}
        self._levels = {kind: Levels(feature.warm_up) for kind in self._kinds}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """The matches of an instant; one without both numbers of a statistic does not count for it."""
        for kind in self._kinds:
            told: list[tuple[Mapping[str, Any], Pair]] = []
            levels: list[tuple[Circuit, dict[str, float]]] = []
            for result in results:
                home, away = result[f"home_{kind}"], result[f"away_{kind}"]
                if result["status"] != "played" or home is None or away is None:
                    continue
                told.append((result, (home, away)))
                usual = at_home_and_away(result, (home, away))
                levels.append((circuit_of(result), dict(zip(_SIDES, usual, strict=True))))
            self._means[kind].add(told)
            self._levels[kind].add(levels)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Means of both sides, in the order of `columns_of`."""
        found: list[float | None] = []
        circuit = circuit_of(event)
        for kind in self._kinds:
            levels, means = self._levels[kind], self._means[kind]
            if not levels.is_warm(circuit):
                found += [None] * 4
                continue
            usual = levels.of(circuit, "home"), levels.of(circuit, "away")
            for side in _SIDES:
                found += means.of(event, side, usual)
        return tuple(found)


@dataclass(frozen=True)
class FormInStatistics:
    """A feature of this form; a subclass says in which statistics.

    A match on neutral ground counts to both places of a side, and is told by the mean of both.

    Attributes
    ----------
    name, columns
        As `engine.strategy.Feature`.
    kinds : tuple of str
        Columns of events without their side: ``shots``.
    warm_up : int
        Matches of the competition with the statistic; null before.
    decay : float
        Weight of a match relative to the next one of the side; above 0, at most 1.
    prior : float
        Weight of the usual value of the competition, in matches; above 0.
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Any]]
    kinds: ClassVar[tuple[str, ...]]
    warm_up: int = 100
    decay: float = 0.97
    prior: float = 4.0

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The running form over all results."""
        reads = (*_READS, *(f"{side}_{kind}" for kind in self.kinds for side in _SIDES))
        return replayed(self, reads, results, asked)

    def start(self) -> _Running:
        """No match yet."""
        return _Running(self)
