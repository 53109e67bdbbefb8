"""The judgement of the walk for a runner: the same leaves, for one opportunity and one instant at a time.

A runner does not know the price on arrival, so a row is judged at its quoted price and without a draw. The answer of
the venue comes last in the walk as well (`engine.kernel.answer`).
"""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import compiled
from engine.kernel.codes import Reason
from engine.kernel.decide import PENDING, PLACED, decide, screen, sized
from engine.kernel.settle import commission, settle
from engine.kernel.walk import account_state, blocking_reason, group_end, row_of, size_legs
from engine.kernel.whole import whole_steps

GROUP = int(Reason.GROUP)


@compiled
def screen_rows(tape, work, params):
    """Write to ``work.reason`` what follows from each row and the configuration alone, or `PENDING`."""
    for i in range(len(tape.id)):
        work.reason[i] = screen(row_of(tape, i, params), params)


@compiled
def judge_row(tape, work, i, base, params, arrives_later):
    """Decide the single row `i`, which passed the screen: (reason, stake, backer's stake of a lay), minor units.

    `PLACED` means: to be sent. `base` is cash or equity at the start of the decisions of the instant. The stake of a
    lay is the most that may be at risk: the venue rounds the backer's stake at the price on arrival. Where orders
    arrive later (1, else 0), a lay that is too small at the quoted price may be large enough at that one: it is sent.
    """
    reason = blocking_reason(tape, work, i, params)
    if reason != PENDING:
        return reason, 0.0, 0.0
    row, account = row_of(tape, i, params), account_state(tape, work, i, base, params)
    reason, stake, backer = decide(row, account, params, 1.0, np.inf)
    if row.is_lay:
        first, allowed, _, _ = sized(row, account, params)
        whole = whole_steps(allowed, params.stake_increment_minor)
        if reason == PLACED or (arrives_later == 1 and first == PENDING and whole >= params.stake_min_minor):
            return PLACED, whole, backer
    return reason, stake, backer


@compiled
def judge_legs(tape, work, first, base, params, arrives_later):
    """Decide the group that starts at row `first`: (row after it, whether its legs are to be sent).

    The reasons of legs that fail are in ``work.reason``, the stakes of legs to be sent in ``work.stake`` and
    ``work.backer``; those of lays as of `judge_row`, also where orders arrive later.
    """
    last = group_end(tape, first)
    passing = False
    for i in range(first, last):
        passing = passing or work.reason[i] == PENDING
    if not passing:
        return last, False
    fails = size_legs(tape, work, first, last, base, params, arrives_later)
    for i in range(first, last):
        if work.reason[i] == PENDING:
            work.reason[i] = GROUP if fails else PLACED
    return last, not fails


@compiled
def start_account(cells, bankroll):
    """Reset the account: it holds the bankroll and nothing else."""
    acc.begin(cells, bankroll)


@compiled
def open_instant(cells, ends, instant):
    """End the breakers whose end lies before this instant."""
    acc.end_breakers_before(cells, ends, instant)


@compiled
def close_instant(cells, ends, instant, params):
    """Close an instant: update peaks and drawdowns, then end and start breakers."""
    acc.close(cells, ends, instant, params)


@compiled
def roll_day(cells):
    """Start a new day."""
    acc.roll(cells)


@compiled
def count_settled(cells, pnl, streak_warn):
    """Count one settled bet for the losing streaks."""
    acc.count_streaks(cells, pnl, streak_warn)


@compiled
def settled_pnl(stake, backer, odds, end):
    """P&L of a bet before commission, whole minor units (`engine.kernel.settle.settle`)."""
    return settle(stake, backer, odds, end)


@compiled
def market_commission(rate, net):
    """Commission on the net profit of a market, whole minor units."""
    return commission(rate, net)
