"""The profit of a bet: whole minor units, halves to even. Pure functions of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled, leaf
from engine.schema import State

LOSE = int(State.LOSE)
HALF_LOSE = int(State.HALF_LOSE)
VOID = int(State.VOID)
HALF_WIN = int(State.HALF_WIN)
WIN = int(State.WIN)


@leaf
def placed_odds(quoted, is_lay, slippage_frac):
    """The venue's odds a bet is placed at: a back bet below the quote, a lay above it."""
    if is_lay:
        return 1.0 + (quoted - 1.0) * (1.0 + slippage_frac)
    return 1.0 + (quoted - 1.0) * (1.0 - slippage_frac)


@leaf
def turned(odds, is_lay):
    """Odds of the back bet of equal risk: o for a back bet, o / (o - 1) for a lay."""
    return odds / (odds - 1.0) if is_lay else odds


@leaf
def payoff(odds, state, share):
    """P&L of one unit on a back bet placed at `odds`, before rounding and commission."""
    if state == LOSE:
        return -1.0
    if state == HALF_LOSE:
        return -0.5
    if state == VOID:
        return 0.0
    if state == WIN:
        return odds - 1.0
    if state == HALF_WIN:
        return (odds - 1.0) / 2.0
    return share * odds - 1.0


@leaf
def settle(stake, backer, odds, is_lay, state, share):
    """P&L before commission in minor units.

    `stake` is what is at risk (of a lay the liability), `backer` the backer's stake of a lay, `odds` the venue's odds
    it was placed at, `state` OUR end of the bet (of a dead heat the selection's), `share` the selection's share.
    """
    if not is_lay or state in (LOSE, HALF_LOSE, VOID):
        return np.rint(stake * payoff(odds, state, share))
    if state == WIN:
        return backer
    if state == HALF_WIN:
        return np.rint(backer * 0.5)
    return -np.rint(backer * (share * odds - 1.0))


@compiled
def payoffs(odds, state, share, out):
    """`payoff` of many back bets into `out`, float64 (n,)."""
    for i in range(len(odds)):
        out[i] = payoff(odds[i], state[i], share[i])


@leaf
def commission(rate, net):
    """Commission on the net profit of a market, minor units: nothing on a loss."""
    return np.rint(rate * max(0.0, net))
