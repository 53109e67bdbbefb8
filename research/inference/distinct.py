"""Which configurations are the same series: copies have the same statistics, so these are computed once.

Two configurations that place the same bets have the same days, bit for bit; on small sweeps half of them do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.inference.columns import over_slices

__all__ = ["Distinct", "distinct_columns"]


@dataclass(frozen=True)
class Distinct:
    """The distinct columns of a table.

    Attributes
    ----------
    columns : int64 (distinct,)
        The first column of each set of equal ones, ascending.
    place : int64 (columns,)
        For each column the place of its set in `columns`.
    """

    columns: NDArray[np.int64]
    place: NDArray[np.int64]

    @property
    def copies(self) -> NDArray[np.int64]:
        """How many columns each set has, int64 (distinct,)."""
        return np.bincount(self.place, minlength=len(self.columns)).astype(np.int64)

    def any_of(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a set has a flagged column, bool (distinct,)."""
        flagged = np.zeros(len(self.columns), np.bool_)
        flagged[self.place[flags]] = True
        return flagged


def distinct_columns(series: NDArray[Any]) -> Distinct:
    """Find equal columns by the hash of their bytes; 0.0 and -0.0 are different, NaN of the same bits are equal.

    Parameters
    ----------
    series : (days, columns)
        Fastest where the days of a column lie side by side, as in a sweep.
    """
    first, place = dict[bytes, int](), np.empty(series.shape[1], np.int64)
    columns = list[int]()

    def keys_of(part: slice) -> list[bytes]:
        days = (np.ascontiguousarray(series[:, column]).data for column in range(part.start, part.stop))
        return [hashlib.blake2b(one, digest_size=16).digest() for one in days]

    for column, key in enumerate(chain.from_iterable(over_slices(keys_of, series.shape[1], len(series)))):
        place[column] = first.setdefault(key, len(columns))
        if place[column] == len(columns):
            columns.append(column)
    return Distinct(np.array(columns, np.int64), place)
