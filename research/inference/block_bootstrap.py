"""The stationary bootstrap over days: the days of each resample, and the mean length of its blocks.

Politis & Romano, "The stationary bootstrap", JASA 89 (1994). Block length: Politis & White, "Automatic block-length
selection for the dependent bootstrap", Econometric Reviews 23 (2004), with the correction of Patton, Politis & White,
Econometric Reviews 28 (2009).
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "block_length",
    "circular_block_length",
    "lost_spread",
    "median_block_length",
    "resampled_day_counts",
    "resampled_order",
    "resampled_orders",
]

Floats = NDArray[np.float64]

#: configurations whose dependence between days determines a common block length
_SAMPLE: Final = 64


def block_length(series: ArrayLike) -> float:
    """Mean block length of the stationary bootstrap that suits the dependence of a series.

    Parameters
    ----------
    series : (n,) float
        In order of time, no NaN.

    Returns
    -------
    float
        At least 1. It is 1 for a constant series and for one shorter than 5.
    """
    return _length(series, 2.0)


def circular_block_length(series: ArrayLike) -> float:
    """Block length of the circular bootstrap; otherwise as `block_length`."""
    return _length(series, 4.0 / 3.0)


def median_block_length(series: NDArray[Any], columns: NDArray[np.intp] | None = None) -> float:
    """Median automatic block length over a spread of some columns, days; 1 without a column.

    Parameters
    ----------
    series : (days, configurations) float
        In order of time, no NaN.
    columns : (c,) int, optional
        Default: those that are not constant.
    """
    if columns is None:
        columns = np.flatnonzero(np.ptp(series, axis=0) > 0.0)
    if not len(columns):
        return 1.0
    sample = columns[np.unique(np.linspace(0, len(columns) - 1, _SAMPLE).astype(np.intp))]
    return float(np.median([block_length(series[:, column]) for column in sample]))


def _length(series: ArrayLike, factor: float) -> float:
    values = np.asarray(series, np.float64)
    n = len(values)
    centred = values - values.mean() if n else values
    if n < 5 or not np.ptp(values) > 0.0:
        return 1.0
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    run_length = max(5, int(math.log10(n)))
    covariances, bandwidth = _covariances(centred, run_length)
    slope, variance = _at_frequency_zero(covariances, bandwidth)
    scale = factor * variance**2
    if not scale > 0.0:
        return 1.0
    return float(min(max(1.0, (2.0 * slope**2 / scale) ** (1.0 / 3.0) * n ** (1.0 / 3.0)), longest))


def lost_spread(series: ArrayLike, length: float) -> float:
    """What blocks of a length lose of the spread of a sum over a long time.

    The long-run variance by the flat-top lag window, which hardly cuts slow dependence off, over the variance that the
    stationary bootstrap has: autocovariances fall by 1 - 1 / length a lag (Politis & Romano, 1994, lemma 1).

    Parameters
    ----------
    series : (n,) float
        In order of time, no NaN.
    length : float
        Mean block length, at least 1.

    Returns
    -------
    float
        Ratio of standard deviations, at least 1. It is 1 for a constant series and for one shorter than 8.
    """
    values = np.asarray(series, np.float64)
    if len(values) < 8 or not np.ptp(values) > 0.0:
        return 1.0
    covariances, bandwidth = _covariances(values - values.mean(), 5)
    _, variance = _at_frequency_zero(covariances, bandwidth)
    weights = (1.0 - 1.0 / length) ** np.arange(1, len(covariances))
    kept = float(covariances[0] + 2.0 * np.sum(weights * covariances[1:]))
    return math.sqrt(max(1.0, variance / kept)) if kept > 0.0 else 1.0


def _at_frequency_zero(covariances: Floats, bandwidth: int) -> tuple[float, float]:
    """Slope and value of the spectrum at frequency zero, up to a factor: the value is the long-run variance."""
    lags = np.arange(1, bandwidth + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / bandwidth))  # flat-top lag window
    lagged = covariances[1 : bandwidth + 1]
    return float(np.sum(2.0 * weights * lags * lagged)), float(covariances[0] + np.sum(2.0 * weights * lagged))


def _covariances(centred: Floats, run_length: int) -> tuple[Floats, int]:
    """Autocovariances by lag, and the bandwidth.

    The bandwidth is twice the lag after which `run_length` autocorrelations in a row are negligible.
    """
    n = len(centred)
    last = min(math.ceil(math.sqrt(n)) + run_length, n - 2)
    negligible = 2.0 * math.sqrt(math.log10(n) / n)
    covariances, correlations = np.zeros(last + 1), np.zeros(last + 1)
    cutoff = None
    for lag in range(last + 1):
        product = float(centred[lag:] @ centred[: n - lag])
        head, tail = centred[: n - lag - 1], centred[lag + 1 :]
        spread = float(tail @ tail) * float(head @ head)
        covariances[lag] = product / n
        correlations[lag] = abs(product) / math.sqrt(spread) if spread > 0.0 else 0.0
        if cutoff is None and lag >= run_length and (correlations[lag - run_length : lag] < negligible).all():
            cutoff = lag - run_length
    return covariances, last if cutoff is None else min(2 * max(cutoff, 1), last)


def resampled_day_counts(n: int, length: float, resamples: int, rng: np.random.Generator) -> NDArray[Any]:
    """How often each resample of the stationary bootstrap contains each day.

    Block lengths are geometric with mean `length`. A block that reaches the last day continues at the first.

    Parameters
    ----------
    n : int
        Days.
    length : float
        Mean block length, at least 1.
    resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    float32 (resamples, n)
        Each row sums to n.
    """
    counts = np.empty((resamples, n), np.float32)
    for row in range(resamples):
        counts[row] = np.bincount(resampled_order(n, length, rng), minlength=n)
    return counts


def resampled_order(n: int, length: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Days of one resample in their new order, int64 (n,); parameters as in `resampled_day_counts`."""
    return resampled_orders(n, length, (n,), rng)


def resampled_orders(n: int, length: float, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Days of many resamples, int64 of a shape (..., days) with as many days as wanted; else as `resampled_order`."""
    place = np.arange(shape[-1])
    begins = rng.random(shape) < 1.0 / length
    begins[..., 0] = True
    begin = np.maximum.accumulate(np.where(begins, place, 0), axis=-1)
    firsts = np.take_along_axis(rng.integers(0, n, shape), begin, axis=-1)
    orders: NDArray[np.int64] = (firsts + place - begin) % n
    return orders
