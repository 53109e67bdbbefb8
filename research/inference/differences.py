"""The difference between two configurations on the events that both bet on, by the paired bootstrap.

Two configurations on the same matches share their luck: where the favourites lose, both lose. Each event is resampled
with the bets of both, so what they share cancels in the difference, and the interval is as narrow as the pairing allows
(pairs cluster bootstrap: Cameron, Gelbach & Miller, "Bootstrap-based improvements for inference with clustered
errors", Review of Economics and Statistics 90 (2008), section III; Davison & Hinkley 1997, section 3.8). Two separate
intervals that overlap say nothing about the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.plausibility.winnings import event_sums
from research.inference.bootstrap import (
    FEWEST_EVENTS,
    REPLICATES,
    Interval,
    random_groups,
    resample,
    resample_ratio,
    student_quantile,
)

Floats = NDArray[np.float64]

_NORMAL: Final = NormalDist()
#: fewest degrees of freedom assumed when an interval is widened
_FEWEST_FREEDOM: Final = 4.0


@dataclass(frozen=True)
class Ratio:
    """Bets of one side; their ratio is sum(top) / sum(bottom).

    Attributes
    ----------
    top, bottom : (n,) float
        P&L and stake of each bet for a yield; value and 1 for a mean. No NaN.
    event : (n,) integer
        Event of each bet.
    """

    top: ArrayLike
    bottom: ArrayLike
    event: ArrayLike


@dataclass(frozen=True)
class PairedRatios:
    """Two ratios over their common events, and their difference.

    Attributes
    ----------
    first, second : float
        Ratio of each side over the common events only; NaN where its bottom sums to 0.
    difference : Interval
        First minus second. The ends are NaN with fewer than `bootstrap.FEWEST_EVENTS` common events, or where the
        difference is the same in all resamples (both sides did the same).
    common, first_only, second_only : int
        Number of events that both bet on, that only the first bet on, and that only the second bet on.
    """

    first: float
    second: float
    difference: Interval
    common: int
    first_only: int
    second_only: int


def paired_ratio(
    first: Ratio, second: Ratio, rng: np.random.Generator, *, level: float = 0.9, replicates: int = REPLICATES
) -> PairedRatios:
    """Difference of two ratios over their common events, with the interval of `widened_quantiles`.

    Parameters
    ----------
    first, second : Ratio
    rng : numpy.random.Generator
    level : float
        Confidence level.
    replicates : int
        Bootstrap replicates.
    """
    sums, (first_only, second_only) = _common_sums(first, second)
    estimate, ratios = float("nan"), (float("nan"), float("nan"))
    if len(sums):
        ratios = _two_ratios(sums.sum(axis=0))
        estimate = ratios[0] - ratios[1]
    interval = Interval(estimate, float("nan"), float("nan"), float("nan"), level)
    if len(sums) >= FEWEST_EVENTS and np.isfinite(estimate):
        groups = random_groups(sums, rng)
        totals = resample(groups, rng, replicates)
        totals = totals[(totals[:, 1] != 0) & (totals[:, 3] != 0)]
        differences = _differences(totals)
        if len(differences) and np.ptp(differences) > 1e-12 * max(1.0, abs(estimate)):
            leave_one_out = _differences(sums.sum(axis=0) - groups)
            low, high = widened_quantiles(differences, estimate, leave_one_out, [(1 - level) / 2, (1 + level) / 2])
            interval = Interval(estimate, low, high, float(differences.std(ddof=1)), level)
    return PairedRatios(*ratios, interval, len(sums), first_only, second_only)


def _common_sums(first: Ratio, second: Ratio) -> tuple[Floats, tuple[int, int]]:
    """Sums of both sides over each common event, (m, 4), and the number of events that only one side has."""
    ids = [np.unique(np.asarray(side.event)) for side in (first, second)]
    common = np.intersect1d(ids[0], ids[1], assume_unique=True)
    parts = []
    for side in (first, second):
        event = np.asarray(side.event)
        shared = np.isin(event, common)
        top, bottom = np.asarray(side.top, np.float64)[shared], np.asarray(side.bottom, np.float64)[shared]
        parts.append(event_sums(np.column_stack([top, bottom]), event[shared]))
    return np.hstack(parts), (len(ids[0]) - len(common), len(ids[1]) - len(common))


def _differences(sums: Floats) -> Floats:
    """Difference of the two ratios of each row of sums, (rows,)."""
    differences: Floats = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    return differences


def _two_ratios(total: Floats) -> tuple[float, float]:
    top_1, bottom_1, top_2, bottom_2 = (float(value) for value in total)
    first = top_1 / bottom_1 if bottom_1 != 0 else float("nan")
    return first, top_2 / bottom_2 if bottom_2 != 0 else float("nan")


def widened_quantiles(
    replicates: Floats, estimate: float, leave_one_out: Floats, shares: Sequence[float]
) -> tuple[float, ...]:
    """Ends of one-sided intervals of a difference: bootstrap percentiles, widened where few events decide.

    The percentiles are stretched to the spread of the jackknife and to the quantiles of Student. Degrees of freedom
    follow from the kurtosis of the leave-one-out differences.

    Parameters
    ----------
    replicates : (replicates,) float64
        Difference in each resample; not all equal.
    estimate : float
        Difference in the sample.
    leave_one_out : (m,) float64
        Difference without each event; m >= 2.
    shares : sequence of float
        Between 0 and 1, but not 1/2. The true value is below the end of share s with a probability of about s.

    Returns
    -------
    tuple of float
        One end per share.
    """
    count, centred = len(leave_one_out), leave_one_out - leave_one_out.mean()
    square = float(np.sum(centred**2))
    spread = math.sqrt((count - 1.0) / count * square)
    kurtosis = count * float(np.sum(centred**4)) / square**2 if square > 0.0 else 3.0
    freedom = min(count - 1.0, max(_FEWEST_FREEDOM, 2.0 * count / max(kurtosis - 1.0, 1e-9)))
    wider = max(1.0, spread / float(replicates.std(ddof=1)))
    ends = []
    for share in shares:
        factor = wider * student_quantile(share, freedom) / _NORMAL.inv_cdf(share)
        ends.append(estimate + factor * (float(np.quantile(replicates, share)) - estimate))
    return tuple(ends)


def difference_interval(
    top: ArrayLike,
    bottom: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = 0.9,
    replicates: int = REPLICATES,
) -> Interval:
    """Interval of sum(top) / sum(bottom) where `top` is itself a difference between two sides of the same bets.

    Parameters, estimate and NaN rule are those of `bootstrap.ratio_interval`; the ends are those of
    `widened_quantiles`.
    """
    ratio = resample_ratio(top, bottom, event, rng, replicates)
    if not len(ratio.replicates):
        return Interval(ratio.estimate, float("nan"), float("nan"), float("nan"), level)
    without = ratio.total - ratio.groups
    leave_one_out: Floats = without[:, 0] / without[:, 1]
    shares = [(1 - level) / 2, (1 + level) / 2]
    low, high = widened_quantiles(ratio.replicates, ratio.estimate, leave_one_out, shares)
    return Interval(ratio.estimate, low, high, ratio.se, level)
