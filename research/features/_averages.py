"""Averages of the last matches with falling weights, drawn towards a base: the form of a side."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from math import fsum
from typing import Any, Final

from research.features._results import Circuit, places_of, side_of

__all__ = ["AtPlaces", "Averages", "Levels", "at_home_and_away"]

#: numbers of the home side and of the away side
Pair = tuple[float, float]


class Averages:
    """An average for each key: the values of an instant have weight 1, those of the instant before it `decay`, ...

    Parameters
    ----------
    decay : float
        Above 0, at most 1; 1: a plain mean.
    prior : float
        Weight of the base, in matches: the average of n old values is (prior * base + sum) / (prior + weight).
    """

    def __init__(self, decay: float, prior: float) -> None:
        self._decay, self._prior = decay, prior
        self._sums: dict[Hashable, tuple[float, float]] = {}

    def add(self, values: Iterable[tuple[Hashable, float]]) -> None:
        """Take in the values of one instant, each with its key."""
        new: dict[Hashable, list[float]] = {}
        for key, value in values:
            new.setdefault(key, []).append(value)
        for key, added in new.items():
            total, weight = self._sums.get(key, (0.0, 0.0))
            kept = self._decay ** len(added)
            self._sums[key] = total * kept + fsum(added), weight * kept + len(added)

    def of(self, key: Hashable, base: float) -> float:
        """The average of a key; the base where it has no value and there is a prior."""
        total, weight = self._sums.get(key, (0.0, 0.0))
        return (self._prior * base + total) / (self._prior + weight)


class AtPlaces:
    """Averages of a number of each side, and of that of its opponents (conceded), at home and away apart.

    A match on neutral ground counts to both places of a side, and is told by the mean of both.

    Parameters
    ----------
    decay, prior : float
        As `Averages`.
    """

    def __init__(self, decay: float, prior: float) -> None:
        self._averages = Averages(decay, prior)

    def add(self, matches: Iterable[tuple[Mapping[str, Any], Pair]]) -> None:
        """Take in the matches of one instant, each with the numbers of both sides."""
        values: list[tuple[Hashable, float]] = []
        for match, (home, away) in matches:
            for side, own, other in (("home", home, away), ("away", away, home)):
                for place in places_of(match, side):
                    key = side_of(match, side), place
                    values += [((*key, "own"), own), ((*key, "conceded"), other)]
        self._averages.add(values)

    def of(self, event: Mapping[str, Any], side: str, usual: Pair) -> Pair:
        """Both averages of a side where it plays; `usual` are those of home and away, for a side without a match."""
        home, away = usual
        bases = {"home": (home, away), "away": (away, home)}
        name, places = side_of(event, side), places_of(event, side)
        own, conceded = (
            fsum(self._averages.of((name, place, what), bases[place][number]) for place in places) / len(places)
            for number, what in enumerate(("own", "conceded"))
        )
        return own, conceded


def at_home_and_away(match: Mapping[str, Any], numbers: Pair) -> Pair:
    """What a match says of a home and of an away side: its numbers; on neutral ground the mean of both, for each."""
    mean = 0.5 * (numbers[0] + numbers[1])
    return (mean, mean) if match["neutral"] else numbers


class Levels:
    """The usual values of each circuit, and whether it has had its warm-up.

    Parameters
    ----------
    warm_up : int
        Matches.
    """

    #: weight of a match relative to the one after it: a level follows about the last 1,000 matches of a circuit
    DECAY: Final = 0.998

    def __init__(self, warm_up: int) -> None:
        self._warm_up = warm_up
        self._averages = Averages(self.DECAY, 0.0)
        self._counts: dict[Circuit, int] = {}

    def add(self, matches: Iterable[tuple[Circuit, dict[str, float]]]) -> None:
        """Take in the matches of one instant: the values of each by name, the same names for all."""
        told = list(matches)
        self._averages.add(((circuit, name), value) for circuit, values in told for name, value in values.items())
        for circuit, _ in told:
            self._counts[circuit] = self._counts.get(circuit, 0) + 1

    def is_warm(self, circuit: Circuit) -> bool:
        """Whether `warm_up` matches of the circuit, and at least one, are settled."""
        return self._counts.get(circuit, 0) >= max(self._warm_up, 1)

    def of(self, circuit: Circuit, name: str) -> float:
        """The usual value of a circuit that has one match or more."""
        return self._averages.of((circuit, name), 0.0)
