"""The venue's price of a bet: what it is placed at, and what removed runners leave of it. Pure functions of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

#: hundredths of a float that stands just below a whole hundredth
_SLACK = 1e-7
#: reductions below this one leave a price as it is, and the lowest price that one leaves (Betfair's rule for win bets)
REDUCTION_LEAST = 0.025
PRICE_LEAST = 1.01


@leaf
def tick_hundredths(hundredths):
    """Step of the price ladder of Betfair at a price, both in hundredths: 350 prices from 1.01 to 1000."""
    if hundredths < 200:
        return 1
    if hundredths < 300:
        return 2
    if hundredths < 400:
        return 5
    if hundredths < 600:
        return 10
    if hundredths < 1000:
        return 20
    if hundredths < 2000:
        return 50
    if hundredths < 3000:
        return 100
    if hundredths < 5000:
        return 200
    if hundredths < 10000:
        return 500
    return 1000


@leaf
def on_ladder(odds, is_lay):
    """The price of the ladder at `odds` or next to it on the bettor's worse side: down for a back bet, up for a lay."""
    if np.isnan(odds):
        return odds
    exact = min(max(odds, PRICE_LEAST), 1000.0) * 100.0
    if is_lay:
        hundredths = np.int64(np.ceil(exact - _SLACK))
        step = tick_hundredths(hundredths)
        return np.float64((hundredths + step - 1) // step * step) / 100.0
    hundredths = np.int64(np.floor(exact + _SLACK))
    return np.float64(hundredths // tick_hundredths(hundredths) * tick_hundredths(hundredths)) / 100.0


@leaf
def placed_odds(quoted, is_lay, slippage_frac, ladder):
    """The venue's odds a bet is placed at: a back bet below the quote, a lay above it, on a ladder if there is one."""
    keeps = 1.0 + slippage_frac if is_lay else 1.0 - slippage_frac
    odds = 1.0 + (quoted - 1.0) * keeps
    return on_ladder(odds, is_lay) if ladder else odds


@leaf
def turned(odds, is_lay):
    """Odds of the back bet of equal risk: o for a back bet, o / (o - 1) for a lay."""
    return odds / (odds - 1.0) if is_lay else odds


@leaf
def moved(row, params):
    """Whether the price at which the order arrives is worse than the tolerance allows, or not there (NaN)."""
    if row.is_lay:
        return not row.filled <= row.quoted * (1.0 + params.price_tolerance_frac)
    return not row.filled >= row.quoted * (1.0 - params.price_tolerance_frac)


@leaf
def reduced(odds, reduction_frac):
    """Odds after the removal of a runner: less the reduction factor, to two decimals, 1.01 at least."""
    if reduction_frac < REDUCTION_LEAST:
        return odds
    return max(PRICE_LEAST, np.rint(odds * (1.0 - reduction_frac) * 100.0) / 100.0)
