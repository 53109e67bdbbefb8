"""Ends of a bootstrap interval that hold the truth as often as they say, also where few events carry it.

The bias-corrected and accelerated ends of Efron, "Better bootstrap confidence intervals", JASA 82 (1987), equations
2.3 and 6.6: the quantiles of the draws are taken where the draws' own bias and the skewness of the events put them.
Yields at long odds are skewed, and plain percentiles miss the truth above them three times as often as below. The
normal quantile in them is widened to Student's, and by the variance that a resample of m events lacks, (m - 1) / m
(Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69 (2015), section 5.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

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
