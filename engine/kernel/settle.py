"""The profit of a bet: whole minor units, halves to even. Pure functions of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import compiled, leaf
from engine.kernel.codes import State
from engine.kernel.price import placed_odds, reduced
from engine.kernel.record import Ending

LOSE = int(State.LOSE)
HALF_LOSE = int(State.HALF_LOSE)
VOID = int(State.VOID)
HALF_WIN = int(State.HALF_WIN)
WIN = int(State.WIN)
DEAD_HEAT = int(State.DEAD_HEAT)
PLACE = int(State.PLACE)
CASHED = int(State.CASHED)


@leaf
def ending_of(tape, i, slippage_frac):
    """The record of how row `i` ends. A bet that closes it also pays slippage, on the other side."""
    hedge = placed_odds(tape.exit_odds[i], not tape.is_lay[i], slippage_frac, tape.ladder[i])
    return Ending(
        is_lay=tape.is_lay[i],
        state=tape.state[i],
        dead_heat_share=tape.dead_heat_share[i],
        place_share=tape.place_share[i],
        reduction_frac=tape.reduction_frac[i],
        reduction_rule=tape.reduction_rule[i],
        each_way_frac=tape.each_way_frac[i],
        hedge_odds=hedge if tape.state[i] == CASHED else 0.0,
        tax_stake_frac=tape.tax_stake_frac[i],
        tax_winnings_frac=tape.tax_winnings_frac[i],
    )


@leaf
def reduced_odds(odds, end):
    """The odds that removed runners leave."""
    return reduced(odds, end.reduction_frac, end.reduction_rule)


@leaf
def placed_part(odds, end):
    """P&L of one unit on the place part of an each-way bet that is placed. A dead heat for the last place shares it."""
    return end.place_share * ((1.0 + (odds - 1.0) * end.each_way_frac) * (1.0 - end.tax_stake_frac)) - 1.0


@leaf
def gross(odds, end):
    """P&L of one unit on a back bet, after the tax on stakes and before the tax on winnings."""
    if end.state == LOSE:
        return -1.0
    if end.state == HALF_LOSE:
        return -0.5
    if end.state == VOID:
        return 0.0
    left = reduced_odds(odds, end)
    pays = left * (1.0 - end.tax_stake_frac)
    if end.state == PLACE:
        return 0.5 * placed_part(left, end) - 0.5
    if end.state == HALF_WIN:
        return (pays - 1.0) / 2.0
    if end.state == CASHED:
        return pays / end.hedge_odds - 1.0
    won = pays - 1.0 if end.state == WIN else end.dead_heat_share * pays - 1.0
    return 0.5 * won + 0.5 * placed_part(left, end) if end.each_way_frac > 0.0 else won


@leaf
def taxed(profit, end):
    """A profit less the tax on winnings. A loss is not changed."""
    return profit * (1.0 - end.tax_winnings_frac) if profit > 0.0 else profit


@leaf
def payoff(odds, end):
    """P&L of one unit on a back bet placed at `odds`, before rounding and commission."""
    return taxed(gross(odds, end), end)


@leaf
def settle_lay(backer, odds, end):
    """P&L of a lay: it wins the backer's stake or loses the liability, which a removed runner makes smaller.

    A lay that was closed counts at its reduced odds too: the runner was removed before the closing bet.
    """
    if end.state == VOID:
        return 0.0
    if end.state == WIN:
        return np.rint(taxed(backer, end))
    if end.state == HALF_WIN:
        return np.rint(taxed(backer * 0.5, end))
    less = reduced_odds(odds, end)
    if end.state == CASHED:
        return np.rint(taxed(backer * (1.0 - less / end.hedge_odds), end))
    if end.state == LOSE or end.state == HALF_LOSE:
        liability = np.rint(backer * (less - 1.0))
        return -liability if end.state == LOSE else np.rint(liability * -0.5)
    return np.rint(taxed(-np.rint(backer * (end.dead_heat_share * less - 1.0)), end))


@leaf
def settle(stake, backer, odds, end):
    """P&L before commission, in minor units.

    `stake` is the amount at risk (the liability of a lay), `backer` the backer's stake of a lay, `odds` the odds at the
    venue. The state of `end` is that of OUR bet; only a dead heat is that of the selection.
    """
    if end.is_lay:
        return settle_lay(backer, odds, end)
    return np.rint(stake * payoff(odds, end))


@compiled
def odds_and_payoffs(tape, rows, slippage_frac, odds_placed, payoff_frac):
    """Write the odds at which `rows` are placed, and the `payoff` of back bets, to two arrays float64 (rows,)."""
    for m in range(len(rows)):
        i = rows[m]
        odds = placed_odds(tape.filled[i], tape.is_lay[i], slippage_frac, tape.ladder[i])
        odds_placed[m] = odds
        payoff_frac[m] = payoff(odds, ending_of(tape, i, slippage_frac))


@leaf
def commission(rate, net):
    """Commission on the net profit of a market, in minor units; 0 on a loss."""
    return np.rint(rate * max(0.0, net))
