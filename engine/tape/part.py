"""A part of a tape: the decisions of a span, with all days and ids as they were."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from engine.tape.columns import Tape

#: arrays of a tape that do not have one element a row
_NOT_ROWS = ("settle_order", "midnights")


def decided_between(tape: Tape, first_ns: int, end_ns: int) -> Tape:
    """The rows decided from `first_ns` up to, and without, `end_ns`; their settlements with them, whenever they come.

    Days and dense ids are those of the whole tape, so what is done along parts can be added up day by day.
    """
    low, high = (int(at) for at in np.searchsorted(tape.decided_at, [first_ns, end_ns]))
    order = tape.settle_order
    columns: dict[str, Any] = {
        name: column[low:high]
        for name, column in vars(tape).items()
        if isinstance(column, np.ndarray) and name not in _NOT_ROWS
    }
    digest = hashlib.blake2b(f"{tape.hash} {low} {high}".encode(), digest_size=16).hexdigest()
    own = order[(order >= low) & (order < high)] - low
    return replace(tape, **columns, settle_order=own, rows=tape.rows[low:high], hash=digest)
