"""What running features keep of the past: how many matches a circuit has had, and ratings that an instant moves."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import Any, Generic, TypeVar

from research.features._results import Circuit, circuit_of

__all__ = ["Moves", "State", "WarmUp"]

_Key = TypeVar("_Key")
#: two numbers that move together: a rating and its number of matches, or ratings at home and away
State = tuple[float, float]


class WarmUp:
    """Number of settled matches of each circuit.

    Parameters
    ----------
    matches : int
        Of a circuit, before its first value.
    """

    def __init__(self, matches: int) -> None:
        self._matches = matches
        self._counts: dict[Circuit, int] = {}

    def add(self, result: Mapping[str, Any]) -> None:
        """Count a match."""
        circuit = circuit_of(result)
        self._counts[circuit] = self._counts.get(circuit, 0) + 1

    def is_over(self, event: Mapping[str, Any]) -> bool:
        """Whether the circuit of an event has had so many matches."""
        return self._counts.get(circuit_of(event), 0) >= self._matches


class Moves(Generic[_Key]):
    """The moves of one instant: each from where its key stood before it. Those of a key are added, in any order."""

    def __init__(self) -> None:
        self._before: dict[_Key, State] = {}
        self._steps: dict[_Key, list[State]] = {}

    def add(self, key: _Key, before: State, step: State) -> None:
        """Note a move.

        Parameters
        ----------
        key : hashable
        before : State
            Before the instant. A side that is new, and that two matches of it would start differently, has the higher
            start.
        step : State
        """
        self._before[key] = max(before, self._before.get(key, before))
        self._steps.setdefault(key, []).append(step)

    def move(self, states: dict[_Key, State]) -> None:
        """Move the states of all keys that were noted."""
        for key, steps in self._steps.items():
            first, second = self._before[key]
            states[key] = first + fsum(step[0] for step in steps), second + fsum(step[1] for step in steps)
