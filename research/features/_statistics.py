"""Form in statistics of matches: means with falling weights of what a side has and of what it concedes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol

from engine.asof.running import ByInstant
from research.features._averages import Averages, Levels
from research.features._results import Circuit, circuit_of, side_of
from research.features.form import place_of

__all__ = ["SIDES", "StatisticForm", "Weights", "columns_of", "reads_of"]

#: what of a match counts for a feature, beside the statistic itself
_READS = ("sport", "competition", "home", "away", "neutral", "status")
SIDES = ("home", "away")


class Weights(Protocol):
    """Parameters of a form."""

    @property
    def warm_up(self) -> int:
        """Matches with the statistic until there is a value."""
        ...

    @property
    def decay(self) -> float:
        """Weight of a match relative to the one after it."""
        ...

    @property
    def prior(self) -> float:
        """Weight of the usual value, in matches."""
        ...


def columns_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """Columns of a form in some statistics: ``home_KIND``, ``home_KIND_conceded``, and those of the away side."""
    return tuple(f"{side}_{kind}{end}" for kind in kinds for side in SIDES for end in ("", "_conceded"))


def reads_of(kinds: Sequence[str]) -> tuple[str, ...]:
    """Columns of events that a form in some statistics reads."""
    return (*_READS, *(f"{side}_{kind}" for kind in kinds for side in SIDES))


class StatisticForm(ByInstant):
    """Means of the sides and the usual values of the circuits, for some statistics, each on its own.

    Parameters
    ----------
    kinds : sequence of str
        Columns of events without their side: ``shots``.
    weights : Weights
    """

    def __init__(self, kinds: Sequence[str], weights: Weights) -> None:
        super().__init__()
        self._kinds = tuple(kinds)
        self._means = {kind: Averages(weights.decay, weights.prior) for kind in kinds}
        self._levels = {kind: Levels(weights.warm_up) for kind in kinds}

    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """The matches of an instant; one without both numbers of a statistic does not count for it."""
        for kind in self._kinds:
            values: list[tuple[Hashable, float]] = []
            matches: list[tuple[Circuit, dict[str, float]]] = []
            for result in results:
                pair = result[f"home_{kind}"], result[f"away_{kind}"]
                if result["status"] != "played" or pair[0] is None or pair[1] is None:
                    continue
                for side, own, other in (("home", pair[0], pair[1]), ("away", pair[1], pair[0])):
                    key = side_of(result, side), place_of(result, side)
                    values += [((*key, "own"), own), ((*key, "conceded"), other)]
                mean = 0.5 * (pair[0] + pair[1])
                home, away = (mean, mean) if result["neutral"] else pair
                matches.append((circuit_of(result), {"home": home, "away": away}))
            self._means[kind].add(values)
            self._levels[kind].add(matches)

    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[float | None, ...]:
        """Means of both sides, in the order of `columns_of`."""
        found: list[float | None] = []
        circuit = circuit_of(event)
        for kind in self._kinds:
            levels, means = self._levels[kind], self._means[kind]
            if not levels.is_warm(circuit):
                found += [None] * 4
                continue
            usual = [levels.of(circuit, side) for side in SIDES]
            for side, own, conceded in (("home", usual[0], usual[1]), ("away", usual[1], usual[0])):
                key = side_of(event, side), place_of(event, side)
                found += [means.of((*key, "own"), own), means.of((*key, "conceded"), conceded)]
        return tuple(found)
