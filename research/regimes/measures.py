"""How regimes behave: changes a season, days until a change is noticed, agreement with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from research.regimes.states import Path


def changes(path: Path) -> int:
    """Number of changes of state along a path."""
    return int((np.diff(path) != 0).sum())


def agreement(path: Path, truth: Path) -> float:
    """Share of observations in the true state, with the states numbered as fits best."""
    n_states = int(max(path.max(), truth.max())) + 1
    orders = permutations(range(n_states))
    return max(float((np.array(order)[path] == truth).mean()) for order in orders)


def changes_a_season(path: Path, seasons: Sequence[str]) -> float:
    """Mean number of changes within a season; a change between two seasons counts to the later one.

    Parameters
    ----------
    path : array of int64, (n,)
    seasons : sequence of str
        Season of each observation.
    """
    return changes(path) / max(len(set(seasons)), 1)


def lags(path: Path, truth: Path, days: Sequence[int]) -> list[int]:
    """Days from each change of the true state until the path is in it.

    Parameters
    ----------
    path, truth : array of int64, (n,)
        By the same numbers; the truth may be that of hindsight.
    days : sequence of int
        Day of each observation.

    Returns
    -------
    list of int
        One for each change; a state that was left again before it was noticed counts the days that it lasted.
    """
    starts = np.flatnonzero(np.diff(truth) != 0) + 1
    ends = [*starts[1:].tolist(), len(truth)][: len(starts)]
    found = []
    for start, end in zip(starts.tolist(), ends, strict=True):
        there = np.flatnonzero(path[start:end] == truth[start])
        last = start + int(there[0]) if len(there) else min(end, len(truth) - 1)
        found.append(int(days[last]) - int(days[start]))
    return found
