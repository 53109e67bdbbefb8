"""The probability of backtest overfitting: how often the best of one half of the days is below the median in the other.

Combinatorially symmetric cross-validation: Bailey, Borwein, Lopez de Prado & Zhu, "The probability of backtest
overfitting", Journal of Computational Finance 20 (2017). The days are cut into blocks. Every half of the blocks is in
sample once, with the other half out of sample. Block sums are added for all splits at once by matrix products, so that
12,870 splits of 10,000 configurations take seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ConfigurationError
from research.inference.distinct import Distinct, distinct_columns
from research.regression.threads import single_threaded

__all__ = ["METRICS", "NullSeries", "Overfitting", "overfitting", "sampled_halves"]

Floats = NDArray[np.float64]

METRICS: Final = ("mean", "sharpe")
#: values of all configurations in all splits that are worked on at a time: few enough for the cache of a core
_BATCH: Final = 1 << 16
#: rounding error of the variance of a constant series, of the mean square
_NOISE: Final = 1e-12
#: from more configurations on, copies are looked for; the samples of the null band are smaller
_MANY: Final = 1_000


@dataclass(frozen=True)
class Overfitting:
    """Cross-validation of the selection of the best configuration.

    Attributes
    ----------
    logits : float64 (splits,)
        ln(w / (1 - w)) of each split, where w is the rank out of sample of the best in sample over the number of
        configurations plus 1 (ties: the mean rank). The first of equally good configurations is selected.
    in_sample, out_of_sample : float64 (splits,)
        Metric of the selected configuration in and out of sample.
    """

    logits: Floats
    in_sample: Floats
    out_of_sample: Floats

    @property
    def probability(self) -> float:
        """PBO: share of the splits whose logit is at most 0; about one half if no configuration is better."""
        return float(np.mean(self.logits <= 0.0))

    @property
    def slope(self) -> float:
        """Degradation: slope of the metric out of sample on that in sample; NaN if the latter is constant."""
        centred = self.in_sample - self.in_sample.mean()
        total = float(centred @ centred)
        return float(centred @ self.out_of_sample) / total if total > 0.0 else math.nan

    @property
    def loss(self) -> float:
        """Probability of loss: share of the splits in which the selected configuration loses out of sample."""
        return float(np.mean(self.out_of_sample < 0.0))


def overfitting(returns: ArrayLike, blocks: int = 16, metric: str = "sharpe") -> Overfitting:
    """Cross-validate the selection of the best configuration.

    Parameters
    ----------
    returns : (days, configurations) float
        One row per observation in order of time, no NaN.
    blocks : int
        An even number, at least 2; C(blocks, blocks / 2) splits. Block sizes differ by at most one day.
    metric : str
        ``mean``, or ``sharpe``: mean over standard deviation (divisor n - 1), 0 where the deviation is 0.

    Raises
    ------
    ConfigurationError
        If the number of blocks is odd, the metric unknown, or there are fewer than two days per block or fewer than
        two configurations.
    """
    series = np.asarray(returns)
    _check(series, blocks, metric)
    copies: NDArray[np.float32] | None = None
    if series.shape[1] > _MANY:
        distinct = distinct_columns(series)
        if 1 < len(distinct.columns) < series.shape[1]:
            series, copies = series[:, distinct.columns], distinct.copies.astype(np.float32)
    return _crossed(_Sums.of(series, _cuts(len(series), blocks)), metric, _halves(blocks), copies)


@dataclass(frozen=True)
class NullSeries:
    """The series whose replicas have no configuration that is better than another: each once, without idle days.

    Attributes
    ----------
    rows : float32 (distinct, active days)
        Series that differ, on the days on which any of them has a gain or a loss.
    place : int64 (configurations,)
        Row of each configuration.
    active : int64 (active days,)
        Which days these are.
    days : int
        Days, those without a gain or a loss too.
    """

    rows: NDArray[Any]
    place: NDArray[np.int64]
    active: NDArray[np.int64]
    days: int

    @classmethod
    def of(cls, returns: NDArray[Any], distinct: Distinct) -> NullSeries:
        """From (days, configurations), fastest where the days of a configuration lie side by side."""
        rows = returns.T[distinct.columns]
        active = np.flatnonzero((rows != 0.0).any(axis=0))
        return cls(np.take(rows, active, axis=1), distinct.place, active, len(returns))

    def crossed(
        self, sample: NDArray[np.intp], order: NDArray[np.int64], blocks: int, halves: NDArray[np.int64] | None
    ) -> Overfitting:
        """Cross-validate a replica by Sharpe ratio: centred returns, days resampled.

        Parameters
        ----------
        sample : int (c,)
            Configurations that are used, at least two.
        order : int64 (days,)
            The days in their new order (`block_bootstrap.resampled_order`).
        blocks : int
            As in `overfitting`.
        halves : int64 (pairs,) or None
            Which pairs of halves, from `sampled_halves`; each gives two splits. None: all pairs.
        """
        used, place = np.unique(self.place[sample], return_inverse=True)
        cuts = _cuts(self.days, blocks)
        sizes = np.diff(cuts).astype(np.float64)
        cells = np.repeat(np.arange(blocks) * self.days, np.diff(cuts)) + order
        counts = np.bincount(cells, minlength=blocks * self.days).reshape(blocks, self.days)
        days = counts[:, self.active].astype(np.float64)
        rows = self.rows[used].astype(np.float64)
        means = rows.sum(axis=1) / self.days
        with single_threaded():
            sums = days @ rows.T
            rows *= rows
            squares = days @ rows.T
        # about the mean: the idle days of a block are among its days, and zero
        shifts = sizes[:, None] * means
        squares -= means * (2.0 * sums - shifts)
        sums -= shifts
        moved = _Sums(sizes, sums[:, place], squares[:, place])
        pairs = _halves(blocks)
        return _crossed(moved, "sharpe", pairs if halves is None else pairs[halves], None)


def _cuts(days: int, blocks: int) -> NDArray[np.intp]:
    """First day of each block, and the number of days; (blocks + 1,)."""
    return np.linspace(0, days, blocks + 1).round().astype(np.intp)


@dataclass(frozen=True)
class _Sums:
    """Days of each block, (blocks,), and sums of returns and of their squares, (blocks, configurations)."""

    days: Floats
    sums: Floats
    squares: Floats

    @classmethod
    def of(cls, series: NDArray[Any], cuts: NDArray[np.intp]) -> _Sums:
        """From returns, (days, configurations), and the first day of each block (`_cuts`)."""
        configurations = series.shape[1]
        sums, squares = np.empty((len(cuts) - 1, configurations)), np.empty((len(cuts) - 1, configurations))
        step = max(1, _BATCH // int(cuts[-1]))
        for low in range(0, configurations, step):
            part = slice(low, min(low + step, configurations))
            rows = np.array(series[:, part].T, np.float64, order="C")  # a copy: it is squared in place
            sums[:, part] = np.add.reduceat(rows, cuts[:-1], axis=1).T
            rows *= rows
            squares[:, part] = np.add.reduceat(rows, cuts[:-1], axis=1).T
        return cls(np.diff(cuts).astype(np.float64), sums, squares)


@dataclass(frozen=True)
class _Half:
    """One half of each pair of halves: days, (pairs,), and for all configurations, (pairs, configurations).

    `order` ranks the configurations of a pair as the metric does. `squares` is None if the metric is the mean.
    """

    days: Floats
    sums: Floats
    order: Floats
    squares: Floats | None

    def metric(self, columns: NDArray[np.intp]) -> Floats:
        """Metric of one configuration of each pair, (pairs,)."""
        at = np.arange(len(columns)), columns
        mean: Floats = self.sums[at] / self.days
        if self.squares is None:
            return mean
        squares = self.squares[at]
        variance = (squares - mean * mean * self.days) / (self.days - 1.0)
        varies = self.order[at] != 0.0
        return np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0)


def _crossed(sums: _Sums, metric: str, pairs: Floats, copies: NDArray[np.float32] | None) -> Overfitting:
    """Both splits of each pair of halves; `copies` as in `_best_in_sample`."""
    results = np.empty((3, 2 * len(pairs)))
    squares = sums.squares if metric == "sharpe" else None
    step = max(1, _BATCH // sums.sums.shape[1])
    with single_threaded():  # products this small are slower on more threads
        for start in range(0, len(pairs), step):
            batch = pairs[start : start + step]
            first = _ranking(batch, sums.days, sums.sums, squares)
            second = _ranking(1.0 - batch, sums.days, sums.sums, squares)
            place = slice(2 * start, 2 * (start + len(batch)), 2)
            results[:, place] = _best_in_sample(first, second, copies)
            results[:, slice(place.start + 1, place.stop + 1, 2)] = _best_in_sample(second, first, copies)
    return Overfitting(*results)


def sampled_halves(blocks: int, count: int, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Numbers of `count` pairs of halves drawn by chance, ascending; None (all) where there are no more than that."""
    pairs = math.comb(blocks, blocks // 2) // 2
    return np.sort(rng.choice(pairs, count, replace=False)) if count < pairs else None


def _check(series: NDArray[Any], blocks: int, metric: str) -> None:
    if metric not in METRICS:
        raise ConfigurationError("no such metric", where="metric", expected=" or ".join(METRICS), found=metric)
    if blocks < 2 or blocks % 2:
        raise ConfigurationError("blocks cannot be halved", expected="an even number from 2 on", found=str(blocks))
    if series.ndim != 2 or series.shape[1] < 2 or len(series) < 2 * blocks:
        raise ConfigurationError(
            "too little data to cross-validate",
            expected=f"two configurations and {2 * blocks} days",
            found=f"an array of shape {series.shape}",
        )


@lru_cache(maxsize=4)
def _halves(blocks: int) -> Floats:
    """Halves that contain the first block, 0 or 1 per block, (pairs, blocks); each also implies its complement."""
    halves = [(0, *rest) for rest in combinations(range(1, blocks), blocks // 2 - 1)]
    mask = np.zeros((len(halves), blocks))
    for row, half in enumerate(halves):
        mask[row, list(half)] = 1.0
    mask.setflags(write=False)
    return mask


def _ranking(mask: Floats, days: Floats, sums: Floats, squares: Floats | None) -> _Half:
    """One half of each pair, for all configurations over the blocks of each mask."""
    n, total = mask @ days, mask @ sums
    if squares is None:
        return _Half(n, total, total, None)
    power = mask @ squares
    # s |s| / q grows with the Sharpe ratio, s / sqrt(q - s^2 / n), and costs a quarter: no root, one division
    order = np.abs(total)
    order *= total
    with np.errstate(divide="ignore", invalid="ignore"):
        order /= power
    most = n * (1.0 - _NOISE)
    if not max(order.max(), -order.min()) < most.min():  # NaN where there are only days without a gain or a loss
        order[~(np.abs(order) < most[:, None])] = 0.0
    return _Half(n, total, order, power)


def _best_in_sample(inside: _Half, outside: _Half, copies: NDArray[np.float32] | None) -> Floats:
    """Logit, metric in sample and metric out of sample of the best in sample, (3, splits).

    `copies` says how many configurations each column stands for; None: one.
    """
    best = np.argmax(inside.order, axis=1)
    value = np.take_along_axis(outside.order, best[:, None], axis=1)
    below, equal = (_counted(flags, copies) for flags in (outside.order < value, outside.order == value))
    configurations = outside.order.shape[1] if copies is None else float(copies.sum(dtype=np.float64))
    share = (below + (equal + 1.0) / 2.0) / (configurations + 1.0)
    return np.stack([np.log(share / (1.0 - share)), inside.metric(best), outside.metric(best)])


def _counted(flags: NDArray[np.bool_], copies: NDArray[np.float32] | None) -> NDArray[Any]:
    """How many configurations of each row are flagged: whole numbers, exact in float32, (splits,)."""
    if copies is None:
        return np.asarray(np.count_nonzero(flags, axis=1))
    return np.asarray(flags.astype(np.float32) @ copies, np.float64)
