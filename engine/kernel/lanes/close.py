"""The close of an instant in lanes: peaks, drawdowns, and the breakers that start and end there."""

from __future__ import annotations

from engine.kernel import account as acc
from engine.kernel.account import ACTIVE, INACTIVE, NEVER
from engine.kernel.cache import leaf
from engine.kernel.lanes.rules import LAST_EQUITY, WARN_FACTOR, WIDTH, WORST_FALL, WORST_HIGH, at, initial_warn_factor
from engine.kernel.params import ROW

#: far above the rounding error of a product or quotient of two float64, far below any meaningful fraction
TOLERANCE = 1e-14
#: state of a breaker that this close has started and whose end is not set yet (then it is `ACTIVE`)
TRIGGERED = 2.0


@leaf
def close_lanes(block, reached):
    """Close an instant with settlements; returns how many breakers start.

    ``reached`` is how often a losing streak reached the length of its breaker. If it is 0, no streak breaker starts.

    A division costs as much as all the rest of a close. Fractions are therefore compared as products,
    `fall >= frac * peak`, and the largest drawdown is stored as a fall and a peak. Where rounding could make products
    and quotients disagree, `close_exactly` divides.
    """
    state, numbers = block.state, block.numbers
    n_in_doubt, n_started = 0, 0
    for lane in range(WIDTH):
        now = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]
        last = state[at(LAST_EQUITY, lane)]
        state[at(LAST_EQUITY, lane)] = now
        high, peak = max(state[at(acc.HIGH, lane)], now), max(state[at(acc.PEAK, lane)], now)
        state[at(acc.HIGH, lane)] = high
        state[at(acc.PEAK, lane)] = peak
        start = state[at(acc.DAY_START, lane)]
        fall, lost = peak - now, start - now
        warns = fall - numbers[at(ROW.drawdown_warn_frac, lane)] * peak
        stops = fall - numbers[at(ROW.drawdown_stop_frac, lane)] * peak
        blocks = lost - numbers[at(ROW.daily_loss_frac, lane)] * start
        near = TOLERANCE * peak
        close_call = abs(warns) <= near or abs(stops) <= near or abs(blocks) <= TOLERANCE * start
        below, worst_fall, worst_high = high - now, state[at(WORST_FALL, lane)], state[at(WORST_HIGH, lane)]
        deeper, bound = below * worst_high, worst_fall * high
        worse = deeper > bound * (1.0 + TOLERANCE)
        state[at(WORST_FALL, lane)] = below if worse else worst_fall
        state[at(WORST_HIGH, lane)] = high if worse else worst_high
        tie = now < last and not worse and deeper >= bound * (1.0 - TOLERANCE)
        n_in_doubt += 1 if (now != last and close_call) or tie else 0
        factor, before = numbers[at(ROW.drawdown_warn_factor, lane)], state[at(WARN_FACTOR, lane)]
        state[at(WARN_FACTOR, lane)] = factor if warns > near else (1.0 if warns < -near else before)
        halts = state[at(acc.HALTED, lane)] == INACTIVE and stops > near
        state[at(acc.HALTED, lane)] = TRIGGERED if halts else state[at(acc.HALTED, lane)]
        state[at(acc.DAY_BLOCKED, lane)] = ACTIVE if blocks > TOLERANCE * start else state[at(acc.DAY_BLOCKED, lane)]
        n_started += 1 if halts else 0
    if n_in_doubt > 0:
        n_started += close_exactly(block)
    if reached > 0:
        n_started += cool_lanes(block)
    return n_started


@leaf
def cool_lanes(block):
    """Start the streak breakers; returns how many start."""
    state, numbers = block.state, block.numbers
    n_started = 0
    for lane in range(WIDTH):
        cooling = state[at(acc.COOLING, lane)]
        cools = cooling == INACTIVE and state[at(acc.STREAK, lane)] >= numbers[at(ROW.streak_stop, lane)]
        state[at(acc.COOLING, lane)] = TRIGGERED if cools else cooling
        n_started += 1 if cools else 0
    return n_started


