"""Winnings that are too good to be true: yields and hits that fair odds do not allow.

A fair book does not leave a bettor 15 % of the turnover. The best documented edges over fair closing odds are a few per
cent (Kaunitz, Zhong & Kreiner, "Beating the bookies with their own numbers", arXiv:1710.02824 (2017), found 3.5 %).
Reports flag a result that exceeds such a bound by more than `STANDARD_ERRORS`, and the paper venue stops at it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: bound of yield, of mean CLV, and of the surplus of hits over fair closing odds
EXCESS_BOUND: Final = 0.15
#: standard errors beyond the bound: 1 in 30,000 by luck, for one configuration exactly at the bound
STANDARD_ERRORS: Final = 4.0
#: fewest bets (of `too_many_hits`: events) for any flag
FEWEST_FLAGGED_BETS: Final = 50


def event_sums(columns: ArrayLike, event: ArrayLike) -> Floats:
    """Sums of columns over the bets of each event.

    Parameters
    ----------
    columns : (n, k) float
        One row per bet.
    event : (n,) integer
        Event of each bet; any ids.

    Returns
    -------
    (m, k) float64
        One row per event, in order of the ids.
    """
    values = np.asarray(columns, np.float64)
    values = values.reshape(len(values), 1) if values.ndim == 1 else values
    _, dense = np.unique(np.asarray(event), return_inverse=True)
    size = int(dense.max()) + 1 if len(dense) else 0
    out = np.empty((size, values.shape[1]))
    for k in range(values.shape[1]):
        out[:, k] = np.bincount(dense, weights=values[:, k], minlength=size)
    return out


def implausible_yield(pnl_minor: ArrayLike, stake_minor: ArrayLike, event: ArrayLike) -> bool:
    """Whether the yield of some bets is above the bound by more than luck, with the bets of an event taken together.

    The error is that of the printed interval: events are independent, and the stakes are those of the bets (the ratio
    estimator: W. G. Cochran (1977), Sampling Techniques, 3rd ed., section 6.4).

    Parameters
    ----------
    pnl_minor, stake_minor : (bets,) float
        P&L and stake of each bet, minor units.
    event : (bets,) integer
        Event of each bet; any ids.
    """
    pnl, stake = np.asarray(pnl_minor, np.float64), np.asarray(stake_minor, np.float64)
    if len(pnl) < FEWEST_FLAGGED_BETS or stake.sum() <= 0.0:
        return False
    value = pnl.sum() / stake.sum()
    residuals = event_sums(pnl - value * stake, event)
    if len(residuals) < 2:
        return False
    error = math.sqrt(float((residuals**2).sum()) * len(residuals) / (len(residuals) - 1)) / stake.sum()
    return bool(value - STANDARD_ERRORS * error > EXCESS_BOUND)


def too_many_hits(won: ArrayLike, probability: ArrayLike, event: ArrayLike) -> bool:
    """Whether more bets won than fair closing odds allow.

    Bets of one event count as if they won and lost together: the largest variance that they can have.

    Parameters
    ----------
    won : (bets,) bool
    probability : (bets,) float
        Fair closing probability of a full win; bets without one (NaN) do not count.
    event : (bets,) integer
        Event of each bet; any ids.
    """
    hits, fair = np.asarray(won, np.float64), np.asarray(probability, np.float64)
    known = np.isfinite(fair)
    deviations = event_sums(np.sqrt(fair[known] * (1.0 - fair[known])), np.asarray(event)[known])
    if len(deviations) < FEWEST_FLAGGED_BETS:
        return False
    surplus = hits[known].sum() - (1.0 + EXCESS_BOUND) * fair[known].sum()
    return bool(surplus > STANDARD_ERRORS * math.sqrt(float((deviations**2).sum())))
