"""Level stakes in lanes: what the settled bets of a day would have earned, whatever was staked on them before.

The walk of one configuration does the same in `engine.kernel.walk.settle_level`. Every function but `copy_equity` works
on the settlement whose stakes and P&L are in the rows `stake` and `pnl`. A lane without a bet has a stake of 0.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.lanes.cells import CELL, STRIP, STRIPS, at, copy_out, in_slot
from engine.kernel.settle import commission


@leaf
def copy_equity(cells, strip, slots, slot):
    """Keep the equity of every lane in the slot of a bet that has just been decided."""
    copy_out(cells, strip, CELL.equity, slots, slot)


@leaf
def level_strip(cells, strip, weight, clv, has_close):
    """Count a settlement with the weight `weight` in every lane that has the bet. `clv` is 0 without a close."""
    for lane in range(STRIP):
        stake = cells[at(strip, CELL.stake, lane)]  # 0, or a whole number from 1 on
        unit = weight / max(stake, 1.0)
        counted = weight * min(stake, 1.0)
        cells[at(strip, CELL.weight, lane)] = counted
        cells[at(strip, CELL.level, lane)] += cells[at(strip, CELL.pnl, lane)] * unit
        cells[at(strip, CELL.level_turnover, lane)] += counted
        cells[at(strip, CELL.level_clv, lane)] += counted * clv
        cells[at(strip, CELL.closed_turnover, lane)] += counted * has_close


@leaf
def frozen_strip(cells, strip, clv, has_close):
    """The same for Kelly stakes: a weight is the stake over the equity of the row `bet_equity`."""
    for lane in range(STRIP):
        # whoever has a bet had at least one minor unit
        unit = 1.0 / max(cells[at(strip, CELL.bet_equity, lane)], 1.0)
        counted = cells[at(strip, CELL.stake, lane)] * unit
        cells[at(strip, CELL.weight, lane)] = counted
        cells[at(strip, CELL.level, lane)] += cells[at(strip, CELL.pnl, lane)] * unit
        cells[at(strip, CELL.level_turnover, lane)] += counted
        cells[at(strip, CELL.level_clv, lane)] += counted * clv
        cells[at(strip, CELL.closed_turnover, lane)] += counted * has_close


@leaf
def charge_level(cells, strip, rate):
    """Count the commission of a market, in its rows, in every lane whose last open bet there has just settled."""
    for lane in range(STRIP):
        weights = cells[at(strip, CELL.level_weight, lane)] + cells[at(strip, CELL.weight, lane)]
        stakes = cells[at(strip, CELL.level_stake, lane)] + cells[at(strip, CELL.stake, lane)]
        closed = cells[at(strip, CELL.commission_market_open, lane)] == 0.0
        charge = commission(rate, cells[at(strip, CELL.commission_market_pnl, lane)])
        cells[at(strip, CELL.level, lane)] -= charge * (weights / max(stakes, 1.0)) if closed else 0.0
        cells[at(strip, CELL.level_weight, lane)] = 0.0 if closed else weights
        cells[at(strip, CELL.level_stake, lane)] = 0.0 if closed else stakes


@leaf
def roll_level(cells, levels, clvs, day):
    """Write the day that ends to the series of days, and start the next one."""
    for strip in range(STRIPS):
        for lane in range(STRIP):
            levels[in_slot(day, strip, lane)] = np.float32(cells[at(strip, CELL.level, lane)])
        for lane in range(STRIP):
            clvs[in_slot(day, strip, lane)] = np.float32(cells[at(strip, CELL.level_clv, lane)])
        for lane in range(STRIP):
            cells[at(strip, CELL.level, lane)] = 0.0
            cells[at(strip, CELL.level_clv, lane)] = 0.0
