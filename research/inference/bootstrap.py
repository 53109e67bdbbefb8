"""The bootstrap over events: how far a yield could have come out otherwise.

Bets on one match are not independent draws: its markets, its selections and its prices share one result. So the unit
that is drawn is the event, with all its bets (cluster bootstrap: Davison & Hinkley 1997, section 3.8; Cameron, Gelbach
& Miller 2008). Of a run of a million bets the events are first put into at most `GROUPS` random groups of equal size
(random groups: Wolter 2007, chapter 2). The cumulants of independent sums add up, so the spread stays the same, known
to a relative error of 1/sqrt(2 * GROUPS), under 2 %, at a bounded cost.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: most groups of events that are drawn; more events share a group
GROUPS: Final = 2048
#: fewest events that an interval is drawn from: resampled from less, it is much too narrow
FEWEST: Final = 10
#: replicates of an interval unless told
REPLICATES: Final = 1000
#: index entries drawn at a time
_BLOCK: Final = 1 << 21


def generator(seed: int, *purpose: object) -> np.random.Generator:
    """A counter-based generator keyed by seed and purpose, so that no result depends on what else was drawn.

    Parameters
    ----------
    seed : int
        Seed of the run.
    *purpose : object
        What the draws are for, for example ``"yield", "season", "2021-2022"``; their `str` is hashed.
    """
    words = "\x1f".join([str(int(seed)), *map(str, purpose)])
    key = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


@dataclass(frozen=True)
class Interval:
    """A ratio with its uncertainty; `low`, `high` and `se` are NaN where too little carries them."""

    estimate: float
    low: float
    high: float
    se: float
    level: float

    @property
    def known(self) -> bool:
        """Whether there is an interval at all."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


def event_sums(columns: ArrayLike, event: ArrayLike) -> Floats:
    """Sums of columns over the bets of each event.

    Parameters
    ----------
    columns : (n, k) float
        One row a bet.
    event : (n,) integer
        The event of each bet, any ids.

    Returns
    -------
    (m, k) float64, one row an event, in the order of the ids.
    """
    values = np.asarray(columns, np.float64)
    values = values.reshape(len(values), 1) if values.ndim == 1 else values
    _, dense = np.unique(np.asarray(event), return_inverse=True)
    size = int(dense.max()) + 1 if len(dense) else 0
    out = np.empty((size, values.shape[1]))
    for k in range(values.shape[1]):
        out[:, k] = np.bincount(dense, weights=values[:, k], minlength=size)
    return out


def random_groups(sums: Floats, rng: np.random.Generator, groups: int = GROUPS) -> Floats:
    """Sums of at most `groups` random groups of events, of sizes that differ by one at most; (g, k)."""
    if len(sums) <= groups:
        return sums
    label = rng.permutation(len(sums)) % groups
    return np.stack([np.bincount(label, weights=column, minlength=groups) for column in sums.T], axis=1)


