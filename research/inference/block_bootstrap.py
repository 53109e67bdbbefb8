"""The stationary bootstrap of days: which days a resample holds, and how long its blocks are.

Politis & Romano, "The stationary bootstrap", JASA 89 (1994); block length by Politis & White, "Automatic block-length
selection for the dependent bootstrap", Econometric Reviews 23 (2004), with the correction of Patton, Politis & White,
Econometric Reviews 28 (2009).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["block_length", "circular_block_length", "resampled_days", "resampled_order"]

Floats = NDArray[np.float64]


def block_length(series: ArrayLike) -> float:
    """Mean block length of the stationary bootstrap that suits the dependence of a series; 1 at least.

    Parameters
    ----------
    series : (n,) float
        In order of time, no NaN. A constant series, or one shorter than 5, has a length of 1.
    """
    return _length(series, 2.0)


def circular_block_length(series: ArrayLike) -> float:
    """Block length of the circular bootstrap; as `block_length` otherwise."""
    return _length(series, 4.0 / 3.0)


def _length(series: ArrayLike, factor: float) -> float:
    values = np.asarray(series, np.float64)
    n = len(values)
    apart = values - values.mean() if n else values
    if n < 5 or not np.ptp(values) > 0.0:
        return 1.0
    most = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    in_a_row = max(5, int(math.log10(n)))
    covariances, bandwidth = _covariances(apart, in_a_row)
    lags = np.arange(1, bandwidth + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))  # flat-top lag window
    own = covariances[1 : bandwidth + 1]
    slope = float(np.sum(2.0 * weights * lags * own))
    variance = float(covariances[0] + np.sum(2.0 * weights * own))
    scale = factor * variance**2
    if not scale > 0.0:
        return 1.0
    return float(min(max(1.0, (2.0 * slope**2 / scale) ** (1.0 / 3.0) * n ** (1.0 / 3.0)), most))


def _covariances(apart: Floats, in_a_row: int) -> tuple[Floats, int]:
    """Autocovariances by lag, and the bandwidth: twice the lag after which `in_a_row` correlations are negligible."""
    n = len(apart)
    last = min(math.ceil(math.sqrt(n)) + in_a_row, n - 2)
    negligible = 2.0 * math.sqrt(math.log10(n) / n)
    covariances, correlations = np.zeros(last + 1), np.zeros(last + 1)
    found = None
    for lag in range(last + 1):
        product = float(apart[lag:] @ apart[: n - lag])
        spread = float(apart[lag + 1 :] @ apart[lag + 1 :]) * float(apart[: n - lag - 1] @ apart[: n - lag - 1])
        covariances[lag] = product / n
        correlations[lag] = abs(product) / math.sqrt(spread) if spread > 0.0 else 0.0
        if found is None and lag >= in_a_row and (correlations[lag - in_a_row : lag] < negligible).all():
            found = lag - in_a_row
    return covariances, last if found is None else min(2 * max(found, 1), last)


def resampled_days(n: int, length: float, resamples: int, rng: np.random.Generator) -> NDArray[Any]:
    """How often each day is in each resample of the stationary bootstrap.

    Blocks have geometric lengths with mean `length` and go on from the last day to the first.

    Parameters
    ----------
    n : int
        Days.
    length : float
        Mean length of a block, from 1 on.
    resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    float32 (resamples, n): rows add up to n.
    """
    counts = np.empty((resamples, n), np.float32)
    for row in range(resamples):
        counts[row] = np.bincount(resampled_order(n, length, rng), minlength=n)
    return counts


def resampled_order(n: int, length: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The days of one resample in their new order, int64 (n,); as `resampled_days` otherwise."""
    place = np.arange(n)
    begins = rng.random(n) < 1.0 / length
    begins[0] = True
    firsts = rng.integers(0, n, n)
    begin = np.maximum.accumulate(np.where(begins, place, 0))
    order: NDArray[np.int64] = (firsts[begin] + place - begin) % n
    return order
