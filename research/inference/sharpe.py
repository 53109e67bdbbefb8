"""The Sharpe ratio and its uncertainty: probabilistic, deflated, and the length of record it needs.

All ratios are per observation, not annualised; kurtosis is raw (3 for a normal). Convention of Bailey & Lopez de Prado:
"The Sharpe ratio efficient frontier", Journal of Risk 15 (2012), and "The deflated Sharpe ratio", Journal of Portfolio
Management 40 (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "EULER",
    "Moments",
    "deflated_sharpe",
    "expected_maximum",
    "min_backtest_years",
    "min_track_record",
    "moments",
    "probabilistic_sharpe",
]

EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Moments:
    """Moments of a series of returns.

    Attributes
    ----------
    n : int
        Observations.
    sharpe : float
        Mean over standard deviation (divisor n - 1); NaN if the deviation is 0 or n < 4.
    skew, kurtosis : float
        Third and fourth standardised moment with the usual correction for small samples (G1 and G2 + 3 of Joanes &
        Gill, The Statistician 47 (1998)); NaN as above.
    """

    n: int
    sharpe: float
    skew: float
    kurtosis: float


def moments(returns: ArrayLike) -> Moments:
    """Moments of a series of returns, one value per observation; NaN if a return is NaN, or all are the same."""
    values = np.asarray(returns, np.float64)
    n = len(values)
    if n < 4 or not float(np.ptp(values)) > 1e-12 * float(np.abs(values).max()):  # a constant, but for rounding
        return Moments(n, math.nan, math.nan, math.nan)
    standardised = (values - values.mean()) / values.std()
    skew = float(np.mean(standardised**3)) * math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (float(np.mean(standardised**4)) - 3.0) + 6.0)
    return Moments(n, float(values.mean() / values.std(ddof=1)), skew, excess + 3.0)


def probabilistic_sharpe(sample: Moments, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds `benchmark`.

    Bailey & Lopez de Prado (2012), equation 8: Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)).

    Returns
    -------
    float
        NaN if the moments are NaN or belong to no distribution (the number under the root is negative).
    """
    variance = _scaled_variance(sample)
    if not variance > 0.0:
        return math.nan
    return _NORMAL.cdf((sample.sharpe - benchmark) * math.sqrt(sample.n - 1) / math.sqrt(variance))


def expected_maximum(trials: float) -> float:
    """Expected value of the largest of `trials` independent standard normals; 0 for one trial or fewer.

    Bailey & Lopez de Prado (2014), equation 6: (1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)), g Euler's constant.
    `trials` may be an effective number, not an integer.
    """
    if trials <= 1.0:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return max(0.0, (1.0 - EULER) * first + EULER * second)


def deflated_sharpe(sample: Moments, trials: float, variance: float) -> float:
    """Probability that the true Sharpe ratio exceeds the expected best of `trials` worthless configurations.

    Bailey & Lopez de Prado (2014), equation 9: `probabilistic_sharpe` against sqrt(variance) `expected_maximum`.

    Parameters
    ----------
    sample : Moments
        Of the selected configuration.
    trials : float
        Raw or effective number of trials.
    variance : float
        Variance of the Sharpe ratios per observation over the trials. Under the null it is 1 / (n - 1). The variance
        over the configurations of a sweep counts a true plateau as luck.

    Returns
    -------
    float
        NaN as in `probabilistic_sharpe`.
    """
    return probabilistic_sharpe(sample, math.sqrt(variance) * expected_maximum(trials))


def min_track_record(sample: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Fewest observations with which this Sharpe ratio would exceed `benchmark` with `confidence`.

    Bailey & Lopez de Prado (2012), equation 11: 1 + (1 - g3 SR + (g4 - 1) / 4 SR^2) (Z / (SR - SR*))^2.

    Returns
    -------
    float
        Infinite if the ratio does not exceed the benchmark; NaN if the moments are NaN.
    """
    variance = _scaled_variance(sample)
    if math.isnan(variance):
        return math.nan
    if sample.sharpe <= benchmark:
        return math.inf
    return 1.0 + variance * (_NORMAL.inv_cdf(confidence) / (sample.sharpe - benchmark)) ** 2


def min_backtest_years(trials: float, sharpe_annual: float = 1.0) -> float:
    """Years of history below which the best of `trials` worthless configurations is expected to show `sharpe_annual`.

    Bailey, Borwein, Lopez de Prado & Zhu, "Pseudo-mathematics and financial charlatanism", Notices of the AMS 61
    (2014), theorem 1: (E[max] / SR)^2.
    """
    return (expected_maximum(trials) / sharpe_annual) ** 2


def _scaled_variance(sample: Moments) -> float:
    """Variance of the estimated ratio, times n - 1."""
    return 1.0 - sample.skew * sample.sharpe + (sample.kurtosis - 1.0) / 4.0 * sample.sharpe**2