def resample(sums: Floats, rng: np.random.Generator, replicates: int = REPLICATES) -> Floats:
    """Totals of `replicates` draws of as many rows as there are, with replacement.

    Parameters
    ----------
    sums : (m, k) float64
        One row an event (or a group of events), m >= 1.

    Returns
    -------
    (replicates, k) float64
    """
    count, width = sums.shape
    out = np.empty((replicates, width))
    step = max(1, _BLOCK // count)
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        index = rng.integers(0, count, size=(rows, count), dtype=np.int64)
        for k in range(width):
            out[start : start + rows, k] = sums[:, k][index].sum(axis=1)
    return out


def ratio_interval(
    top: ArrayLike,
    bottom: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.9,
    replicates: int = REPLICATES,
) -> Interval:
    """Interval of sum(top) / sum(bottom) by the bootstrap over events, bias-corrected and accelerated.

    Parameters
    ----------
    top, bottom : (n,) float
        P&L and stake of each bet for a yield; value and 1 for a mean. No NaN.
    event : (n,) integer
        The event of each bet.
    level : float
        How often the interval holds the true value.

    Returns
    -------
    Interval
        The estimate is NaN where sum(bottom) is 0. There are no ends where fewer than `FEWEST` events carry it, or
        where all replicates are equal (bets that were all lost say nothing about their spread).
    """
    sums = event_sums(np.column_stack([np.asarray(top, np.float64), np.asarray(bottom, np.float64)]), event)
    total = sums.sum(axis=0)
    estimate = float(total[0] / total[1]) if len(sums) and total[1] != 0 else float("nan")
    drawn = _ratios(sums, estimate, rng, replicates)
    if drawn is None:
        return Interval(estimate, float("nan"), float("nan"), float("nan"), level)
    ratios, influence = drawn
    low, high = accelerated(ratios, estimate, influence, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, low, high, float(ratios.std(ddof=1)), level)


def ratio_quantiles(
    top: ArrayLike,
    bottom: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator,
    shares: Sequence[float],
    replicates: int = REPLICATES,
) -> tuple[float, ...] | None:
    """Ends of one-sided intervals as in `ratio_interval`, one a share; None where too little carries them."""
    sums = event_sums(np.column_stack([np.asarray(top, np.float64), np.asarray(bottom, np.float64)]), event)
    total = sums.sum(axis=0)
    estimate = float(total[0] / total[1]) if total[1] != 0 else float("nan")
    drawn = _ratios(sums, estimate, rng, replicates)
    return None if drawn is None else accelerated(drawn[0], estimate, drawn[1], shares)


def _ratios(sums: Floats, estimate: float, rng: np.random.Generator, replicates: int) -> tuple[Floats, Floats] | None:
    """Resampled ratios, and the influence of each group of events; None where too little carries them."""
    if len(sums) < FEWEST or not np.isfinite(estimate):
        return None
    groups = random_groups(sums, rng)
    draws = resample(groups, rng, replicates)
    draws = draws[draws[:, 1] != 0]
    ratios: Floats = draws[:, 0] / draws[:, 1]
    if not len(ratios) or ratios.max() - ratios.min() <= 1e-12 * max(1.0, abs(estimate)):
        return None
    return ratios, groups[:, 0] - estimate * groups[:, 1]


def fan(
    profit: ArrayLike, point: ArrayLike, points: int, rng: np.random.Generator, replicates: int = REPLICATES
) -> Floats:
    """Cumulative profit of resampled days, each at its own time: the spread behind an equity line.

    Days are the clusters here: a day holds all bets of its events. A replicate draws as many days as there are, with
    replacement; a day that is drawn twice counts twice at its date. Stakes stay as they were.

    Parameters
    ----------
    profit : (d,) float
        Profit of each day.
    point : (d,) integer
        Number of the drawn point at or before which the day ends, ascending, in [0, points).

    Returns
    -------
    (5, points) float64
        Quantiles 5, 25, 50, 75 and 95 % of the cumulative profit at each point.
    """
    gain = np.asarray(profit, np.float64)
    where = np.asarray(point, np.int64)
    active = gain != 0
    gain, where = gain[active], where[active]
    if len(gain) == 0:
        return np.zeros((5, points))
    paths = np.empty((replicates, points))
    for row in range(replicates):
        drawn = rng.integers(0, len(gain), len(gain))
        paths[row] = np.bincount(where[drawn], weights=gain[drawn], minlength=points)
    np.cumsum(paths, axis=1, out=paths)
    quantiles: Floats = np.quantile(paths, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    return quantiles


_NORMAL: Final = NormalDist()


def accelerated(draws: Floats, estimate: float, influence: Floats, shares: Sequence[float]) -> tuple[float, ...]:
    """Quantiles of the distribution of an estimate by its bootstrap draws, corrected for bias and skewness.

    Parameters
    ----------
    draws : (replicates,) float64
        The statistic of each resample; not all equal.
    estimate : float
        The statistic of the sample.
    influence : (m,) float64
        Of each event the influence on the estimate, up to a common factor (for a ratio: top - ratio * bottom); m >= 2.
    shares : sequence of float
        Between 0 and 1: the true value is below the end of share s with a chance of about s.

    Returns
    -------
    tuple of float
        One end a share; monotone in the shares.
    """
    near = 1e-9 * float(np.ptp(draws))
    below, above = float(np.mean(draws < estimate - near)), float(np.mean(draws > estimate + near))
    least = 0.5 / len(draws)
    bias = _NORMAL.inv_cdf(min(max((1.0 + below - above) / 2.0, least), 1.0 - least))
    square = float(np.sum(influence**2))
    acceleration = float(np.sum(influence**3)) / (6.0 * square**1.5) if square > 0.0 else 0.0
    count = len(influence)
    wider = math.sqrt(count / (count - 1.0))
    places = []
    for share in shares:
        at = bias + wider * student_quantile(share, count - 1)
        places.append(_NORMAL.cdf(bias + at / max(1.0 - acceleration * at, 0.1)))
    return tuple(float(end) for end in np.quantile(draws, places))


def student_quantile(share: float, freedom: float) -> float:
    """Quantile of Student's distribution, to 0.1 % from 9 degrees of freedom on.

    Abramowitz & Stegun, "Handbook of mathematical functions" (1964), equation 26.7.5, to the third order.

    >>> round(student_quantile(0.95, 49), 4)
    1.6766
    """
    x = _NORMAL.inv_cdf(share)
    first = (x**3 + x) / 4.0
    second = (5.0 * x**5 + 16.0 * x**3 + 3.0 * x) / 96.0
    third = (3.0 * x**7 + 19.0 * x**5 + 17.0 * x**3 - 15.0 * x) / 384.0
    return x + first / freedom + second / freedom**2 + third / freedom**3


#: an interval is told where so many bets on so many days carry it: below, resampling makes it too narrow
FEWEST_BETS: Final = 100
FEWEST_DAYS: Final = 30
