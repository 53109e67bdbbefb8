"""Is a yield decided by a few rare results?

The bootstrap resamples what happened. At odds of 1,000 most samples hold none of the wins, or one, that decide the
true yield, and no resample can show them. How far that goes is known before the results: a bet at fair odds has a known
skew, and so has the sum of all bets. Where the sum is too skewed, an interval by resampling is too short.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

#: largest skew of the total at which an interval by resampling is printed. Measured with 400 logs each, a skew of 0.2
#: to 0.36 gives 90 % intervals that cover 89 to 90 %, 0.4 gives 87 %, 0.5 gives 84 %, 0.9 gives 83 %, 2 gives 70 %.
MOST_SKEW: Final = 0.4


def skew_at_odds(odds: ArrayLike, stake: ArrayLike) -> float:
    """Third standardised moment of the total P&L of independent bets that win with the probability 1 / odds.

    A bet of stake s wins s (o - 1) or loses s: variance s^2 (o - 1), third central moment s^3 (o - 1)(o - 2).

    Parameters
    ----------
    odds : (n,) float
        Decimal odds, of a lay those of the back bet of equal risk; above 1.
    stake : (n,) float
        Amount at risk; bets without any do not count.

    Returns
    -------
    float
        0 without a bet.
    """
    price, risk = np.asarray(odds, np.float64), np.asarray(stake, np.float64)
    variance = float(np.sum(risk**2 * (price - 1.0)))
    third = float(np.sum(risk**3 * (price - 1.0) * (price - 2.0)))
    return third / math.sqrt(variance) ** 3 if variance > 0.0 else 0.0
