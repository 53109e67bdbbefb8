"""How regimes behave: changes of state, and days until a change is noticed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from research.regimes.states import Path


def changes(path: Path) -> int:
    """Number of changes of state along a path."""
    return int((np.diff(path) != 0).sum())


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
