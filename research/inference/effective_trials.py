"""How many independent trials many correlated ones are worth.

The best of N independent worthless configurations exceeds its 95 % quantile c where 1 - Phi(c)^N = 5 % (Sidak,
"Rectangular confidence regions", JASA 62 (1967)). The effective number is the N at which that c is the one that the
best of these very configurations has under the null: the quantile of the largest studentised mean, without its skew
(`research.inference.skewness`), over resamples of whole days, which keep the correlation of the configurations' daily
P&L
(Westfall & Young, "Resampling-based multiple testing" (1993), section 2.6, read the other way round). Copies of one
configuration are worth one.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.inference import skewness as skewed
from research.inference.superiority import Resampled

_NORMAL: Final = NormalDist()
LEVEL: Final = 0.05


def effective_trials(of: Resampled, among: NDArray[np.bool_] | None = None) -> float:
    """Effective number of the configurations `among`; 1 to their number, 0 where none of them can be judged.

    Parameters
    ----------
    of : Resampled
    among : bool (configurations,), optional
        Default all.
    """
    part = of.judgeable.copy()
    if among is not None:
        part &= among
    count = int(np.count_nonzero(part))
    if count < 2:
        return float(count)
    return float(min(trials_at(float(np.quantile(skewed.largest_centred(of, part), 1.0 - LEVEL))), count))


def trials_at(quantile: float) -> float:
    """Number of independent standard normals whose largest has this 95 % quantile; at least 1.

    >>> round(trials_at(1.6448536269514722), 6)
    1.0
    """
    single = _NORMAL.cdf(quantile)
    return max(1.0, math.log(1.0 - LEVEL) / math.log(single)) if single < 1.0 else math.inf


def adjusted(p_value: float, trials: float) -> float:
    """Sidak's p-value of the best of so many independent trials: 1 - (1 - p)^N, without loss for a small p.

    >>> round(adjusted(0.01, 5), 6)
    0.04901
    """
    return float(-math.expm1(trials * math.log1p(-p_value))) if p_value < 1.0 else 1.0
