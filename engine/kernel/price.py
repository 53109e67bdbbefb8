"""The price of a bet at the venue, and what removed runners leave of it. Pure functions of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.codes import Reduction
from engine.kernel.whole import SAME_PRICE

EXCHANGE_WIN = int(Reduction.EXCHANGE_WIN)
#: tolerance for a float just below or above a whole hundredth, in hundredths
_SLACK = 1e-7
#: in win markets smaller reductions change no price, and no reduction gives a lower price (Betfair's exchange rules)
REDUCTION_LEAST = 0.025
PRICE_LEAST = 1.01


@leaf
def tick_hundredths(hundredths):
    """Step of Betfair's price ladder at a price, both in hundredths. The ladder has 350 prices from 1.01 to 1000."""
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
    """The ladder's price at `odds`, or the next worse one: lower for a back bet, higher for a lay. NaN stays NaN."""
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
    """Odds at the venue after slippage: lower for a back bet, higher for a lay, on the ladder if the venue has one."""
    keeps = 1.0 + slippage_frac if is_lay else 1.0 - slippage_frac
    odds = 1.0 + (quoted - 1.0) * keeps
    return on_ladder(odds, is_lay) if ladder else odds


@leaf
def liability(size, odds):
    """The liability of a lay of `size`, by the rule of `engine.tape.facts.liability`."""
    at_risk = size * (odds - 1.0)
    whole = np.rint(at_risk)
    return whole if abs(whole - at_risk) <= 1e-15 * size * odds else at_risk


@leaf
def back_equivalent(odds, is_lay):
    """Odds of the back bet of equal risk: o for a back bet, o / (o - 1) for a lay."""
    return odds / (odds - 1.0) if is_lay else odds


@leaf
def price_moved(row, params):
    """Whether the price on arrival is worse than the tolerance allows, or missing (NaN). Exactly reached is allowed."""
    if row.is_lay:
        return not row.filled * (1.0 - SAME_PRICE) <= row.quoted * (1.0 + params.price_tolerance_frac)
    return not row.filled * (1.0 + SAME_PRICE) >= row.quoted * (1.0 - params.price_tolerance_frac)


@leaf
def reduced(odds, reduction_frac, rule):
    """Odds after the removal of a runner, by the rule (`codes.Reduction`) of the market.

    Win market of an exchange: the price is lowered by the factor if that is 2.5 % or more, to two decimals, at least
    1.01. Place market of an exchange, and a bookmaker's Rule 4: the winnings are lowered by any factor; nothing is
    rounded but the P&L.
    """
    if rule != EXCHANGE_WIN:
        return 1.0 + (odds - 1.0) * (1.0 - reduction_frac)
    if reduction_frac < REDUCTION_LEAST:
        return odds
    return max(PRICE_LEAST, np.rint(odds * (1.0 - reduction_frac) * 100.0) / 100.0)
