"""The difference of two configurations on the events that both bet on, by the paired bootstrap.

Two configurations over the same matches share their luck: where the favourites lose, both lose. An event is drawn with
the bets of both on it, so what they share cancels in the difference and the interval is as narrow as the pairing makes
it (pairs cluster bootstrap: Cameron, Gelbach & Miller, "Bootstrap-based improvements for inference with clustered
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

from research.inference.bootstrap import (
    FEWEST,
    REPLICATES,
    Interval,
    event_sums,
    random_groups,
    resample,
    student_quantile,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """Bets of one side as a ratio sum(top) / sum(bottom).

    Attributes
    ----------
    top, bottom : (n,) float
        P&L and stake of each bet for a yield; value and 1 for a mean. No NaN.
    event : (n,) integer
        The event of each bet.
    """

    top: ArrayLike
    bottom: ArrayLike
    event: ArrayLike


@dataclass(frozen=True)
class Paired:
    """Two ratios over their common events.

    Attributes
    ----------
    first, second : float
        Each over the common events alone; NaN where its bottom is 0 there.
    difference : Interval
        First minus second. No ends where fewer than `bootstrap.FEWEST` events are common, or where all replicates are
        equal: the two did the same.
    common, first_only, second_only : int
        Events that both bet on, and those of one alone.
    """

    first: float
    second: float
    difference: Interval
    common: int
    first_only: int
    second_only: int


def paired_ratio(
    first: Ratio, second: Ratio, rng: np.random.Generator, *, level: float = 0.9, replicates: int = REPLICATES
) -> Paired:
    """The difference of two ratios over the events that both have, with its interval (`widened`).

    Parameters
    ----------
    first, second : Ratio
    level : float
        Share of the replicates between the ends.
    """
    sums, (first_only, second_only) = _aligned(first, second)
    estimate, sides = float("nan"), (float("nan"), float("nan"))
    if len(sums):
        sides = _sides(sums.sum(axis=0))
        estimate = sides[0] - sides[1]
    found = Interval(estimate, float("nan"), float("nan"), float("nan"), level)
    if len(sums) >= FEWEST and np.isfinite(estimate):
        groups = random_groups(sums, rng)
        drawn = resample(groups, rng, replicates)
        drawn = drawn[(drawn[:, 1] != 0) & (drawn[:, 3] != 0)]
        apart = _apart(drawn)
        if len(apart) and np.ptp(apart) > 1e-12 * max(1.0, abs(estimate)):
            left = _apart(sums.sum(axis=0) - groups)
            low, high = widened(apart, estimate, left, [(1 - level) / 2, (1 + level) / 2])
            found = Interval(estimate, low, high, float(apart.std(ddof=1)), level)
    return Paired(*sides, found, len(sums), first_only, second_only)


def _aligned(first: Ratio, second: Ratio) -> tuple[Floats, tuple[int, int]]:
    """Sums of both sides over each common event, (m, 4); how many events each side has alone."""
    ids = [np.unique(np.asarray(side.event)) for side in (first, second)]
    common = np.intersect1d(ids[0], ids[1], assume_unique=True)
    parts = []
    for side in (first, second):
        event = np.asarray(side.event)
        kept = np.isin(event, common)
        columns = np.column_stack([np.asarray(side.top, np.float64)[kept], np.asarray(side.bottom, np.float64)[kept]])
        parts.append(event_sums(columns, event[kept]))
    return np.hstack(parts), (len(ids[0]) - len(common), len(ids[1]) - len(common))


def _apart(sums: Floats) -> Floats:
    """The difference of each row of sums."""
    found: Floats = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    return found


def _sides(total: Floats) -> tuple[float, float]:
    top_1, bottom_1, top_2, bottom_2 = (float(one) for one in total)
    first = top_1 / bottom_1 if bottom_1 != 0 else float("nan")
    return first, top_2 / bottom_2 if bottom_2 != 0 else float("nan")


_NORMAL: Final = NormalDist()
#: fewest degrees of freedom that an interval is widened for
_FREEDOM: Final = 4.0


def widened(draws: Floats, estimate: float, left: Floats, shares: Sequence[float]) -> tuple[float, ...]:
    """Ends of an interval of a difference by its bootstrap draws.

    Parameters
    ----------
    draws : (replicates,) float64
        The difference in each resample; not all equal.
    estimate : float
        The difference in the sample.
    left : (m,) float64
        The difference without each event; m >= 2.
    shares : sequence of float
        Between 0 and 1, not 1/2: the true value is below the end of share s with a chance of about s.
    """
    count, apart = len(left), left - left.mean()
    square = float(np.sum(apart**2))
    spread = math.sqrt((count - 1.0) / count * square)
    kurtosis = count * float(np.sum(apart**4)) / square**2 if square > 0.0 else 3.0
    freedom = min(count - 1.0, max(_FREEDOM, 2.0 * count / max(kurtosis - 1.0, 1e-9)))
    wider = max(1.0, spread / float(draws.std(ddof=1)))
    ends = []
    for share in shares:
        factor = wider * student_quantile(share, freedom) / _NORMAL.inv_cdf(share)
        ends.append(estimate + factor * (float(np.quantile(draws, share)) - estimate))
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
    """Interval of sum(top) / sum(bottom) where top is a difference of two sides on the same bets.

    Parameters and what is returned are those of `bootstrap.ratio_interval`.
    """
    sums = event_sums(np.column_stack([np.asarray(top, np.float64), np.asarray(bottom, np.float64)]), event)
    total, unknown = sums.sum(axis=0), float("nan")
    estimate = float(total[0] / total[1]) if len(sums) and total[1] != 0 else unknown
    bare = Interval(estimate, unknown, unknown, unknown, level)
    if len(sums) < FEWEST or not np.isfinite(estimate):
        return bare
    groups = random_groups(sums, rng)
    drawn = resample(groups, rng, replicates)
    drawn = drawn[drawn[:, 1] != 0]
    ratios = drawn[:, 0] / drawn[:, 1]
    if not len(ratios) or np.ptp(ratios) <= 1e-12 * max(1.0, abs(estimate)):
        return bare
    left = (total[0] - groups[:, 0]) / (total[1] - groups[:, 1])
    low, high = widened(ratios, estimate, left, [(1 - level) / 2, (1 + level) / 2])
    return Interval(estimate, low, high, float(ratios.std(ddof=1)), level)
