"""The state of one walk: one array of float64 with a name for each cell, and what changes it when an instant closes.

Instants do not fit a float64 exactly. The ends of breakers are therefore kept apart, in the int64 array ``ends``, as
UTC nanoseconds.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

CASH = 0
OPEN = 1  # open stakes at cost
PEAK = 2  # of the drawdown breaker; reset to the equity when a halt ends
DRAWDOWN = 3  # at the last close of an instant
HALTED = 4  # ACTIVE while the drawdown breaker is
COOLING = 5  # ACTIVE while the streak breaker is
STREAK = 6  # losses in a row, as the streak breaker counts them
DAY_START = 7  # equity at the start of the day
STAKED_TODAY = 8
DAY_BLOCKED = 9  # ACTIVE from the daily loss limit to the day roll
HIGH = 10  # peak of the reported maximum drawdown; breakers do not reset it
MAX_DRAWDOWN = 11
RUN_OF_LOSSES = 12
LONGEST = 13
N_BETS = 14
N_WON = 15
N_VOID = 16
N_SETTLED = 17
TURNOVER = 18
COMMISSION = 19
CLV_SUM = 20
CLV_N = 21
WARNINGS = 22  # how often the losing streak reached its warning
LEVEL = 23  # P&L at level stakes of the bets settled since the day began
LEVEL_CLV = 24  # weights times closing line values of the same bets
LEVEL_TURNOVER = 25  # sum of the weights of settled bets, since the start
CLOSED_TURNOVER = 26  # the same of those that have a closing price
N_CELLS = 27

#: cells of ``ends``
HALT_END = 0
COOL_END = 1

#: states of a breaker
INACTIVE = 0.0
ACTIVE = 1.0

#: the instant of what never happens: the end of an inactive breaker, an unknown settlement
NEVER = np.int64(9223372036854775807)


@leaf
def begin(cells, bankroll):
    """Reset the account: it holds the bankroll and nothing else."""
    cells[:] = 0.0
    cells[CASH] = bankroll
    cells[PEAK] = bankroll
    cells[DAY_START] = bankroll
    cells[HIGH] = bankroll


@leaf
def equity(cells):
    """Cash and open stakes at cost."""
    return cells[CASH] + cells[OPEN]


@leaf
def end_halt(cells):
    """End the drawdown breaker: the current equity becomes the peak."""
    cells[HALTED] = INACTIVE
    cells[PEAK] = equity(cells)
    cells[DRAWDOWN] = 0.0


@leaf
def end_cool_off(cells):
    """End the streak breaker: its count of losses restarts at 0."""
    cells[COOLING] = INACTIVE
    cells[STREAK] = 0.0


@leaf
def end_breakers_before(cells, ends, instant):
    """End the breakers whose end lies before this instant."""
    if cells[HALTED] == ACTIVE and ends[HALT_END] < instant:
        end_halt(cells)
    if cells[COOLING] == ACTIVE and ends[COOL_END] < instant:
        end_cool_off(cells)


@leaf
def count_streaks(cells, pnl, streak_warn):
    """Count one settled bet for the losing streaks: a loss adds one, a profit resets them, 0 changes nothing."""
    if pnl < 0.0:
        cells[RUN_OF_LOSSES] += 1.0
        cells[LONGEST] = max(cells[LONGEST], cells[RUN_OF_LOSSES])
        if cells[COOLING] == INACTIVE:
            cells[STREAK] += 1.0
            if cells[STREAK] == streak_warn:
                cells[WARNINGS] += 1.0
    elif pnl > 0.0:
        cells[RUN_OF_LOSSES] = 0.0
        if cells[COOLING] == INACTIVE:
            cells[STREAK] = 0.0


@leaf
def book_level(cells, gain, weight, clv):
    """Count one settled bet at level stakes: its P&L, weight, and closing line value (NaN without a closing price)."""
    cells[LEVEL] += gain
    cells[LEVEL_TURNOVER] += weight
    if not np.isnan(clv):
        cells[LEVEL_CLV] += weight * clv
        cells[CLOSED_TURNOVER] += weight


@leaf
def instant_after(instant, duration_ns):
    """The instant `duration_ns` later, int64; `NEVER` if that is beyond the range of int64."""
    if duration_ns >= np.float64(NEVER - instant):
        return NEVER
    return instant + np.int64(duration_ns)


@leaf
def close(cells, ends, instant, params):
    """Close an instant: update peaks and drawdowns, then end and start breakers."""
    now = equity(cells)
    cells[HIGH] = max(cells[HIGH], now)
    cells[MAX_DRAWDOWN] = max(cells[MAX_DRAWDOWN], (cells[HIGH] - now) / cells[HIGH])
    if cells[HALTED] == ACTIVE and ends[HALT_END] <= instant:
        end_halt(cells)
    if cells[COOLING] == ACTIVE and ends[COOL_END] <= instant:
        end_cool_off(cells)
    cells[PEAK] = max(cells[PEAK], now)
    cells[DRAWDOWN] = (cells[PEAK] - now) / cells[PEAK] if cells[PEAK] > 0.0 else 0.0
    if cells[HALTED] == INACTIVE and cells[DRAWDOWN] >= params.drawdown_stop_frac:
        cells[HALTED] = ACTIVE
        ends[HALT_END] = instant_after(instant, params.drawdown_reset_after_ns)
    if cells[COOLING] == INACTIVE and cells[STREAK] >= params.streak_stop:
        cells[COOLING] = ACTIVE
        ends[COOL_END] = instant_after(instant, params.streak_cool_off_ns)
    start = cells[DAY_START]
    if start > 0.0 and (start - now) / start >= params.daily_loss_frac:
        cells[DAY_BLOCKED] = ACTIVE


@leaf
def roll(cells):
    """Start a new day: its opening equity, nothing staked, no daily loss."""
    cells[DAY_START] = equity(cells)
    cells[STAKED_TODAY] = 0.0
    cells[DAY_BLOCKED] = INACTIVE
