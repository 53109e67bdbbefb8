"""Settlement in lanes: one strip of one settlement, whose stakes are in the row `stake`."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.lanes.cells import CELL, STRIP, at
from engine.kernel.params import ROW
from engine.kernel.settle import commission


@leaf
def pay(cells, strip, lane, payoff, uses):
    """Pay back the stake of one lane with its P&L, and book both in the rows of its slots; returns the P&L."""
    stake = cells[at(strip, CELL.stake, lane)]
    pnl = np.rint(stake * payoff)
    cells[at(strip, CELL.pnl, lane)] = pnl
    cells[at(strip, CELL.equity, lane)] += pnl
    cells[at(strip, CELL.open, lane)] -= stake
    if uses.event_cap:
        cells[at(strip, CELL.event_open, lane)] -= stake
    if uses.competition_cap:
        cells[at(strip, CELL.competition_open, lane)] -= stake
    if uses.commission:
        cells[at(strip, CELL.commission_market_pnl, lane)] += pnl
        cells[at(strip, CELL.commission_market_open, lane)] -= 1.0 if stake > 0.0 else 0.0
    return pnl


@leaf
def return_strip(cells, strip, is_void, uses):
    """Settle with a payoff of 0: every lane gets back its stake."""
    for lane in range(STRIP):
        pay(cells, strip, lane, 0.0, uses)
        cells[at(strip, CELL.n_void, lane)] += is_void if cells[at(strip, CELL.stake, lane)] > 0.0 else 0.0


@leaf
def win_strip(cells, strip, payoff, uses):
    """Settle with a payoff above 0: losing streaks end, except where rounding leaves no profit."""
    for lane in range(STRIP):
        won = pay(cells, strip, lane, payoff, uses) > 0.0
        cells[at(strip, CELL.n_won, lane)] += 1.0 if won else 0.0
        run = cells[at(strip, CELL.run_of_losses, lane)]
        cells[at(strip, CELL.run_of_losses, lane)] = 0.0 if won else run
        if uses.streaks:
            streak = cells[at(strip, CELL.streak, lane)]
            counts = won and cells[at(strip, CELL.cooling, lane)] == 0.0
            cells[at(strip, CELL.streak, lane)] = 0.0 if counts else streak


@leaf
def lose_strip(cells, strip, payoff, uses):
    """Settle with a payoff below 0: losing streaks grow. Returns how many lanes reach the length of their breaker."""
    reached = 0
    for lane in range(STRIP):
        lost = 1.0 if pay(cells, strip, lane, payoff, uses) < 0.0 else 0.0
        run = cells[at(strip, CELL.run_of_losses, lane)] + lost
        cells[at(strip, CELL.run_of_losses, lane)] = run
        cells[at(strip, CELL.longest, lane)] = max(cells[at(strip, CELL.longest, lane)], run)
        if uses.streaks:
            counts = lost * (1.0 - cells[at(strip, CELL.cooling, lane)])
            streak = cells[at(strip, CELL.streak, lane)] + counts
            cells[at(strip, CELL.streak, lane)] = streak
            warns = streak == cells[at(strip, ROW.streak_warn, lane)]
            cells[at(strip, CELL.warnings, lane)] += counts if warns else 0.0
            reached += 1 if streak >= cells[at(strip, ROW.streak_stop, lane)] else 0
    return reached


@leaf
def charge_strip(cells, strip, rate):
    """Charge commission in every lane whose last open bet in the commission market has settled."""
    for lane in range(STRIP):
        equity = cells[at(strip, CELL.equity, lane)]
        closed = cells[at(strip, CELL.commission_market_open, lane)] == 0.0
        pnl = cells[at(strip, CELL.commission_market_pnl, lane)]
        charge = min(commission(rate, pnl), equity - cells[at(strip, CELL.open, lane)]) if closed else 0.0
        cells[at(strip, CELL.equity, lane)] = equity - charge
        cells[at(strip, CELL.commission, lane)] += charge
        cells[at(strip, CELL.commission_market_pnl, lane)] = 0.0 if closed else pnl