@leaf
def close_exactly(block):
    """Repeat the comparisons of `close_lanes` with divisions; returns how many drawdown breakers start."""
    state, numbers = block.state, block.numbers
    n_started = 0
    for lane in range(WIDTH):
        now, high = state[at(LAST_EQUITY, lane)], state[at(acc.HIGH, lane)]
        worse = (high - now) / high > state[at(WORST_FALL, lane)] / state[at(WORST_HIGH, lane)]
        state[at(WORST_FALL, lane)] = high - now if worse else state[at(WORST_FALL, lane)]
        state[at(WORST_HIGH, lane)] = high if worse else state[at(WORST_HIGH, lane)]
        peak, start = state[at(acc.PEAK, lane)], state[at(acc.DAY_START, lane)]
        drawdown = (peak - now) / peak if peak > 0.0 else 0.0
        warned = drawdown >= numbers[at(ROW.drawdown_warn_frac, lane)]
        state[at(WARN_FACTOR, lane)] = numbers[at(ROW.drawdown_warn_factor, lane)] if warned else 1.0
        halts = state[at(acc.HALTED, lane)] == INACTIVE and drawdown >= numbers[at(ROW.drawdown_stop_frac, lane)]
        state[at(acc.HALTED, lane)] = TRIGGERED if halts else state[at(acc.HALTED, lane)]
        lost = start > 0.0 and (start - now) / start >= numbers[at(ROW.daily_loss_frac, lane)]
        state[at(acc.DAY_BLOCKED, lane)] = ACTIVE if lost else state[at(acc.DAY_BLOCKED, lane)]
        n_started += 1 if halts else 0
    return n_started


@leaf
def set_ends(block, instant):
    """Set the ends of the breakers that this close has started; returns the earliest end of all breakers."""
    halts = set_end(block, instant, acc.HALTED, acc.HALT_END, ROW.drawdown_reset_after_ns)
    return min(halts, set_end(block, instant, acc.COOLING, acc.COOL_END, ROW.streak_cool_off_ns))


@leaf
def set_end(block, instant, breaker_row, end_row, duration_row):
    """The same for one breaker, given the row of its state, of its end, and of its duration."""
    state, numbers, ends = block.state, block.numbers, block.ends
    first = NEVER
    for lane in range(WIDTH):
        breaker, old = state[at(breaker_row, lane)], ends[at(end_row, lane)]
        new = acc.instant_after(instant, numbers[at(duration_row, lane)])
        end = new if breaker == TRIGGERED else old
        state[at(breaker_row, lane)] = min(breaker, ACTIVE)
        ends[at(end_row, lane)] = end
        first = min(first, end)
    return first


@leaf
def end_due(block, instant):
    """End the breakers whose end is at or before `instant`; returns the earliest end of the others."""
    state, numbers, ends = block.state, block.numbers, block.ends
    first = NEVER
    for lane in range(WIDTH):
        end = ends[at(acc.HALT_END, lane)]
        halted, peak, factor = state[at(acc.HALTED, lane)], state[at(acc.PEAK, lane)], state[at(WARN_FACTOR, lane)]
        now, initial = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)], initial_warn_factor(numbers, lane)
        state[at(acc.HALTED, lane)] = INACTIVE if end <= instant else halted
        state[at(acc.PEAK, lane)] = now if end <= instant else peak
        state[at(WARN_FACTOR, lane)] = initial if end <= instant else factor
        later = NEVER if end <= instant else end
        ends[at(acc.HALT_END, lane)] = later
        first = min(first, later)
    for lane in range(WIDTH):
        end = ends[at(acc.COOL_END, lane)]
        cooling, streak = state[at(acc.COOLING, lane)], state[at(acc.STREAK, lane)]
        state[at(acc.COOLING, lane)] = INACTIVE if end <= instant else cooling
        state[at(acc.STREAK, lane)] = 0.0 if end <= instant else streak
        later = NEVER if end <= instant else end
        ends[at(acc.COOL_END, lane)] = later
        first = min(first, later)
    return first
