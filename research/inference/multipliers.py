"""The luck that days share: fixed normal multipliers of calendar days, and the largest null statistics under them.

Under the null a daily series has mean zero. Multiply each day by an independent standard normal: the sum over its root
of squares is standard normal for each configuration, and keeps the correlation between configurations (the multiplier
bootstrap; Wu, Annals of Statistics 14 (1986); Chernozhukov, Chetverikov & Kato, Annals of Statistics 41 (2013)). The
normals are a function of the calendar date and the number of the draw alone, so the maxima of commands that ran on
different days belong together: the largest over two searches is the elementwise maximum of their vectors.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.inference.columns import column_slices, over_slices
from research.regression.threads import single_threaded

#: draws of one normal a day; each is used with both signs, so a vector has twice as many values
DRAWS: Final = 1_000
#: second word of the key of the generator; another number would make every stored vector another one
_KEY: Final = 20_260
_EPOCH: Final = dt.date(1970, 1, 1)
#: no configuration has a series: below every statistic
_NONE: Final = np.float32(-np.inf)


def day_number(date: dt.date) -> int:
    """Days since 1970-01-01.

    >>> day_number(dt.date(1970, 1, 3))
    2
    """
    return (date - _EPOCH).days


def multipliers(days: ArrayLike) -> NDArray[np.float32]:
    """Standard normals of calendar days, the same ones in every command.

    Each day has its own Philox generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), keyed
    by its number; normals by Box & Muller, Annals of Mathematical Statistics 29 (1958).

    Parameters
    ----------
    days : (n,) int
        Days since 1970-01-01.

    Returns
    -------
    float32 (DRAWS, n)
        Read-only.
    """
    return _drawn(np.asarray(days, np.int64).tobytes())


@lru_cache(maxsize=1)  # a command asks for the same days more than once
def _drawn(days: bytes) -> NDArray[np.float32]:
    """`multipliers` of the bytes of int64 days."""
    numbers = np.frombuffer(days, np.int64)
    bits = np.empty((len(numbers), DRAWS), np.uint64)
    for row, number in enumerate(numbers.tolist()):
        bits[row] = np.random.Philox(key=[number % 2**64, _KEY]).random_raw(DRAWS)
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    half = DRAWS // 2
    radius, angle = np.sqrt(-2.0 * np.log(uniform[:, :half])), 2.0 * np.pi * uniform[:, half:]
    normals = np.hstack([radius * np.cos(angle), radius * np.sin(angle)])
    drawn = np.ascontiguousarray(normals.T, np.float32)
    drawn.flags.writeable = False
    return drawn


def null_maxima(level: ArrayLike, first: dt.date) -> NDArray[np.float32]:
    """Largest null statistic over configurations, for each draw of the multipliers and for its opposite.

    The statistic of configuration j in draw r is sum_t x_tj g_r(t) / sqrt(sum_t x_tj^2): under the null the mean of a
    day is zero, so moments are about zero. Days without a bet change nothing, wherever the series begins and ends.

    Parameters
    ----------
    level : (days, configurations) float
        Profit of the bets that settled on a day, at level stakes. A column that is zero on all days, or holds a value
        that is not finite, is left out.
    first : date
        Of the first row.

    Returns
    -------
    float32 (2 * DRAWS,)
        -inf where no configuration has a bet.
    """
    series = np.asarray(level)
    n, configurations = series.shape
    active = np.zeros(n, np.bool_)
    for part in column_slices(configurations if n else 0, max(n, DRAWS)):
        active |= (series[:, part] != 0).any(axis=1)
    days = np.flatnonzero(active)
    if not len(days):
        return np.full(2 * DRAWS, _NONE)
    normals = multipliers(day_number(first) + days)

    def work(part: slice) -> NDArray[np.float32]:
        return _part_maxima(np.asarray(series[days, part], np.float64), normals)

    # one thread per matrix product, whatever the number of threads, so that the bits are the same
    with single_threaded():
        largest: NDArray[np.float32] = np.maximum.reduce(over_slices(work, configurations, max(n, DRAWS)))
    return largest


def _part_maxima(columns: NDArray[np.float64], normals: NDArray[Any]) -> NDArray[np.float32]:
    """`null_maxima` of some configurations, (days, c)."""
    squares = np.einsum("tj,tj->j", columns, columns)
    kept = np.isfinite(squares) & (squares > 0.0)
    if not kept.any():
        return np.full(2 * len(normals), _NONE)
    scaled = np.asarray(columns[:, kept] / np.sqrt(squares[kept]), np.float32)
    statistics = normals @ scaled
    return np.concatenate([statistics.max(axis=1), -statistics.min(axis=1)])
