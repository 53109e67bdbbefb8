"""The state of one walk: one array of float64, each cell with a name, and what changes it at the close of an instant.

Instants stand in it as float64; they are compared as int64 elsewhere, so the two ends of breakers are kept in the
working array ``ends`` of int64 nanoseconds instead.
"""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf

CASH = 0
OPEN = 1  # open stakes at cost
PEAK = 2  # of the drawdown breaker: falls back to the equity when a halt ends
DRAWDOWN = 3  # at the last close of an instant
HALTED = 4  # 1 while the drawdown breaker stands
COOLING = 5  # 1 while the streak breaker stands
STREAK = 6  # losses in a row that the breaker counts
DAY_START = 7  # equity at the day's start
STAKED_TODAY = 8
DAY_BLOCKED = 9  # 1 from the daily loss to the roll
HIGH = 10  # peak of the measure, which knows no breakers
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
WARNINGS = 22  # how often the streak reached its warning
N_CELLS = 23

HALT_END = 0
COOL_END = 1

#: the instant of what does not come: of the end of a breaker that does not stand, of a result nobody knows
NEVER = np.int64(9223372036854775807)


@leaf
def begin(account, bankroll):
    """An account that holds the bankroll and nothing else."""
    account[:] = 0.0
    account[CASH] = bankroll
    account[PEAK] = bankroll
    account[DAY_START] = bankroll
    account[HIGH] = bankroll


@leaf
def equity(account):
    """Cash and open stakes at cost."""
    return account[CASH] + account[OPEN]


@leaf
def end_halt(account):
    """The drawdown breaker ends: the peak becomes the equity of now."""
    account[HALTED] = 0.0
    account[PEAK] = equity(account)
    account[DRAWDOWN] = 0.0


@leaf
def end_cool_off(account):
    """The streak breaker ends: the count is 0."""
    account[COOLING] = 0.0
    account[STREAK] = 0.0


@leaf
def end_before(account, ends, instant):
    """End the breakers whose time ran out before this instant."""
    if account[HALTED] == 1.0 and ends[HALT_END] < instant:
        end_halt(account)
    if account[COOLING] == 1.0 and ends[COOL_END] < instant:
        end_cool_off(account)


@leaf
def count_result(account, pnl, streak_warn):
    """Count one settled bet for the streaks: below 0 counts, above 0 resets, 0 leaves them as they are."""
    if pnl < 0.0:
        account[RUN_OF_LOSSES] += 1.0
        account[LONGEST] = max(account[LONGEST], account[RUN_OF_LOSSES])
        if account[COOLING] == 0.0:
            account[STREAK] += 1.0
            if account[STREAK] == streak_warn:
                account[WARNINGS] += 1.0
    elif pnl > 0.0:
        account[RUN_OF_LOSSES] = 0.0
        if account[COOLING] == 0.0:
            account[STREAK] = 0.0


@leaf
def after(instant, span_ns):
    """The instant `span_ns` later, int64; never, where that is beyond the end of time."""
    if span_ns >= np.float64(NEVER - instant):
        return NEVER
    return instant + np.int64(span_ns)


@leaf
def close(account, ends, instant, params):
    """The close of an instant: equity, peaks, drawdowns, breakers."""
    now = equity(account)
    account[HIGH] = max(account[HIGH], now)
    account[MAX_DRAWDOWN] = max(account[MAX_DRAWDOWN], (account[HIGH] - now) / account[HIGH])
    if account[HALTED] == 1.0 and ends[HALT_END] <= instant:
        end_halt(account)
    if account[COOLING] == 1.0 and ends[COOL_END] <= instant:
        end_cool_off(account)
    account[PEAK] = max(account[PEAK], now)
    account[DRAWDOWN] = (account[PEAK] - now) / account[PEAK] if account[PEAK] > 0.0 else 0.0
    if account[HALTED] == 0.0 and account[DRAWDOWN] >= params.drawdown_stop_frac:
        account[HALTED] = 1.0
        ends[HALT_END] = after(instant, params.drawdown_reset_after_ns)
    if account[COOLING] == 0.0 and account[STREAK] >= params.streak_stop:
        account[COOLING] = 1.0
        ends[COOL_END] = after(instant, params.streak_cool_off_ns)
    start = account[DAY_START]
    if start > 0.0 and (start - now) / start >= params.daily_loss_frac:
        account[DAY_BLOCKED] = 1.0


@leaf
def roll(account):
    """The day roll: a new start of the day, nothing staked yet, the daily loss forgotten."""
    account[DAY_START] = equity(account)
    account[STAKED_TODAY] = 0.0
    account[DAY_BLOCKED] = 0.0
