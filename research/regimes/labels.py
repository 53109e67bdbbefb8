"""Numbers of states that mean the same from one fit to the next."""

from __future__ import annotations

from itertools import permutations
from typing import Final, TypeVar

import numpy as np

from engine.errors import ConfigurationError
from research.regimes.states import Matrix, States

AnyStates = TypeVar("AnyStates", bound=States)

#: moments by which states are ordered
MOMENTS: Final = ("mean", "spread")
#: states at most; all orders of them are compared
STATES_MAX: Final = 6


def ordered(states: AnyStates, column: int, moment: str = "mean") -> AnyStates:
    """The states in ascending order of a moment of one input; equal ones keep their order.

    Raises
    ------
    ConfigurationError
        There is no such moment.
    """
    if moment not in MOMENTS:
        raise ConfigurationError("unknown moment of a state", expected=" | ".join(MOMENTS), found=repr(moment))
    values = (states.centers if moment == "mean" else states.spreads)[:, column]
    return states.reordered(tuple(int(i) for i in np.argsort(values, kind="stable")))


def matched(states: AnyStates, centers: Matrix, previous: Matrix) -> AnyStates:
    """The states numbered as those of the previous fit that they are nearest to.

    Of all orders the one with the smallest sum of squared distances counts; of equal ones the first.

    Parameters
    ----------
    states : States
    centers, previous : array of float64, (k, d)
        Centers of these states and of the previous fit, in the same units.
    """
    if centers.shape != previous.shape or len(centers) > STATES_MAX:
        raise ConfigurationError(
            "states that cannot be matched",
            expected=f"as many as before, and {STATES_MAX} at most",
            found=f"{len(centers)} after {len(previous)}",
        )
    distance = ((centers[:, None, :] - previous) ** 2).sum(axis=2)
    orders = permutations(range(len(centers)))
    best = min(orders, key=lambda order: sum(distance[state, place] for place, state in enumerate(order)))
    return states.reordered(best)
