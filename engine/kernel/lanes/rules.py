"""The rules in lanes: what one opportunity, one settlement, one close is to `WIDTH` configurations at once.

The state of a block stands field by field, each field a row of lanes in one flat array, so that the loops over lanes
become vector instructions. The rules themselves are the scalar leaves (`screen`, `decide`, `commission`); nothing is
said twice. A lane loop reads and writes the block's own rows alone: what belongs to a slot (an open bet, an event, a
market) is copied in before and out after it, since a second array with a variable offset would stop vectorising.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.decide import PENDING, PLACED, decide, screen
from engine.kernel.params import Params
from engine.kernel.record import Room
from engine.kernel.settle import commission

WIDTH = 128
#: distance of two rows: a power of two would alias in the first cache
STRIDE = WIDTH + 8

BREAKER_DRAWDOWN = int(Reason.BREAKER_DRAWDOWN)
BREAKER_DAILY_LOSS = int(Reason.BREAKER_DAILY_LOSS)
BREAKER_STREAK = int(Reason.BREAKER_STREAK)
ONE_PER_MARKET = int(Reason.ONE_PER_MARKET)

# rows of the parameters
_AT = {name: row for row, name in enumerate(Params._fields)}
BANKROLL_MINOR_AT = _AT["bankroll_minor"]
EDGE_MIN_AT = _AT["edge_min"]
EDGE_MAX_AT = _AT["edge_max"]
ODDS_MIN_AT = _AT["odds_min"]
ODDS_MAX_AT = _AT["odds_max"]
ONE_PER_MARKET_AT = _AT["one_per_market"]
AMOUNT_MINOR_AT = _AT["amount_minor"]
FRACTION_AT = _AT["fraction"]
STAKE_CAP_FRAC_AT = _AT["stake_cap_frac"]
BET_CAP_FRAC_AT = _AT["bet_cap_frac"]
EVENT_CAP_FRAC_AT = _AT["event_cap_frac"]
COMPETITION_CAP_FRAC_AT = _AT["competition_cap_frac"]
DAY_CAP_FRAC_AT = _AT["day_cap_frac"]
OPEN_CAP_FRAC_AT = _AT["open_cap_frac"]
STAKE_MIN_MINOR_AT = _AT["stake_min_minor"]
STAKE_INCREMENT_MINOR_AT = _AT["stake_increment_minor"]
REJECTION_FRAC_AT = _AT["rejection_frac"]
DRAWDOWN_WARN_FRAC_AT = _AT["drawdown_warn_frac"]
DRAWDOWN_WARN_FACTOR_AT = _AT["drawdown_warn_factor"]
DRAWDOWN_STOP_FRAC_AT = _AT["drawdown_stop_frac"]
DRAWDOWN_RESET_AFTER_NS_AT = _AT["drawdown_reset_after_ns"]
STREAK_WARN_AT = _AT["streak_warn"]
STREAK_STOP_AT = _AT["streak_stop"]
STREAK_COOL_OFF_NS_AT = _AT["streak_cool_off_ns"]
DAILY_LOSS_FRAC_AT = _AT["daily_loss_frac"]

# rows of the state behind those of `account`: the slots of the row at hand, and the base of the instant
EVENT_OPEN = acc.N_CELLS
COMPETITION_OPEN = acc.N_CELLS + 1
TAKEN = acc.N_CELLS + 2
STAKE = acc.N_CELLS + 3
MARKET_PNL = acc.N_CELLS + 4
MARKET_OPEN = acc.N_CELLS + 5
BASE = acc.N_CELLS + 6
#: factor that the warning of the drawdown puts on stakes, and the equity at the last close
WARN = acc.N_CELLS + 7
LAST = acc.N_CELLS + 8
#: P&L of the settlement at hand; bets without a closing price, and those that never settle
PNL = acc.N_CELLS + 9
N_UNCLOSED = acc.N_CELLS + 10
N_OPEN = acc.N_CELLS + 11
#: the largest drawdown: what the equity was below its peak, and that peak
WORST_FALL = acc.N_CELLS + 12
WORST_HIGH = acc.N_CELLS + 13
N_ROWS = acc.N_CELLS + 14


#: reasons that depend on the state are counted in fields of four bits of one integer a lane, from this reason on
FIRST_COUNTED = BREAKER_DRAWDOWN
N_COUNTED = PLACED - FIRST_COUNTED + 1
#: row of the counts that holds the bets
PLACED_AT = PLACED - FIRST_COUNTED
#: visits after which the fields must be emptied
FULL = 15


class Asked(NamedTuple):
    """What a decision reads of `Params`; the others are not needed to decide, or off in lanes."""

    bankroll_minor: float
    edge_min: float
    edge_max: float
    odds_min: float
    odds_max: float
    one_per_market: float
    staking: float
    amount_minor: float
    fraction: float
    stake_cap_frac: float
    bet_cap_frac: float
    event_cap_frac: float
    competition_cap_frac: float
    day_cap_frac: float
    open_cap_frac: float
    stake_min_minor: float
    stake_increment_minor: float
    slippage_frac: float
    rejection_frac: float
    drawdown_warn_frac: float
    drawdown_warn_factor: float
    price_tolerance_frac: float
    fill_min_frac: float


class Block(NamedTuple):
    """What the lanes of a block hold.

    ``numbers`` float64: the parameters, a row each in the order of `Params` · ``state`` float64: `N_ROWS` rows ·
    ``ends`` int64: two rows of ends of breakers, the last of all instants where none stands · ``counted`` int64
    (WIDTH,): packed counts · ``counts`` float64: `N_COUNTED` rows of counts of reasons. Rows are `STRIDE` apart.
    """

    numbers: Any
    state: Any
    ends: Any
    counted: Any
    counts: Any


@leaf
def at(row, lane):
    """Place of a lane in a row of the state; unsigned, since a signed index stops vectorising."""
    return np.uint64(row) * np.uint64(STRIDE) + np.uint64(lane)


@leaf
def asked_of(numbers, lane, staking, whole_units, shared):
    """What a lane asks; what the whole block shares is a scalar."""
    return Asked(
        numbers[at(BANKROLL_MINOR_AT, lane)],
        numbers[at(EDGE_MIN_AT, lane)],
        numbers[at(EDGE_MAX_AT, lane)],
        numbers[at(ODDS_MIN_AT, lane)],
        numbers[at(ODDS_MAX_AT, lane)],
        numbers[at(ONE_PER_MARKET_AT, lane)],
        staking,
        numbers[at(AMOUNT_MINOR_AT, lane)],
        numbers[at(FRACTION_AT, lane)],
        numbers[at(STAKE_CAP_FRAC_AT, lane)],
        numbers[at(BET_CAP_FRAC_AT, lane)],
        numbers[at(EVENT_CAP_FRAC_AT, lane)],
        numbers[at(COMPETITION_CAP_FRAC_AT, lane)],
        numbers[at(DAY_CAP_FRAC_AT, lane)],
        numbers[at(OPEN_CAP_FRAC_AT, lane)],
        numbers[at(STAKE_MIN_MINOR_AT, lane)],
        1.0 if whole_units else numbers[at(STAKE_INCREMENT_MINOR_AT, lane)],
        shared.slippage_frac,
        numbers[at(REJECTION_FRAC_AT, lane)],
        numbers[at(DRAWDOWN_WARN_FRAC_AT, lane)],
        numbers[at(DRAWDOWN_WARN_FACTOR_AT, lane)],
        shared.price_tolerance_frac,
        0.0,
    )


@leaf
def unhurt(numbers, lane):
    """The factor on stakes at a drawdown of 0."""
    factor, frac = numbers[at(DRAWDOWN_WARN_FACTOR_AT, lane)], numbers[at(DRAWDOWN_WARN_FRAC_AT, lane)]
    return factor if frac <= 0.0 else 1.0


@leaf
def begin(block):
    """Every lane holds its bankroll and nothing else; all other rows are 0."""
    state, numbers = block.state, block.numbers
    block.ends[:] = acc.NEVER
    for lane in range(WIDTH):
        bankroll = numbers[at(BANKROLL_MINOR_AT, lane)]
        for row in (acc.CASH, acc.PEAK, acc.DAY_START, acc.HIGH, LAST, WORST_HIGH):
            state[at(row, lane)] = bankroll
        state[at(WARN, lane)] = unhurt(numbers, lane)


@leaf
def decide_lanes(block, row, draw, clv, shared, staking, whole_units):
    """One opportunity to every lane: the reason is counted, a stake is locked and left in the row `STAKE`."""
    state, numbers, counted = block.state, block.numbers, block.counted
    for lane in range(WIDTH):
        params = asked_of(numbers, lane, staking, whole_units, shared)
        cash, open_ = state[at(acc.CASH, lane)], state[at(acc.OPEN, lane)]
        room = Room(
            cash + open_,
            state[at(BASE, lane)] if shared.base_is_cash else cash + open_,
            state[at(WARN, lane)],
            1.0,
            cash,
            open_,
            state[at(EVENT_OPEN, lane)],
            state[at(COMPETITION_OPEN, lane)],
            state[at(acc.STAKED_TODAY, lane)],
            state[at(acc.DAY_START, lane)],
        )
        reason, stake, _ = decide(row, room, params, draw)
        taken = state[at(TAKEN, lane)]
        reason = ONE_PER_MARKET if params.one_per_market * taken == 1.0 else reason
        reason = BREAKER_STREAK if state[at(acc.COOLING, lane)] == 1.0 else reason
        reason = BREAKER_DAILY_LOSS if state[at(acc.DAY_BLOCKED, lane)] == 1.0 else reason
        reason = BREAKER_DRAWDOWN if state[at(acc.HALTED, lane)] == 1.0 else reason
        asked = screen(row, params) == PENDING
        placed = 1.0 if asked and reason == PLACED else 0.0
        stake = stake if asked and reason == PLACED else 0.0
        counted[np.uint64(lane)] += (1 if asked else 0) << (4 * (reason - FIRST_COUNTED))
        state[at(acc.CASH, lane)] = cash - stake
        state[at(acc.OPEN, lane)] = open_ + stake
        state[at(acc.STAKED_TODAY, lane)] += stake
        state[at(acc.CLV_SUM, lane)] += placed * clv
        state[at(TAKEN, lane)] = max(taken, placed)
        state[at(STAKE, lane)] = stake


@leaf
def count_stakes(state, row):
    """Count the lanes with a stake in the row `STAKE` in another row."""
    for lane in range(WIDTH):
        state[at(row, lane)] += 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def pay(state, lane, payoff):
    """One lane's stake comes back with its P&L, which is returned."""
    stake = state[at(STAKE, lane)]
    pnl = np.rint(stake * payoff)
    state[at(PNL, lane)] = pnl
    state[at(acc.CASH, lane)] += stake + pnl
    state[at(acc.OPEN, lane)] -= stake
    return pnl


