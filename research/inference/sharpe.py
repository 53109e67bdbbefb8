"""The Sharpe ratio with what is known about its luck: probabilistic, deflated, and how long a record must be.

All ratios are per observation, not annualised; kurtosis is raw (3 for a normal); the convention of Bailey & Lopez de
Prado: "The Sharpe ratio efficient frontier", Journal of Risk 15 (2012), and "The deflated Sharpe ratio", Journal of
Portfolio Management 40 (2014).
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
    """What a series of returns says of its Sharpe ratio.

    Attributes
    ----------
    n : int
        Observations.
    sharpe : float
        Mean over standard deviation (divisor n - 1); NaN where the deviation is 0 or n < 4.
    skew, kurtosis : float
        Third and fourth standardised moment with the usual correction for small samples (G1 and G2 + 3 of Joanes &
        Gill, The Statistician 47 (1998)); NaN as above.
    """

    n: int
    sharpe: float
    skew: float
    kurtosis: float


def moments(returns: ArrayLike) -> Moments:
    """The moments of a series of returns, one an observation; NaN in it makes them NaN."""
    values = np.asarray(returns, np.float64)
    n = len(values)
    if n < 4 or not values.std() > 0.0:
        return Moments(n, math.nan, math.nan, math.nan)
    apart = (values - values.mean()) / values.std()
    skew = float(np.mean(apart**3)) * math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (float(np.mean(apart**4)) - 3.0) + 6.0)
    return Moments(n, float(values.mean() / values.std(ddof=1)), skew, excess + 3.0)


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds `benchmark`.

    Bailey & Lopez de Prado (2012), equation 8: Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)).

    Returns
    -------
    float
        NaN where the moments are, or where they belong to no distribution (the root of a number below 0).
    """
    spread = _spread(found)
    if not spread > 0.0:
        return math.nan
    return _NORMAL.cdf((found.sharpe - benchmark) * math.sqrt(found.n - 1) / math.sqrt(spread))


def expected_maximum(trials: float) -> float:
    """Expected largest of `trials` independent standard normal draws; 0 for one trial or less.

    Bailey & Lopez de Prado (2014), equation 6: (1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)), g Euler's constant.
    `trials` may be an effective number, between whole ones.
    """
    if trials <= 1.0:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return max(0.0, (1.0 - EULER) * first + EULER * second)


def deflated_sharpe(found: Moments, trials: float, variance: float) -> float:
    """Probability that the Sharpe ratio exceeds what the best of `trials` worthless ones would show.

    Bailey & Lopez de Prado (2014), equation 9: `probabilistic_sharpe` against sqrt(variance) `expected_maximum`.

    Parameters
    ----------
    found : Moments
        Of the chosen configuration.
    trials : float
        Raw or effective number of configurations tried.
    variance : float
        Of the per-observation Sharpe ratios over the trials. Under the null it is 1 / (n - 1); the variance over the
        configurations of a sweep counts a true plateau as luck.
    """
    return probabilistic_sharpe(found, math.sqrt(variance) * expected_maximum(trials))


def min_track_record(found: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Fewest observations after which this Sharpe ratio would exceed `benchmark` with `confidence`.

    Bailey & Lopez de Prado (2012), equation 11: 1 + (1 - g3 SR + (g4 - 1) / 4 SR^2) (Z / (SR - SR*))^2.

    Returns
    -------
    float
        Infinite where the ratio does not exceed the benchmark; NaN where the moments are.
    """
    spread = _spread(found)
    if math.isnan(spread):
        return math.nan
    if found.sharpe <= benchmark:
        return math.inf
    return 1.0 + spread * (_NORMAL.inv_cdf(confidence) / (found.sharpe - benchmark)) ** 2


def min_backtest_years(trials: float, sharpe_annual: float = 1.0) -> float:
    """Years of history below which the best of `trials` worthless configurations is expected to show `sharpe_annual`.

    Bailey, Borwein, Lopez de Prado & Zhu, "Pseudo-mathematics and financial charlatanism", Notices of the AMS 61
    (2014), theorem 1: (E[max] / SR)^2.
    """
    return (expected_maximum(trials) / sharpe_annual) ** 2


def _spread(found: Moments) -> float:
    return 1.0 - found.skew * found.sharpe + (found.kurtosis - 1.0) / 4.0 * found.sharpe**2
