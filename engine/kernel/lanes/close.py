"""The close of an instant in lanes: peaks, drawdowns, and the breakers that start and end there; and the day roll."""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.account import ACTIVE, INACTIVE, NEVER
from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.lanes.cells import (
    CELL,
    COUNT_BITS,
    COUNT_MAX,
    COUNTS,
    FIRST_COUNTED,
    N_COUNTED,
    STRIP,
    STRIPS,
    WIDTH,
    at,
    in_slot,
    lane_of,
)
from engine.kernel.params import ROW
from engine.kernel.whole import whole_allowance

#: far above the rounding error of a product or quotient of two float64, far below any meaningful fraction
TOLERANCE = 1e-14
#: state of a breaker that this close has started and whose end is not set yet (then it is `ACTIVE`)
TRIGGERED = 2.0
#: rows of counts
BREAKER_DRAWDOWN = COUNTS + int(Reason.BREAKER_DRAWDOWN) - FIRST_COUNTED
BREAKER_DAILY_LOSS = COUNTS + int(Reason.BREAKER_DAILY_LOSS) - FIRST_COUNTED
BREAKER_STREAK = COUNTS + int(Reason.BREAKER_STREAK) - FIRST_COUNTED


@leaf
def initial_warn_factor(cells, strip, lane):
    """The factor on stakes at a drawdown of 0."""
    factor = cells[at(strip, ROW.drawdown_warn_factor, lane)]
    return factor if cells[at(strip, ROW.drawdown_warn_frac, lane)] <= 0.0 else 1.0


@leaf
def begin(block):
    """Reset the block: every lane holds its bankroll and nothing else. The other rows must be 0 already."""
    cells = block.cells
    block.ends[:] = NEVER
    for strip in range(STRIPS):
        for lane in range(STRIP):
            bankroll = cells[at(strip, ROW.bankroll_minor, lane)]
            for row in (CELL.equity, CELL.peak, CELL.day_start, CELL.high):
                cells[at(strip, row, lane)] = bankroll
            cells[at(strip, CELL.warn_factor, lane)] = initial_warn_factor(cells, strip, lane)
            day_cap = cells[at(strip, ROW.day_cap_frac, lane)]
            cells[at(strip, CELL.day_allowance, lane)] = whole_allowance(day_cap, bankroll)


@leaf
def close_strip(cells, strip, uses):
    """Close an instant in a strip with settlements; returns in how many lanes a breaker starts.

    A lane whose equity did not change closes as it did before.
    """
    n_started = 0
    for lane in range(STRIP):
        now = cells[at(strip, CELL.equity, lane)]
        high = max(cells[at(strip, CELL.high, lane)], now)
        cells[at(strip, CELL.high, lane)] = high
        drawdown = (high - now) / high
        cells[at(strip, CELL.max_drawdown, lane)] = max(cells[at(strip, CELL.max_drawdown, lane)], drawdown)
        if uses.halts_end:
            peak = max(cells[at(strip, CELL.peak, lane)], now)
            cells[at(strip, CELL.peak, lane)] = peak
            drawdown = (peak - now) / peak if peak > 0.0 else 0.0
        if uses.drawdown_warn:
            factor = cells[at(strip, ROW.drawdown_warn_factor, lane)]
            warns = drawdown >= cells[at(strip, ROW.drawdown_warn_frac, lane)]
            cells[at(strip, CELL.warn_factor, lane)] = factor if warns else 1.0
        if uses.drawdown_stop:
            stops = drawdown >= cells[at(strip, ROW.drawdown_stop_frac, lane)]
            halts = stops and cells[at(strip, CELL.halted, lane)] == INACTIVE
            cells[at(strip, CELL.halted, lane)] = TRIGGERED if halts else cells[at(strip, CELL.halted, lane)]
            n_started += 1 if halts else 0
        if uses.daily_loss:
            start = cells[at(strip, CELL.day_start, lane)]
            bound = cells[at(strip, ROW.daily_loss_frac, lane)] * start
            near = start - now >= bound * (1.0 - TOLERANCE)  # whether it is reached, `block_strip` says
            n_started += 1 if near and cells[at(strip, CELL.day_blocked, lane)] == INACTIVE else 0
    return n_started


@leaf
def start_breakers(cells, strip):
    """Start the daily and the streak breakers, and count what breakers that were active before have refused."""
    count_waiting(cells, strip)
    for lane in range(STRIP):
        now, start = cells[at(strip, CELL.equity, lane)], cells[at(strip, CELL.day_start, lane)]
        lost = start > 0.0 and (start - now) / start >= cells[at(strip, ROW.daily_loss_frac, lane)]
        cells[at(strip, CELL.day_blocked, lane)] = ACTIVE if lost else cells[at(strip, CELL.day_blocked, lane)]
        cooling = cells[at(strip, CELL.cooling, lane)]
        cools = cooling == INACTIVE and cells[at(strip, CELL.streak, lane)] >= cells[at(strip, ROW.streak_stop, lane)]
        cells[at(strip, CELL.cooling, lane)] = TRIGGERED if cools else cooling


@leaf
def count_waiting(cells, strip):
    """Count the opportunities since a breaker became active under its name. Of several the first one is named."""
    for lane in range(STRIP):
        waiting = cells[at(strip, CELL.waiting, lane)]
        halted = cells[at(strip, CELL.halted, lane)] == ACTIVE
        lost = cells[at(strip, CELL.day_blocked, lane)] == ACTIVE
        cells[at(strip, BREAKER_DRAWDOWN, lane)] += waiting if halted else 0.0
        cells[at(strip, BREAKER_DAILY_LOSS, lane)] += waiting if lost and not halted else 0.0
        cells[at(strip, BREAKER_STREAK, lane)] += waiting if not (halted or lost) else 0.0
        cells[at(strip, CELL.waiting, lane)] = 0.0


