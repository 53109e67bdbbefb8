"""The rules in lanes: one opportunity, one settlement, one day roll for `WIDTH` configurations at once.

The state of a block is stored field by field. Each field is a row of lanes in one flat array, so that loops over lanes
become vector instructions. The rules themselves are the scalar functions `screen`, `decide` and `commission`, which the
walk of one configuration uses too. A loop over lanes reads and writes rows of the block only: a second array with a
variable offset would stop vectorisation. What belongs to a slot (an open bet, an event, a commission market) is
therefore copied into a row first, and back afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.decide import PENDING, PLACED, decide, screen
from engine.kernel.params import PARAMETERS, ROW, DecisionParams, Params
from engine.kernel.record import AccountState
from engine.kernel.settle import commission

WIDTH = 128
#: distance of two rows; a power of two would map all rows to the same lines of the first cache
STRIDE = WIDTH + 8

BREAKER_DRAWDOWN = int(Reason.BREAKER_DRAWDOWN)
BREAKER_DAILY_LOSS = int(Reason.BREAKER_DAILY_LOSS)
BREAKER_STREAK = int(Reason.BREAKER_STREAK)
ONE_PER_MARKET = int(Reason.ONE_PER_MARKET)

# Rows of the state after those of `account`.
#: copies of the slots of the row that is decided or settled
EVENT_OPEN = acc.N_CELLS
COMPETITION_OPEN = acc.N_CELLS + 1
TAKEN = acc.N_CELLS + 2
STAKE = acc.N_CELLS + 3
COMMISSION_MARKET_PNL = acc.N_CELLS + 4
COMMISSION_MARKET_OPEN = acc.N_CELLS + 5
#: cash at the start of the instant's decisions
BASE = acc.N_CELLS + 6
#: factor on stakes from the drawdown warning, and equity at the last close
WARN_FACTOR = acc.N_CELLS + 7
LAST_EQUITY = acc.N_CELLS + 8
#: P&L of the current settlement; number of bets without a closing price, and of those that never settle
PNL = acc.N_CELLS + 9
N_UNCLOSED = acc.N_CELLS + 10
N_OPEN = acc.N_CELLS + 11
#: the largest drawdown: how far the equity fell, and the peak it fell from
WORST_FALL = acc.N_CELLS + 12
WORST_HIGH = acc.N_CELLS + 13
#: of the bet that settles: equity at its decision, weight at level stakes; and those of its commission market
EQUITY = acc.N_CELLS + 14
WEIGHT = acc.N_CELLS + 15
LEVEL_WEIGHT = acc.N_CELLS + 16
LEVEL_STAKE = acc.N_CELLS + 17
N_ROWS = acc.N_CELLS + 18

#: Reasons from this one on depend on the state. A lane counts them in the bit fields of one int64.
FIRST_COUNTED = BREAKER_DRAWDOWN
N_COUNTED = PLACED - FIRST_COUNTED + 1
#: number of the field, and of the row of counts, that holds the bets
PLACED_AT = PLACED - FIRST_COUNTED
#: bits of a field
COUNT_BITS = 64 // N_COUNTED
#: the largest count of a field: after so many decisions the fields must be emptied
COUNT_MAX = 2**COUNT_BITS - 1


class Block(NamedTuple):
    """The arrays of a block of lanes. Rows are `STRIDE` apart.

    Attributes
    ----------
    numbers : float64
        The parameters: rows as in `Params`.
    state : float64
        `N_ROWS` rows: the cells of `account`, then those of this module.
    ends : int64
        Two rows: the ends of the breakers in UTC nanoseconds, `account.NEVER` for an inactive one.
    counted : int64 (WIDTH,)
        Packed counts of reasons.
    counts : float64
        `N_COUNTED` rows: counts of reasons.
    """

    numbers: Any
    state: Any
    ends: Any
    counted: Any
    counts: Any


@leaf
def at(row, lane):
    """Index of a lane in a row. It is unsigned because a signed index stops vectorisation."""
    return np.uint64(row) * np.uint64(STRIDE) + np.uint64(lane)


def _make_lane_params() -> Callable[..., Any]:
    """Make `lane_params` from the table: a function with one keyword for each parameter that a decision reads.

    No value may branch: Numba does not compile so many keywords with a branch among them.
    """
    values = {"staking": "staking", "stake_increment_minor": "stake_increment_minor"}
    for parameter in PARAMETERS:
        name = parameter.name
        if parameter.decides and name not in values:
            values[name] = f"shared.{name}" if parameter.shared else f"numbers[at(ROW.{name}, lane)]"
            if parameter.lanes_only is not None:
                values[name] = f"ONLY.{name}"
    keywords = ", ".join(f"{name}={value}" for name, value in values.items())
    arguments = "numbers, lane, staking, stake_increment_minor, shared"
    source = f"def lane_params({arguments}): return DecisionParams({keywords})"
    only = Params(*(float(parameter.lanes_only or 0.0) for parameter in PARAMETERS))
    names: dict[str, Any] = {"__name__": __name__, "DecisionParams": DecisionParams, "ROW": ROW, "ONLY": only, "at": at}
    exec(source, names)
    function: Callable[..., Any] = names["lane_params"]
    return function


#: the parameters of one lane; what the whole block shares is a scalar
lane_params = leaf(_make_lane_params())


@leaf
def initial_warn_factor(numbers, lane):
    """The factor on stakes at a drawdown of 0."""
    factor, frac = numbers[at(ROW.drawdown_warn_factor, lane)], numbers[at(ROW.drawdown_warn_frac, lane)]
    return factor if frac <= 0.0 else 1.0


@leaf
def begin(block):
    """Reset the block: every lane holds its bankroll and nothing else. The other rows must be 0 already."""
    state, numbers = block.state, block.numbers
    block.ends[:] = acc.NEVER
    for lane in range(WIDTH):
        bankroll = numbers[at(ROW.bankroll_minor, lane)]
        for row in (acc.CASH, acc.PEAK, acc.DAY_START, acc.HIGH, LAST_EQUITY, WORST_HIGH):
            state[at(row, lane)] = bankroll
        state[at(WARN_FACTOR, lane)] = initial_warn_factor(numbers, lane)


@leaf
def decide_lanes(block, row, draw, clv, shared, staking, unit_increment):
    """Decide one opportunity in every lane: count the reason, lock the stake and write it to the row `STAKE`."""
    state, numbers, counted = block.state, block.numbers, block.counted
    for lane in range(WIDTH):
        increment = 1.0 if unit_increment else numbers[at(ROW.stake_increment_minor, lane)]
        params = lane_params(numbers, lane, staking, increment, shared)
        cash, open_ = state[at(acc.CASH, lane)], state[at(acc.OPEN, lane)]
        account = AccountState(
            equity=cash + open_,
            base=state[at(BASE, lane)] if shared.base_is_cash else cash + open_,
            warn_factor=state[at(WARN_FACTOR, lane)],
            limit_factor=1.0,
            cash=cash,
            open=open_,
            open_on_event=state[at(EVENT_OPEN, lane)],
            open_on_competition=state[at(COMPETITION_OPEN, lane)],
            staked_today=state[at(acc.STAKED_TODAY, lane)],
            day_start_equity=state[at(acc.DAY_START, lane)],
        )
        reason, stake, _ = decide(row, account, params, draw, np.inf)
        taken = state[at(TAKEN, lane)]
        reason = ONE_PER_MARKET if params.one_per_market * taken == 1.0 else reason
        reason = BREAKER_STREAK if state[at(acc.COOLING, lane)] == acc.ACTIVE else reason
        reason = BREAKER_DAILY_LOSS if state[at(acc.DAY_BLOCKED, lane)] == acc.ACTIVE else reason
        reason = BREAKER_DRAWDOWN if state[at(acc.HALTED, lane)] == acc.ACTIVE else reason
        passes = screen(row, params) == PENDING
        placed = 1.0 if passes and reason == PLACED else 0.0
        stake = stake if passes and reason == PLACED else 0.0
        counted[np.uint64(lane)] += (1 if passes else 0) << (COUNT_BITS * (reason - FIRST_COUNTED))
        state[at(acc.CASH, lane)] = cash - stake
        state[at(acc.OPEN, lane)] = open_ + stake
        state[at(acc.STAKED_TODAY, lane)] += stake
        state[at(acc.CLV_SUM, lane)] += placed * clv
        state[at(TAKEN, lane)] = max(taken, placed)
        state[at(STAKE, lane)] = stake


@leaf
def count_stakes(state, row):
    """Add 1 to a row in every lane with a stake in the row `STAKE`."""
    for lane in range(WIDTH):
        state[at(row, lane)] += 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def pay(state, lane, payoff):
    """Pay back the stake of one lane with its P&L; returns the P&L."""
    stake = state[at(STAKE, lane)]
    pnl = np.rint(stake * payoff)
    state[at(PNL, lane)] = pnl
    state[at(acc.CASH, lane)] += stake + pnl
    state[at(acc.OPEN, lane)] -= stake
    return pnl


@leaf
def return_lanes(state):
    """Settle with a payoff of 0: every lane gets back its stake in the row `STAKE`."""
    for lane in range(WIDTH):
        pay(state, lane, 0.0)


@leaf
def win_lanes(state, payoff):
    """Settle with a payoff above 0: losing streaks end, except where rounding leaves no profit."""
    for lane in range(WIDTH):
        won = 1.0 if pay(state, lane, payoff) > 0.0 else 0.0
        state[at(acc.N_WON, lane)] += won
        state[at(acc.RUN_OF_LOSSES, lane)] *= 1.0 - won
        state[at(acc.STREAK, lane)] *= 1.0 - won * (1.0 - state[at(acc.COOLING, lane)])


@leaf
def lose_lanes(block, payoff):
    """Settle with a payoff below 0: losing streaks grow. Returns how many lanes reach the length of their breaker."""
    state, numbers = block.state, block.numbers
    reached = 0
    for lane in range(WIDTH):
        lost = 1.0 if pay(state, lane, payoff) < 0.0 else 0.0
        run = state[at(acc.RUN_OF_LOSSES, lane)] + lost
        state[at(acc.RUN_OF_LOSSES, lane)] = run
        state[at(acc.LONGEST, lane)] = max(state[at(acc.LONGEST, lane)], run)
        counts = lost * (1.0 - state[at(acc.COOLING, lane)])
        streak = state[at(acc.STREAK, lane)] + counts
        state[at(acc.STREAK, lane)] = streak
        state[at(acc.WARNINGS, lane)] += counts if streak == numbers[at(ROW.streak_warn, lane)] else 0.0
        reached += 1 if streak >= numbers[at(ROW.streak_stop, lane)] else 0
    return reached


@leaf
def book_lanes(state):
    """Add the P&L of a settlement to its commission market, which has one open bet less."""
    for lane in range(WIDTH):
        state[at(COMMISSION_MARKET_PNL, lane)] += state[at(PNL, lane)]
        state[at(COMMISSION_MARKET_OPEN, lane)] -= 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def charge_lanes(state, rate):
    """Charge commission in every lane whose last open bet in the commission market has settled."""
    for lane in range(WIDTH):
        cash = state[at(acc.CASH, lane)]
        closed = state[at(COMMISSION_MARKET_OPEN, lane)] == 0.0
        pnl = state[at(COMMISSION_MARKET_PNL, lane)]
        charge = min(commission(rate, pnl), cash) if closed else 0.0
        state[at(acc.CASH, lane)] = cash - charge
        state[at(acc.COMMISSION, lane)] += charge
        state[at(COMMISSION_MARKET_PNL, lane)] = 0.0 if closed else pnl


@leaf
def roll_lanes(state, daily, day):
    """Roll the day. Unless `daily` is empty, the P&L of the day that ends is written there."""
    if len(daily) > 0:
        first = np.uint64(day) * np.uint64(WIDTH)
        for lane in range(WIDTH):
            now = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]
            daily[first + np.uint64(lane)] = np.float32(now - state[at(acc.DAY_START, lane)])
    for lane in range(WIDTH):
        state[at(acc.DAY_START, lane)] = state[at(acc.CASH, lane)] + state[at(acc.OPEN, lane)]
        state[at(acc.TURNOVER, lane)] += state[at(acc.STAKED_TODAY, lane)]
        state[at(acc.STAKED_TODAY, lane)] = 0.0
        state[at(acc.DAY_BLOCKED, lane)] = 0.0


@leaf
def copy_in(state, row, slots, slot):
    """Copy a slot into a row of the state."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        state[at(row, lane)] = slots[offset + np.uint64(lane)]


