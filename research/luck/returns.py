"""Daily returns: what every inference over time looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: values that are worked on at a time
_HELD = 1 << 24


def daily_returns(pnl: ArrayLike, bankroll: ArrayLike) -> NDArray[np.float32]:
    """P&L of each day over equity at its start.

    Parameters
    ----------
    pnl : (configurations, days) float
        After commission, minor units; days without a settlement are 0.
    bankroll : (configurations,) float
        Opening bankroll, minor units.

    Returns
    -------
    float32 (configurations, days): 0 from the day on at whose start nothing is left.
    """
    days = np.asarray(pnl)
    opening = np.asarray(bankroll, np.float64)
    out = np.empty(days.shape, np.float32)
    step = max(1, _HELD // max(1, days.shape[1]))
    for low in range(0, len(days), step):
        gained = np.asarray(days[low : low + step], np.float64)
        start = np.cumsum(gained, axis=1)
        start += opening[low : low + step, None] - gained
        with np.errstate(divide="ignore", invalid="ignore"):
            out[low : low + step] = np.where(start > 0.0, gained / start, 0.0)
    return out
