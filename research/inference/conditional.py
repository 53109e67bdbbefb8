"""A yield that is shown only because it passed a test: corrected for having passed.

Where evidence is said, the yield of the selected configuration is above what the test asks, and above that of every
other configuration. Given that, its ratio z = yield / standard error is not normal about the true ratio, but normal cut
off below at the larger of two values: the ratio at which it would just have passed, and the one at which another
configuration would have been selected. The ends of the interval are the true ratios at which a value of z or more has
6 and 94 % probability under that truncated normal, and its middle the one at which it has 50 %. So they hold what they
promise given that evidence was said: Zhong & Prentice, "Bias-reduced estimators and confidence intervals for odds
ratios in genome-wide association studies", Biostatistics 9 (2008), section 2.2; with other candidates, Lee, Sun, Sun &
Taylor, "Exact post-selection inference, with application to the lasso", Annals of Statistics 44 (2016), theorem 5.2.

An interval whose upper end is not above zero is not printed. These are 2 to 5 % of all, and all of them miss a true
edge: of those that are printed, 6 % on each side leave about 90 % that hold the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from research.inference.single import upper_tail

_NORMAL: Final = NormalDist()
#: probability beyond each end, given that the test was passed; about 90 % of the printed intervals hold the truth
TAIL: Final = 0.06
#: beyond this many standard errors the tail of the normal is taken from its asymptotic series
_FAR: Final = 30.0
#: true ratios that are searched, below and above the observed one; an end beyond the lower one is minus infinity
_BELOW, _ABOVE = 1.0e4, 10.0
_STEPS: Final = 80
#: smallest p-value that has a quantile
_SMALLEST: Final = 1e-300


@dataclass(frozen=True)
class Measured:
    """A yield at level stakes as it was measured, before any correction.

    Attributes
    ----------
    estimate : float
        Yield, a fraction; NaN without a bet.
    error : float
        Its standard error, days as observations; NaN likewise.
    margin : float
        By how many standard errors it could be lower, with all that is independent of it as it is, before another
        configuration would have been selected; infinity where nothing else could have been.
    """

    estimate: float
    error: float
    margin: float = math.inf


@dataclass(frozen=True)
class Corrected:
    """A yield corrected for having passed, fractions; no end is below zero, since a test was passed.

    Attributes
    ----------
    middle : float
        Median-unbiased estimate.
    low, high : float
        90 % interval given that the test was passed. An end of 0 says that the yield above zero may be all luck.
    """

    middle: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether there is an interval to print: false where even its upper end is not above zero."""
        return self.high > 0.0


def corrected(measured: Measured, slack: float) -> Corrected:
    """The yield given that it passed.

    Parameters
    ----------
    measured : Measured
    slack : float
        By how many standard errors the test was passed, at least 0: the normal quantile of the p-value beyond that of
        its level.

    Returns
    -------
    Corrected
        NaN where the yield or its error is not known.
    """
    if not (measured.error > 0.0 and math.isfinite(measured.estimate)) or math.isnan(slack):
        return Corrected(math.nan, math.nan, math.nan)
    ratio = measured.estimate / measured.error
    cut = ratio - max(min(slack, measured.margin), 0.0)
    low, middle, high = (truncated_mean(ratio, cut, share) for share in (TAIL, 0.5, 1.0 - TAIL))
    return Corrected(*(max(end, 0.0) * measured.error for end in (middle, low, high)))


def passed_by(p_value: float, level: float) -> float:
    """By how many standard errors a one-sided test was passed; 0 where it was not.

    >>> round(passed_by(0.001, 0.05), 4), passed_by(0.2, 0.05)
    (1.4454, 0.0)
    """
    return max(_NORMAL.inv_cdf(level) - _NORMAL.inv_cdf(max(p_value, _SMALLEST)), 0.0) if p_value < 1.0 else 0.0


def truncated_mean(value: float, cut: float, share: float) -> float:
    """Mean of a unit normal, cut off below at `cut`, whose chance of `value` or more is `share`.

    Parameters
    ----------
    value : float
        Observed, at least `cut`.
    cut : float
        Minus infinity: not cut off.
    share : float
        In (0, 1).

    Returns
    -------
    float
        Minus infinity where `value` is so close to `cut` that no mean within `_BELOW` gives so small a chance.

    Examples
    --------
    >>> round(truncated_mean(2.0, -math.inf, 0.05), 4)
    0.3551
    """
    if math.isinf(cut):
        return value + _NORMAL.inv_cdf(share)
    low, high, target = value - _BELOW, value + _ABOVE, math.log(share)
    if log_tail(value - low) - log_tail(cut - low) >= target:
        return -math.inf
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if log_tail(value - middle) - log_tail(cut - middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def log_tail(x: float) -> float:
    """Logarithm of the chance that a standard normal exceeds x; asymptotic beyond 30 (error below 1e-6).

    Abramowitz & Stegun, "Handbook of mathematical functions" (1964), equation 26.2.12.

    >>> round(log_tail(1.6448536269514722), 6)
    -2.995732
    """
    if x < _FAR:
        return math.log(upper_tail(x))
    square = x * x
    series = 1.0 - 1.0 / square + 3.0 / square**2
    return -square / 2.0 - math.log(x * math.sqrt(2.0 * math.pi)) + math.log(series)
