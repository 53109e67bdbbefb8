"""What could have been found: the true edge at which a test would have said so in 80 % of cases.

A yield with standard error e exceeds z_(1 - level) * e with probability 80 % if the true edge is
(z_(1 - level) + z_0.80) * e: Cohen, "Statistical power analysis for the behavioral sciences" (2nd ed., 1988), section
2.2, with normal quantiles.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
#: probability with which the edge is found
POWER: Final = 0.80


def detectable_edge(error: float, level: float, power: float = POWER) -> float:
    """Smallest true edge that a one-sided test finds with this probability.

    Parameters
    ----------
    error : float
        Standard error of the yield, a fraction.
    level : float
        Level of the test, adjusted for all that was tried (`single_level`).
    power : float
        Probability of finding it.

    Returns
    -------
    float
        A fraction; NaN where the error is not known.

    Examples
    --------
    >>> round(detectable_edge(0.01, 0.05), 6)
    0.024865
    """
    if not error > 0.0:
        return math.nan
    return (_quantile(1.0 - level) + _quantile(power)) * error


def single_level(level: float, trials: float) -> float:
    """Level of one of `trials` independent tests whose best one errs at `level`: 1 - (1 - level)^(1 / trials), Sidak.

    >>> round(single_level(0.05, 50), 8)
    0.00102534
    """
    return -math.expm1(math.log1p(-level) / max(trials, 1.0))


def _quantile(share: float) -> float:
    return _NORMAL.inv_cdf(min(share, 1.0 - 1e-16))
