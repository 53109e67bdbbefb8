"""Part of a tape: the decisions of a period, with the days and ids of the whole tape."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.columns import Tape

#: Arrays of a tape that do not have one element per row.
_NOT_ROWS = ("settle_order", "midnights")


def row_columns(tape: Tape, rows: slice | NDArray[np.bool_]) -> dict[str, Any]:
    """Some rows of each array that has one element per row, by the name of its field.

    Parameters
    ----------
    tape : Tape
    rows : slice or bool (n,)
    """
    return {
        name: column[rows]
        for name, column in vars(tape).items()
        if isinstance(column, np.ndarray) and name not in _NOT_ROWS
    }


def decided_between(tape: Tape, first_ns: int, end_ns: int) -> Tape:
    """Rows decided from `first_ns` (included) to `end_ns` (excluded), UTC nanoseconds, with all their settlements.

    Days and dense ids are those of the whole tape, so that results of several parts can be added day by day.
    """
    low, high = (int(at) for at in np.searchsorted(tape.decided_at, [first_ns, end_ns]))
    order = tape.settle_order
    columns = row_columns(tape, slice(low, high))
    digest = hashlib.blake2b(f"{tape.hash} {low} {high}".encode(), digest_size=16).hexdigest()
    part_order = order[(order >= low) & (order < high)] - low
    return replace(tape, **columns, settle_order=part_order, rows=tape.rows[low:high], hash=digest)