@leaf
def copy_out(state, row, slots, slot):
    """Copy a row of the state back into a slot."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] = state[at(row, lane)]


@leaf
def clear_row(state, row):
    """Set a row of the state to 0."""
    for lane in range(WIDTH):
        state[at(row, lane)] = 0.0


@leaf
def clear(slots, slot):
    """Set a slot to 0."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] = 0.0


@leaf
def add_stake(state, slots, slot, sign):
    """Add the stakes of the row `STAKE` to a slot of open stakes (`sign` 1), or subtract them (-1)."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] += sign * state[at(STAKE, lane)]


@leaf
def count_open(state, slots, slot):
    """Add an open bet to a commission market in every lane with a stake in the row `STAKE`."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] += 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def hold_base(state):
    """Store the cash at the start of the instant's decisions: the base of percent and Kelly stakes."""
    for lane in range(WIDTH):
        state[at(BASE, lane)] = state[at(acc.CASH, lane)]


@leaf
def empty_counts(block):
    """Move the packed counts of reasons to the rows of counts."""
    counted, counts = block.counted, block.counts
    for reason in range(N_COUNTED):
        for lane in range(WIDTH):
            counts[at(reason, lane)] += np.float64((counted[np.uint64(lane)] >> (COUNT_BITS * reason)) & COUNT_MAX)
    for lane in range(WIDTH):
        counted[np.uint64(lane)] = 0