@leaf
def update_blocked(cells, strip):
    """Set the row `blocked`: whether any breaker is active."""
    for lane in range(STRIP):
        active = max(cells[at(strip, CELL.halted, lane)], cells[at(strip, CELL.cooling, lane)])
        cells[at(strip, CELL.blocked, lane)] = max(active, cells[at(strip, CELL.day_blocked, lane)])


@leaf
def set_ends(block, strip, instant):
    """Set the ends of the breakers that this close has started in a strip; returns the earliest end of the strip."""
    halts = set_end(block, strip, instant, CELL.halted, acc.HALT_END, ROW.drawdown_reset_after_ns)
    cools = set_end(block, strip, instant, CELL.cooling, acc.COOL_END, ROW.streak_cool_off_ns)
    update_blocked(block.cells, strip)
    return min(halts, cools)


@leaf
def set_end(block, strip, instant, breaker_row, end_row, duration_row):
    """The same for one breaker, given the row of its state, of its end, and of its duration."""
    cells, ends = block.cells, block.ends
    first = NEVER
    for lane in range(STRIP):
        breaker, old = cells[at(strip, breaker_row, lane)], ends[in_slot(end_row, strip, lane)]
        new = acc.instant_after(instant, cells[at(strip, duration_row, lane)])
        end = new if breaker == TRIGGERED else old
        cells[at(strip, breaker_row, lane)] = min(breaker, ACTIVE)
        ends[in_slot(end_row, strip, lane)] = end
        first = min(first, end)
    return first


@leaf
def end_due(block, instant):
    """End the breakers whose end is at or before `instant`; returns the earliest end of the others."""
    first = NEVER
    for strip in range(STRIPS):
        count_waiting(block.cells, strip)
        first = min(first, min(end_halts(block, strip, instant), end_cool_offs(block, strip, instant)))
        update_blocked(block.cells, strip)
    return first


@leaf
def end_halts(block, strip, instant):
    """The same for the drawdown breakers of a strip: the current equity becomes the peak."""
    cells, ends = block.cells, block.ends
    first = NEVER
    for lane in range(STRIP):
        end = ends[in_slot(acc.HALT_END, strip, lane)]
        peak, factor = cells[at(strip, CELL.peak, lane)], cells[at(strip, CELL.warn_factor, lane)]
        now, initial = cells[at(strip, CELL.equity, lane)], initial_warn_factor(cells, strip, lane)
        halted = cells[at(strip, CELL.halted, lane)]
        cells[at(strip, CELL.halted, lane)] = INACTIVE if end <= instant else halted
        cells[at(strip, CELL.peak, lane)] = now if end <= instant else peak
        cells[at(strip, CELL.warn_factor, lane)] = initial if end <= instant else factor
        later = NEVER if end <= instant else end
        ends[in_slot(acc.HALT_END, strip, lane)] = later
        first = min(first, later)
    return first


@leaf
def end_cool_offs(block, strip, instant):
    """The same for the streak breakers of a strip: the counts of losses restart at 0."""
    cells, ends = block.cells, block.ends
    first = NEVER
    for lane in range(STRIP):
        end = ends[in_slot(acc.COOL_END, strip, lane)]
        cooling, streak = cells[at(strip, CELL.cooling, lane)], cells[at(strip, CELL.streak, lane)]
        cells[at(strip, CELL.cooling, lane)] = INACTIVE if end <= instant else cooling
        cells[at(strip, CELL.streak, lane)] = 0.0 if end <= instant else streak
        later = NEVER if end <= instant else end
        ends[in_slot(acc.COOL_END, strip, lane)] = later
        first = min(first, later)
    return first


@leaf
def roll(block, daily, day, uses):
    """Roll the day. Unless `daily` is empty, the P&L of the day that ends is written there."""
    cells = block.cells
    for strip in range(STRIPS):
        if len(daily) > 0:
            for lane in range(STRIP):
                pnl = cells[at(strip, CELL.equity, lane)] - cells[at(strip, CELL.day_start, lane)]
                daily[in_slot(day, strip, lane)] = np.float32(pnl)
        if uses.daily_loss:
            count_waiting(cells, strip)
        for lane in range(STRIP):
            equity = cells[at(strip, CELL.equity, lane)]
            cells[at(strip, CELL.day_start, lane)] = equity
            cells[at(strip, CELL.turnover, lane)] += cells[at(strip, CELL.staked_today, lane)]
            cells[at(strip, CELL.staked_today, lane)] = 0.0
            cells[at(strip, CELL.day_blocked, lane)] = 0.0
            day_cap = cells[at(strip, ROW.day_cap_frac, lane)]
            cells[at(strip, CELL.day_allowance, lane)] = whole_allowance(day_cap, equity)
        if uses.daily_loss:
            update_blocked(cells, strip)


@leaf
def hold_base(cells):
    """Store the cash at the start of the instant's decisions: the base of percent and Kelly stakes."""
    for strip in range(STRIPS):
        for lane in range(STRIP):
            cash = cells[at(strip, CELL.equity, lane)] - cells[at(strip, CELL.open, lane)]
            cells[at(strip, CELL.base, lane)] = cash


@leaf
def empty_counts(block):
    """Move the packed counts of reasons to the rows of counts."""
    cells, counted = block.cells, block.counted
    for strip in range(STRIPS):
        for reason in range(N_COUNTED):
            for lane in range(STRIP):
                packed = counted[lane_of(strip, lane)]
                cells[at(strip, COUNTS + reason, lane)] += np.float64((packed >> (COUNT_BITS * reason)) & COUNT_MAX)
    for lane in range(WIDTH):
        counted[np.uint64(lane)] = 0
