"""Intervals of differences: what two sides share cancels, and the few events on which they differ carry the rest.

Plain percentiles of resampled events spread too little then, and the corrections of `accelerated` follow noise. So the
percentiles are moved away from the estimate until their spread is that of the jackknife over events (MacKinnon, Nielsen
& Webb, "Fast and reliable jackknife and bootstrap methods for cluster-robust inference", Journal of Applied
Econometrics 38 (2023)), with Student's quantile for the normal one. Its degrees of freedom are those that the kurtosis
of the events' influence leaves (Satterthwaite, "An approximate distribution of estimates of variance components",
Biometrics Bulletin 2 (1946)): a sample variance of m draws of kurtosis k varies like one of 2 m / (k - 1) + 1 normal
ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.luck.accelerated import student_quantile
from research.luck.bootstrap import FEWEST, REPLICATES, Interval, event_sums, random_groups, resample

Floats = NDArray[np.float64]

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
