"""Level stakes in lanes: what the settled bets of a day would have earned, whatever was staked on them before.

The walk of one configuration does the same in `engine.kernel.walk.settle_level`. Every function but `copy_equity` works
on the settlement whose stakes and P&L are in the rows `STAKE` and `PNL`. A lane without a bet has a stake of 0.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import leaf
from engine.kernel.lanes.rules import (
    COMMISSION_MARKET_OPEN,
    COMMISSION_MARKET_PNL,
    EQUITY,
    LEVEL_STAKE,
    LEVEL_WEIGHT,
    PNL,
    STAKE,
    WEIGHT,
    WIDTH,
    at,
)
from engine.kernel.settle import commission


@leaf
def copy_equity(state, slots, slot):
    """Keep the equity of every lane in the slot of a bet that has just been decided."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]


@leaf
def level_lanes(state, weight, clv, has_close):
    """Count a settlement with the weight `weight` in every lane that has the bet. `clv` is 0 without a close."""
    for lane in range(WIDTH):
        stake = state[at(STAKE, lane)]  # 0, or a whole number from 1 on
        unit = weight / max(stake, 1.0)
        counted = weight * min(stake, 1.0)
        state[at(WEIGHT, lane)] = counted
        state[at(acc.LEVEL, lane)] += state[at(PNL, lane)] * unit
        state[at(acc.LEVEL_TURNOVER, lane)] += counted
        state[at(acc.LEVEL_CLV, lane)] += counted * clv
        state[at(acc.CLOSED_TURNOVER, lane)] += counted * has_close


@leaf
def frozen_lanes(state, clv, has_close):
    """The same for Kelly stakes: a weight is the stake over the equity of the row `EQUITY`."""
    for lane in range(WIDTH):
        unit = 1.0 / max(state[at(EQUITY, lane)], 1.0)  # whoever has a bet had at least one minor unit
        counted = state[at(STAKE, lane)] * unit
        state[at(WEIGHT, lane)] = counted
        state[at(acc.LEVEL, lane)] += state[at(PNL, lane)] * unit
        state[at(acc.LEVEL_TURNOVER, lane)] += counted
        state[at(acc.LEVEL_CLV, lane)] += counted * clv
        state[at(acc.CLOSED_TURNOVER, lane)] += counted * has_close


@leaf
def charge_level(state, rate):
    """Count the commission of a market, in its rows, in every lane whose last open bet there has just settled."""
    for lane in range(WIDTH):
        weights = state[at(LEVEL_WEIGHT, lane)] + state[at(WEIGHT, lane)]
        stakes = state[at(LEVEL_STAKE, lane)] + state[at(STAKE, lane)]
        closed = state[at(COMMISSION_MARKET_OPEN, lane)] == 0.0
        charge = commission(rate, state[at(COMMISSION_MARKET_PNL, lane)])
        state[at(acc.LEVEL, lane)] -= charge * (weights / max(stakes, 1.0)) if closed else 0.0
        state[at(LEVEL_WEIGHT, lane)] = 0.0 if closed else weights
        state[at(LEVEL_STAKE, lane)] = 0.0 if closed else stakes


@leaf
def roll_level(state, levels, clvs, day):
    """Write the day that ends to the series of days, and start the next one."""
    first = np.uint64(day) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        levels[first + np.uint64(lane)] = np.float32(state[at(acc.LEVEL, lane)])
    for lane in range(WIDTH):
        clvs[first + np.uint64(lane)] = np.float32(state[at(acc.LEVEL_CLV, lane)])
    for lane in range(WIDTH):
        state[at(acc.LEVEL, lane)] = 0.0
        state[at(acc.LEVEL_CLV, lane)] = 0.0