@leaf
def return_lanes(state):
    """An end that pays back what was staked, to every lane that has a stake in the row `STAKE`."""
    for lane in range(WIDTH):
        pay(state, lane, 0.0)


@leaf
def win_lanes(state, payoff):
    """An end above 0: the runs of losses end, but where rounding leaves nothing of the profit."""
    for lane in range(WIDTH):
        won = 1.0 if pay(state, lane, payoff) > 0.0 else 0.0
        state[at(acc.N_WON, lane)] += won
        state[at(acc.RUN_OF_LOSSES, lane)] *= 1.0 - won
        state[at(acc.STREAK, lane)] *= 1.0 - won * (1.0 - state[at(acc.COOLING, lane)])


@leaf
def lose_lanes(block, payoff):
    """An end below 0: runs of losses grow; returns in how many lanes the streak is as long as the breaker allows."""
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
        state[at(acc.WARNINGS, lane)] += counts if streak == numbers[at(STREAK_WARN_AT, lane)] else 0.0
        reached += 1 if streak >= numbers[at(STREAK_STOP_AT, lane)] else 0
    return reached


@leaf
def book_lanes(state):
    """The P&L of a settlement goes to its market, which has one open bet less."""
    for lane in range(WIDTH):
        state[at(MARKET_PNL, lane)] += state[at(PNL, lane)]
        state[at(MARKET_OPEN, lane)] -= 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def charge_lanes(state, rate):
    """Commission of a market to every lane whose last open bet in it has settled."""
    for lane in range(WIDTH):
        cash = state[at(acc.CASH, lane)]
        over = state[at(MARKET_OPEN, lane)] == 0.0
        pnl = state[at(MARKET_PNL, lane)]
        charge = min(commission(rate, pnl), cash) if over else 0.0
        state[at(acc.CASH, lane)] = cash - charge
        state[at(acc.COMMISSION, lane)] += charge
        state[at(MARKET_PNL, lane)] = 0.0 if over else pnl


