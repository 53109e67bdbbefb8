"""The cluster bootstrap over events: the uncertainty of a yield or another ratio.

Bets on one match are not independent: its markets, selections and prices share one result. So events are resampled,
each with all its bets (cluster bootstrap: Davison & Hinkley 1997, section 3.8; Cameron, Gelbach & Miller 2008). For
speed, many events are first put at random into at most `GROUPS` groups of equal size (random groups: Wolter 2007,
chapter 2). The cumulants of independent sums add up, so the spread stays the same. The standard error is then known to
a relative error of 1/sqrt(2 * GROUPS), under 2 %, at a bounded cost.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.plausibility.winnings import event_sums

Floats = NDArray[np.float64]

#: an interval is reported from this many bets on this many days; with fewer, the bootstrap makes it too narrow
FEWEST_BETS: Final = 100
FEWEST_DAYS: Final = 30
#: fewest events for which an interval is computed at all
FEWEST_EVENTS: Final = 10
#: most groups of events; beyond, events share a group
GROUPS: Final = 2048
#: default number of bootstrap replicates
REPLICATES: Final = 1000
#: index entries drawn at a time
_BATCH: Final = 1 << 21
_NORMAL: Final = NormalDist()


def generator(seed: int, *purpose: object) -> np.random.Generator:
    """Counter-based random generator keyed by seed and purpose, so that no result depends on other draws.

    Parameters
    ----------
    seed : int
        Seed of the run.
    *purpose : object
        What the draws are for, for example ``"yield", "season", "2021-2022"``. Their `str` is hashed.
    """
    words = "\x1f".join([str(int(seed)), *map(str, purpose)])
    key = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval and standard error.

    Attributes
    ----------
    estimate : float
    low, high, se : float
        Ends of the interval and standard error; NaN where the data are too few to compute them.
    level : float
        Confidence level: how often such an interval should contain the true value.
    """

    estimate: float
    low: float
    high: float
    se: float
    level: float

    @property
    def known(self) -> bool:
        """Whether both ends are finite."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    def without_ends(self) -> Interval:
        """The estimate alone: ends and standard error are NaN."""
        return replace(self, low=float("nan"), high=float("nan"), se=float("nan"))

    def if_enough(self, n_bets: int, n_days: int) -> Interval:
        """The interval as it is reported: without ends where `enough` does not hold."""
        return self if enough(n_bets, n_days) else self.without_ends()


def enough(n_bets: int, n_days: int) -> bool:
    """Whether an interval is reported: at least `FEWEST_BETS` bets on at least `FEWEST_DAYS` days."""
    return n_bets >= FEWEST_BETS and n_days >= FEWEST_DAYS


def random_groups(sums: Floats, rng: np.random.Generator, groups: int = GROUPS) -> Floats:
    """Sums of at most `groups` random groups of events, whose sizes differ by at most one; (g, k)."""
    if len(sums) <= groups:
        return sums
    label = rng.permutation(len(sums)) % groups
    return np.stack([np.bincount(label, weights=column, minlength=groups) for column in sums.T], axis=1)


def resample(sums: Floats, rng: np.random.Generator, replicates: int = REPLICATES) -> Floats:
    """Totals of bootstrap resamples: each draws as many rows as there are, with replacement.

    Parameters
    ----------
    sums : (m, k) float64
        One row per event or group of events, m >= 1.

    Returns
    -------
    (replicates, k) float64
    """
    count, width = sums.shape
    out = np.empty((replicates, width))
    step = max(1, _BATCH // count)
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        index = rng.integers(0, count, size=(rows, count), dtype=np.int64)
        for k in range(width):
            out[start : start + rows, k] = sums[:, k][index].sum(axis=1)
    return out


@dataclass(frozen=True)
class RatioResamples:
    """A ratio of sums with its bootstrap over events.

    Attributes
    ----------
    estimate : float
        sum(top) / sum(bottom); NaN where sum(bottom) is 0 or there is no bet.
    total : (2,) float64
        sum(top) and sum(bottom).
    groups : (g, 2) float64
        The same sums of each group of events; empty where nothing was resampled.
    replicates : (replicates,) float64
        The ratio of each resample; empty where it says nothing about the spread: fewer than `FEWEST_EVENTS` events, no
        estimate, or equal ratios in all resamples (for example, all bets were lost).
    """

    estimate: float
    total: Floats
    groups: Floats
    replicates: Floats

    @property
    def se(self) -> float:
        """Standard deviation of the replicates (divisor n - 1)."""
        return float(self.replicates.std(ddof=1))

    def quantiles(self, shares: Sequence[float]) -> tuple[float, ...]:
        """Ends by `bca_quantiles`; needs replicates."""
        influence = self.groups[:, 0] - self.estimate * self.groups[:, 1]
        return bca_quantiles(self.replicates, self.estimate, influence, shares)


def resample_ratio(
    top: ArrayLike, bottom: ArrayLike, event: ArrayLike, rng: np.random.Generator, replicates: int = REPLICATES
) -> RatioResamples:
    """Estimate sum(top) / sum(bottom) and resample it over events; parameters as in `ratio_interval`."""
    sums = event_sums(np.column_stack([np.asarray(top, np.float64), np.asarray(bottom, np.float64)]), event)
    if len(sums) < FEWEST_EVENTS or sums[:, 1].sum() == 0:
        return ratio_of(sums, np.empty((0, 2)))
    groups = random_groups(sums, rng)
    return ratio_of(groups, resample(groups, rng, replicates))


def ratio_of(groups: Floats, resampled: Floats) -> RatioResamples:
    """A ratio of sums and what its resamples say of the spread, if they say anything (`RatioResamples.replicates`).

    Parameters
    ----------
    groups : float64 (g, 2)
        Both sums of each group of events.
    resampled : float64 (replicates, 2)
        Both totals of each resample; none where the groups are too few.
    """
    total: Floats = groups.sum(axis=0)
    estimate = float(total[0] / total[1]) if total[1] != 0 else float("nan")
    kept = resampled[resampled[:, 1] != 0]
    ratios: Floats = kept[:, 0] / kept[:, 1]
    if not len(ratios) or not ratios.max() - ratios.min() > 1e-12 * max(1.0, abs(estimate)):
        return RatioResamples(estimate, total, np.empty((0, 2)), np.empty(0))
    return RatioResamples(estimate, total, groups, ratios)


def ratio_interval(
    top: ArrayLike,
    bottom: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.9,
    replicates: int = REPLICATES,
) -> Interval:
    """Interval of sum(top) / sum(bottom) by the bootstrap over events, bias-corrected and accelerated (BCa).

    Parameters
    ----------
    top, bottom : (n,) float
        P&L and stake of each bet for a yield; value and 1 for a mean. No NaN.
    event : (n,) integer
        Event of each bet.
    level : float
        Confidence level.

    Returns
    -------
    Interval
        The estimate is NaN where sum(bottom) is 0. The ends are NaN with fewer than `FEWEST_EVENTS` events, or where
        the ratio is the same in all resamples: bets that were all lost say nothing about their spread.
    """
    ratio = resample_ratio(top, bottom, event, rng, replicates)
    if not len(ratio.replicates):
        return Interval(ratio.estimate, float("nan"), float("nan"), float("nan"), level)
    low, high = ratio.quantiles([(1 - level) / 2, (1 + level) / 2])
    return Interval(ratio.estimate, low, high, ratio.se, level)


def ratio_quantiles(
    top: ArrayLike,
    bottom: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator,
    shares: Sequence[float],
    replicates: int = REPLICATES,
) -> tuple[float, ...] | None:
    """Ends of one-sided intervals of a ratio, one per share; None where `ratio_interval` has no ends."""
    ratio = resample_ratio(top, bottom, event, rng, replicates)
    return ratio.quantiles(shares) if len(ratio.replicates) else None


def bca_quantiles(replicates: Floats, estimate: float, influence: Floats, shares: Sequence[float]) -> tuple[float, ...]:
    """Ends of one-sided intervals from bootstrap replicates, corrected for bias and skewness (BCa).

    Efron, "Better bootstrap confidence intervals", JASA 82 (1987), with the quantile of Student in place of the normal.

    Parameters
    ----------
    replicates : (replicates,) float64
        Statistic of each resample; not all equal.
    estimate : float
        Statistic of the sample.
    influence : (m,) float64
        Influence of each event on the estimate, up to a common factor (for a ratio: top - ratio * bottom); m >= 2.
    shares : sequence of float
        Between 0 and 1. The true value is below the end of share s with a probability of about s.

    Returns
    -------
    tuple of float
        One end per share, monotone in the shares.
    """
    near = 1e-9 * float(np.ptp(replicates))
    below, above = float(np.mean(replicates < estimate - near)), float(np.mean(replicates > estimate + near))
    least = 0.5 / len(replicates)
    bias = _NORMAL.inv_cdf(min(max((1.0 + below - above) / 2.0, least), 1.0 - least))
    square = float(np.sum(influence**2))
    acceleration = float(np.sum(influence**3)) / (6.0 * square**1.5) if square > 0.0 else 0.0
    count = len(influence)
    wider = math.sqrt(count / (count - 1.0))
    places = []
    for share in shares:
        shifted = bias + wider * student_quantile(share, count - 1)
        places.append(_NORMAL.cdf(bias + shifted / max(1.0 - acceleration * shifted, 0.1)))
    return tuple(float(end) for end in np.quantile(replicates, places))


def student_quantile(share: float, freedom: float) -> float:
    """Quantile of Student's distribution, accurate to 0.1 % from 9 degrees of freedom.

    Abramowitz & Stegun, "Handbook of mathematical functions" (1964), equation 26.7.5, to the third order.

    >>> round(student_quantile(0.95, 49), 4)
    1.6766
    """
    x = _NORMAL.inv_cdf(share)
    first = (x**3 + x) / 4.0
    second = (5.0 * x**5 + 16.0 * x**3 + 3.0 * x) / 96.0
    third = (3.0 * x**7 + 19.0 * x**5 + 17.0 * x**3 - 15.0 * x) / 384.0
    return x + first / freedom + second / freedom**2 + third / freedom**3
