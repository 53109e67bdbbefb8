"""States of a series: probabilities that know only the past, and those of hindsight, which no bet may rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError

#: observations for each state that a fit needs
OBSERVATIONS_MIN: Final = 10

Matrix = NDArray[np.float64]
Path = NDArray[np.int64]


@dataclass(frozen=True)
class _Told:
    """What is said of the state of each observation.

    Attributes
    ----------
    probabilities : array of float64, (n, k)
        Of each state; rows sum to one.
    """

    probabilities: Matrix

    @property
    def path(self) -> Path:
        """The most likely state of each observation; of equal ones the first. Raises `DataError` for NaN."""
        if np.isnan(self.probabilities).any():
            row = int(np.flatnonzero(np.isnan(self.probabilities).any(axis=1))[0])
            raise DataError(
                "a regime without a probability", where=f"observation {row + 1}", expected="numbers", found="NaN",
                todo="look for inputs without a value",
            )  # fmt: skip
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class Filtered(_Told):
    """States as of each observation: row t rests on observations 0 to t."""


@dataclass(frozen=True)
class Hindsight(_Told):
    """States given the whole series. For pictures and for measuring a lag; `in_force` refuses them."""


@runtime_checkable
class States(Protocol):
    """States whose numbers were fitted."""

    @property
    def centers(self) -> Matrix:
        """Mean inputs of each state, (k, d)."""
        ...

    @property
    def spreads(self) -> Matrix:
        """Standard deviations of the inputs in each state, (k, d)."""
        ...

    def filtered(self, values: Matrix) -> Filtered:
        """The state as of each observation of a series, (n, d) without NaN."""
        ...

    def hindsight(self, values: Matrix) -> Hindsight:
        """The states given the whole series."""
        ...

    def reordered(self, order: tuple[int, ...]) -> Self:
        """The same states by other numbers: the new state i is the old state ``order[i]``."""
        ...


def in_force(states: object) -> int:
    """The state after the last observation, for a decision that comes later.

    Raises
    ------
    ConfigurationError
        The states are those of hindsight, or of unknown origin.
    DataError
        A probability is NaN.
    """
    if not isinstance(states, Filtered):
        kind = "smoothed with later observations" if isinstance(states, Hindsight) else type(states).__name__
        raise ConfigurationError(
            "a regime that knows the future",
            expected="filtered states, each from the observations up to it",
            found=kind,
            todo="use States.filtered",
        )
    return int(states.path[-1])


def one_hot(path: Path, n_states: int) -> Matrix:
    """Probabilities of a path of certain states."""
    return np.eye(n_states)[path]


def check_enough(values: Matrix, n_states: int) -> None:
    """Require enough observations for a fit; raises `DataError`."""
    if len(values) < OBSERVATIONS_MIN * n_states:
        raise DataError(
            "too few observations for regimes",
            expected=f"at least {OBSERVATIONS_MIN * n_states} for {n_states} states",
            found=str(len(values)),
        )
