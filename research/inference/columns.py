"""Columns of a large table, some at a time on each core. Results do not depend on the number of cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from engine.machine import cores

__all__ = ["IN_CACHE", "column_slices", "over_slices"]

Found = TypeVar("Found")

#: values that are worked on at a time
_BATCH: Final = 1 << 20
#: the same where each value is worked on by itself: few enough for the cache of a core
IN_CACHE: Final = 1 << 17


def over_slices(work: Callable[[slice], Found], columns: int, rows: int, values: int | None = None) -> list[Found]:
    """What `work` finds in each of the `column_slices`, in their order; each core takes one at a time."""
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, column_slices(columns, rows, values)))


def column_slices(columns: int, rows: int, values: int | None = None) -> Iterator[slice]:
    """Slices of the columns, each with about `values` values (default: `_BATCH`) at this number of rows."""
    step = max(1, (values or _BATCH) // max(rows, 1))
    for low in range(0, columns, step):
        yield slice(low, min(low + step, columns))