@leaf
def roll_lanes(state, daily, day):
    """The day roll; the P&L of the day that ends goes into its row of `daily`, where that is asked for."""
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
    """Zero a row of the state."""
    for lane in range(WIDTH):
        state[at(row, lane)] = 0.0


@leaf
def clear(slots, slot):
    """Zero a slot."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] = 0.0


@leaf
def add_stake(state, slots, slot, sign):
    """Add the stakes of the row `STAKE` to a slot of open stakes, or take them away."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] += sign * state[at(STAKE, lane)]


@leaf
def count_open(state, slots, slot):
    """One more open bet in the market of every lane that has a stake in the row `STAKE`."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] += 1.0 if state[at(STAKE, lane)] > 0.0 else 0.0


@leaf
def hold_base(state):
    """Cash at the start of the instant's decisions, where it is the base of percent and Kelly."""
    for lane in range(WIDTH):
        state[at(BASE, lane)] = state[at(acc.CASH, lane)]


@leaf
def empty_counts(block):
    """Move the packed counts of reasons into the rows of counts."""
    counted, counts = block.counted, block.counts
    for reason in range(N_COUNTED):
        for lane in range(WIDTH):
            counts[at(reason, lane)] += np.float64((counted[np.uint64(lane)] >> (4 * reason)) & 15)
    for lane in range(WIDTH):
        counted[np.uint64(lane)] = 0
