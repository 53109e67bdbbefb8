"""The effective number of trials: how many independent configurations many correlated ones are worth.

The best of N independent worthless configurations exceeds its 95 % quantile c, where 1 - Phi(c)^N = 5 % (Sidak,
"Rectangular confidence regions", JASA 62 (1967)). The effective number is the N whose c equals the quantile that the
best of these configurations has under the null: the 95 % quantile of their largest null statistic under normal
multipliers of whole days (`research.inference.multipliers`), which keep the correlation between the daily P&L of the
configurations. This inverts the adjustment of Westfall & Young, "Resampling-based multiple testing" (1993), section
2.6. Copies of one configuration count once, whatever command they ran in.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NORMAL: Final = NormalDist()
LEVEL: Final = 0.05


def effective_trials(maxima: NDArray[np.floating], configurations: int) -> float:
    """Effective number of trials of the configurations behind a vector of null maxima.

    Parameters
    ----------
    maxima : float (draws,)
        From `multipliers.null_maxima`; of several searches together the elementwise maximum of their vectors.
    configurations : int
        Number of distinct configurations behind it.

    Returns
    -------
    float
        From 1 to `configurations`; 0 where there is none, or none that bet.
    """
    if np.isneginf(maxima).all():
        return 0.0
    if configurations < 2:
        return float(configurations)
    quantile = float(np.quantile(np.asarray(maxima, np.float64), 1.0 - LEVEL))
    return float(min(trials_at(quantile), configurations))


def trials_at(quantile: float) -> float:
    """Number of independent standard normals whose maximum has this 95 % quantile; at least 1.

    >>> round(trials_at(1.6448536269514722), 6)
    1.0
    """
    single = _NORMAL.cdf(quantile)
    return max(1.0, math.log(1.0 - LEVEL) / math.log(single)) if single < 1.0 else math.inf


def sidak_adjusted(p_value: float, trials: float) -> float:
    """Sidak's adjusted p-value of the best of independent trials, 1 - (1 - p)^N, exact for small p too.

    >>> round(sidak_adjusted(0.01, 5), 6)
    0.04901
    """
    return float(-math.expm1(trials * math.log1p(-p_value))) if p_value < 1.0 else 1.0
