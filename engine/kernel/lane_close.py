"""The close of an instant in lanes: peaks, drawdowns, and the breakers that begin and end there."""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import leaf
from engine.kernel.lanes import (
    DAILY_LOSS_FRAC_AT,
    DRAWDOWN_RESET_AFTER_NS_AT,
    DRAWDOWN_STOP_FRAC_AT,
    DRAWDOWN_WARN_FACTOR_AT,
    DRAWDOWN_WARN_FRAC_AT,
    LAST,
    STREAK_COOL_OFF_NS_AT,
    STREAK_STOP_AT,
    WARN,
    WIDTH,
    at,
    unhurt,
)

#: far above the rounding of a product or a quotient of two float64, far below any fraction that is meant
NEAR = 1e-14


@leaf
def close_lanes(block, reached):
    """The close of an instant at which something settled; returns how many breakers it set off.

    ``reached``: how often a streak became as long as is allowed; without that no streak sets off its breaker.

    A division costs as much as all the rest of a close, so fractions are compared as products, `fall >= frac * peak`.
    Where rounding could tell the two apart, or a lane reaches a new largest drawdown, `close_exactly` divides. The ends
    of breakers are rare and told lane by lane (`end_due`, `set_ends`).
    """
    state, numbers = block.state, block.numbers
    unsure, set_off = 0, 0
    for lane in range(WIDTH):
        now = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]
        last = state[at(LAST, lane)]
        state[at(LAST, lane)] = now
        high, peak = max(state[at(acc.HIGH, lane)], now), max(state[at(acc.PEAK, lane)], now)
        state[at(acc.HIGH, lane)] = high
        state[at(acc.PEAK, lane)] = peak
        start = state[at(acc.DAY_START, lane)]
        fall, lost = peak - now, start - now
        warns = fall - numbers[at(DRAWDOWN_WARN_FRAC_AT, lane)] * peak
        stops = fall - numbers[at(DRAWDOWN_STOP_FRAC_AT, lane)] * peak
        blocks = lost - numbers[at(DAILY_LOSS_FRAC_AT, lane)] * start
        near = NEAR * peak
        close_call = abs(warns) <= near or abs(stops) <= near or abs(blocks) <= NEAR * start
        deeper = now < last and high - now > state[at(acc.MAX_DRAWDOWN, lane)] * high * (1.0 - NEAR)
        unsure += 1 if now != last and (close_call or deeper) else 0
        factor, before = numbers[at(DRAWDOWN_WARN_FACTOR_AT, lane)], state[at(WARN, lane)]
        state[at(WARN, lane)] = factor if warns > near else (1.0 if warns < -near else before)
        halts = state[at(acc.HALTED, lane)] == 0.0 and stops > near
        state[at(acc.HALTED, lane)] = 2.0 if halts else state[at(acc.HALTED, lane)]
        state[at(acc.DAY_BLOCKED, lane)] = 1.0 if blocks > NEAR * start else state[at(acc.DAY_BLOCKED, lane)]
        set_off += 1 if halts else 0
    if unsure > 0:
        set_off += close_exactly(block)
    if reached > 0:
        set_off += cool_lanes(block)
    return set_off


@leaf
def cool_lanes(block):
    """The streaks that set off their breaker; returns how many."""
    state, numbers = block.state, block.numbers
    set_off = 0
    for lane in range(WIDTH):
        cooling = state[at(acc.COOLING, lane)]
        cools = cooling == 0.0 and state[at(acc.STREAK, lane)] >= numbers[at(STREAK_STOP_AT, lane)]
        state[at(acc.COOLING, lane)] = 2.0 if cools else cooling
        set_off += 1 if cools else 0
    return set_off


@leaf
def close_exactly(block):
    """What `close_lanes` says of fractions, divided; returns how many halts it set off."""
    state, numbers = block.state, block.numbers
    set_off = 0
    for lane in range(WIDTH):
        now, high = state[at(LAST, lane)], state[at(acc.HIGH, lane)]
        state[at(acc.MAX_DRAWDOWN, lane)] = max(state[at(acc.MAX_DRAWDOWN, lane)], (high - now) / high)
        peak, start = state[at(acc.PEAK, lane)], state[at(acc.DAY_START, lane)]
        drawdown = (peak - now) / peak if peak > 0.0 else 0.0
        warned = drawdown >= numbers[at(DRAWDOWN_WARN_FRAC_AT, lane)]
        state[at(WARN, lane)] = numbers[at(DRAWDOWN_WARN_FACTOR_AT, lane)] if warned else 1.0
        halts = state[at(acc.HALTED, lane)] == 0.0 and drawdown >= numbers[at(DRAWDOWN_STOP_FRAC_AT, lane)]
        state[at(acc.HALTED, lane)] = 2.0 if halts else state[at(acc.HALTED, lane)]
        lost = start > 0.0 and (start - now) / start >= numbers[at(DAILY_LOSS_FRAC_AT, lane)]
        state[at(acc.DAY_BLOCKED, lane)] = 1.0 if lost else state[at(acc.DAY_BLOCKED, lane)]
        set_off += 1 if halts else 0
    return set_off


@leaf
def set_ends(block, instant):
    """Give the breakers that this close set off (2 in their rows) their ends; returns the earliest of all ends."""
    state, numbers, ends = block.state, block.numbers, block.ends
    for lane in range(WIDTH):
        if state[at(acc.HALTED, lane)] == 2.0:
            state[at(acc.HALTED, lane)] = 1.0
            ends[acc.HALT_END, lane] = acc.after(instant, numbers[at(DRAWDOWN_RESET_AFTER_NS_AT, lane)])
        if state[at(acc.COOLING, lane)] == 2.0:
            state[at(acc.COOLING, lane)] = 1.0
            ends[acc.COOL_END, lane] = acc.after(instant, numbers[at(STREAK_COOL_OFF_NS_AT, lane)])
    return earliest(block)


@leaf
def earliest(block):
    """The first instant at which a breaker of the block ends, or the end of time."""
    state, ends = block.state, block.ends
    first = np.int64(9223372036854775807)
    for lane in range(WIDTH):
        if state[at(acc.HALTED, lane)] == 1.0:
            first = min(first, ends[acc.HALT_END, lane])
        if state[at(acc.COOLING, lane)] == 1.0:
            first = min(first, ends[acc.COOL_END, lane])
    return first


@leaf
def end_due(block, instant):
    """End the breakers whose end is at or before `instant`; returns the earliest end of the others."""
    state, ends = block.state, block.ends
    for lane in range(WIDTH):
        if state[at(acc.HALTED, lane)] == 1.0 and ends[acc.HALT_END, lane] <= instant:
            state[at(acc.HALTED, lane)] = 0.0
            state[at(acc.PEAK, lane)] = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]
            state[at(WARN, lane)] = unhurt(block.numbers, lane)
        if state[at(acc.COOLING, lane)] == 1.0 and ends[acc.COOL_END, lane] <= instant:
            state[at(acc.COOLING, lane)] = 0.0
            state[at(acc.STREAK, lane)] = 0.0
    return earliest(block)
