"""The close of an instant in lanes: peaks, drawdowns, and the breakers that begin and end there."""

from __future__ import annotations

from engine.kernel import account as acc
from engine.kernel.account import NEVER
from engine.kernel.cache import leaf
from engine.kernel.lanes.rules import (
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
    WORST_FALL,
    WORST_HIGH,
    at,
    unhurt,
)

#: far above the rounding of a product or a quotient of two float64, far below any fraction that is meant
NEAR = 1e-14


@leaf
def close_lanes(block, reached):
    """The close of an instant at which something settled; returns how many breakers it set off.

    ``reached``: how often a streak became as long as is allowed; without that no streak sets off its breaker.

    A division costs as much as all the rest of a close, so fractions are compared as products, `fall >= frac * peak`,
    and the largest drawdown is kept as its fall and its peak. Where rounding could tell products and quotients apart,
    `close_exactly` divides.
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
        below, worst_fall, worst_high = high - now, state[at(WORST_FALL, lane)], state[at(WORST_HIGH, lane)]
        deeper, bound = below * worst_high, worst_fall * high
        worse = deeper > bound * (1.0 + NEAR)
        state[at(WORST_FALL, lane)] = below if worse else worst_fall
        state[at(WORST_HIGH, lane)] = high if worse else worst_high
        alike = now < last and not worse and deeper >= bound * (1.0 - NEAR)
        unsure += 1 if (now != last and close_call) or alike else 0
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
        worse = (high - now) / high > state[at(WORST_FALL, lane)] / state[at(WORST_HIGH, lane)]
        state[at(WORST_FALL, lane)] = high - now if worse else state[at(WORST_FALL, lane)]
        state[at(WORST_HIGH, lane)] = high if worse else state[at(WORST_HIGH, lane)]
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
    halts = set_end(block, instant, acc.HALTED, acc.HALT_END, DRAWDOWN_RESET_AFTER_NS_AT)
    return min(halts, set_end(block, instant, acc.COOLING, acc.COOL_END, STREAK_COOL_OFF_NS_AT))


@leaf
def set_end(block, instant, standing_at, end_at, span_at):
    """The same for one breaker: the row that says whether it stands, the row of its end, the row of its length."""
    state, numbers, ends = block.state, block.numbers, block.ends
    first = NEVER
    for lane in range(WIDTH):
        standing, old = state[at(standing_at, lane)], ends[at(end_at, lane)]
        new = acc.after(instant, numbers[at(span_at, lane)])
        end = new if standing == 2.0 else old
        state[at(standing_at, lane)] = min(standing, 1.0)
        ends[at(end_at, lane)] = end
        first = min(first, end)
    return first


@leaf
def end_due(block, instant):
    """End the breakers whose end is at or before `instant`; returns the earliest end of the others."""
    state, numbers, ends = block.state, block.numbers, block.ends
    first = NEVER
    for lane in range(WIDTH):
        end = ends[at(acc.HALT_END, lane)]
        halted, peak, factor = state[at(acc.HALTED, lane)], state[at(acc.PEAK, lane)], state[at(WARN, lane)]
        now, whole = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)], unhurt(numbers, lane)
        state[at(acc.HALTED, lane)] = 0.0 if end <= instant else halted
        state[at(acc.PEAK, lane)] = now if end <= instant else peak
        state[at(WARN, lane)] = whole if end <= instant else factor
        later = NEVER if end <= instant else end
        ends[at(acc.HALT_END, lane)] = later
        first = min(first, later)
    for lane in range(WIDTH):
        end = ends[at(acc.COOL_END, lane)]
        cooling, streak = state[at(acc.COOLING, lane)], state[at(acc.STREAK, lane)]
        state[at(acc.COOLING, lane)] = 0.0 if end <= instant else cooling
        state[at(acc.STREAK, lane)] = 0.0 if end <= instant else streak
        later = NEVER if end <= instant else end
        ends[at(acc.COOL_END, lane)] = later
        first = min(first, later)
    return first
