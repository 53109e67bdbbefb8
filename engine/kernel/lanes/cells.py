"""Where a block keeps its numbers: strips of `STRIP` lanes, each with all its rows side by side, in one flat array.

A loop over the lanes of a strip becomes vector instructions because all its rows lie at fixed distances. A second array
with a variable offset would stop that. What belongs to a slot (an open bet, an event, a commission market) is therefore
copied into a row first, and back afterwards.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, Final, NamedTuple

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.lanes.copy import copy_strip
from engine.kernel.params import PARAMETERS

#: configurations of a block, those of a strip, and strips of a block
WIDTH: Final = 128
STRIP: Final = 16
STRIPS: Final = WIDTH // STRIP

#: Reasons from this one on depend on the state. A lane counts them in the bit fields of one int64.
FIRST_COUNTED: Final = int(Reason.BREAKER_DRAWDOWN)
N_COUNTED: Final = int(Reason.PLACED) - FIRST_COUNTED + 1
#: bits of a field
COUNT_BITS: Final = 64 // N_COUNTED
#: the largest count of a field: after so many decisions the fields must be emptied
COUNT_MAX: Final = 2**COUNT_BITS - 1

_NAMES: Final = (
    # the account: as in `engine.kernel.account`, but for equity in place of cash
    "equity", "open", "peak", "high", "max_drawdown", "halted", "cooling", "day_blocked", "streak", "run_of_losses",
    "longest", "n_won", "n_void", "turnover", "commission", "clv_sum", "warnings", "day_start", "staked_today",
    # whether a breaker is active, and opportunities since it became so that are not yet counted under its name
    "blocked", "waiting",
    # bets without a closing price, and those that never settle
    "n_unclosed", "n_open",
    # headroom of the day at its start; factor of the drawdown warning; cash before the decisions of the instant
    "day_allowance", "warn_factor", "base",
    # copies of the slots of the row that is decided or settled; the P&L of the settlement
    "event_open", "competition_open", "taken", "stake", "pnl", "commission_market_pnl", "commission_market_open",
    # level stakes: of the day, of the walk; of the bet that settles, and of its commission market
    "level", "level_clv", "level_turnover", "closed_turnover", "bet_equity", "weight", "level_weight", "level_stake",
)  # fmt: skip

#: the row of each number of the state, after those of the parameters (`params.ROW`); the compiler sees constants
CELL: Final[Any] = namedtuple("CELL", _NAMES)(*range(len(PARAMETERS), len(PARAMETERS) + len(_NAMES)))
#: the first row of the counts of reasons, and the one of the bets
COUNTS: Final = len(PARAMETERS) + len(_NAMES)
N_BETS: Final = COUNTS + N_COUNTED - 1
N_ROWS: Final = COUNTS + N_COUNTED
#: numbers of a strip
SIZE: Final = N_ROWS * STRIP


class Block(NamedTuple):
    """The arrays of a block of lanes.

    Attributes
    ----------
    cells : float64 (STRIPS * SIZE,)
        The rows of each strip: parameters, state, counts of reasons.
    ends : int64 (2 * WIDTH,)
        The ends of the drawdown and the streak breaker in UTC nanoseconds, `account.NEVER` for an inactive one.
    counted : int64 (WIDTH,)
        Packed counts of reasons.
    """

    cells: Any
    ends: Any
    counted: Any


@leaf
def at(strip, row, lane):
    """Index of a lane of a strip in a row. It is unsigned because a signed index stops vectorisation."""
    return np.uint64(strip) * np.uint64(SIZE) + np.uint64(row) * np.uint64(STRIP) + np.uint64(lane)


@leaf
def lane_of(strip, lane):
    """Number of a lane in its block."""
    return np.uint64(strip) * np.uint64(STRIP) + np.uint64(lane)


@leaf
def in_slot(slot, strip, lane):
    """Index of a lane of a strip in a slot."""
    return np.uint64(slot) * np.uint64(WIDTH) + lane_of(strip, lane)


@leaf
def copy_in(cells, strip, row, slots, slot):
    """Copy the part of a slot that belongs to a strip into a row."""
    copy_strip(cells, at(strip, row, 0), slots, in_slot(slot, strip, 0))


@leaf
def copy_out(cells, strip, row, slots, slot):
    """Copy a row of a strip back into its part of a slot."""
    copy_strip(slots, in_slot(slot, strip, 0), cells, at(strip, row, 0))


@leaf
def copy_all(cells, row, slots, slot):
    """Copy a row of all strips into a slot."""
    for strip in range(STRIPS):
        copy_out(cells, strip, row, slots, slot)


@leaf
def clear_row(cells, strip, row):
    """Set a row of a strip to 0."""
    for lane in range(STRIP):
        cells[at(strip, row, lane)] = 0.0


@leaf
def clear(slots, slot):
    """Set a slot to 0."""
    offset = np.uint64(slot) * np.uint64(WIDTH)
    for lane in range(WIDTH):
        slots[offset + np.uint64(lane)] = 0.0


@leaf
def count_stakes(cells, strip, row):
    """Add 1 to a row in every lane with a stake in the row `stake`."""
    for lane in range(STRIP):
        cells[at(strip, row, lane)] += 1.0 if cells[at(strip, CELL.stake, lane)] > 0.0 else 0.0


@leaf
def has(mask, strip):
    """Whether a strip is in a set of strips, given as bits."""
    return (mask >> strip) & 1 == 1
