"""The walk of one configuration along the tape: the one loop that owns the state.

At one instant: settlements in order of opportunity, commission of the markets whose last open bet has just settled, the
close of the instant, the day roll, the decisions.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import compiled, leaf
from engine.kernel.codes import Reason
from engine.kernel.decide import (
    PENDING,
    PLACED,
    blame,
    decide,
    refused,
    screen,
    too_small,
    whole,
)
from engine.kernel.draw import refusal
from engine.kernel.limit import CAP_BET, CASH, SIZE, STAKE_MINIMUM, tighten, tighten_shared
from engine.kernel.price import placed_odds, turned
from engine.kernel.record import Room, Row
from engine.kernel.settle import VOID, commission, ending_of, settle
from engine.kernel.stake import wanted_minor

BREAKER_DRAWDOWN = int(Reason.BREAKER_DRAWDOWN)
BREAKER_DAILY_LOSS = int(Reason.BREAKER_DAILY_LOSS)
BREAKER_STREAK = int(Reason.BREAKER_STREAK)
ONE_PER_MARKET = int(Reason.ONE_PER_MARKET)
GROUP = int(Reason.GROUP)


@leaf
def row_of(tape, i, params):
    """The record of row `i`."""
    return Row(
        tape.quoted[i],
        tape.filled[i],
        tape.odds[i],
        tape.is_lay[i],
        tape.ladder[i],
        tape.prob[i],
        tape.edge_frac[i],
        tape.kelly_frac[i],
        tape.stake_weight[i],
        tape.size_minor[i],
        tape.stake_min_minor[i],
        tape.commission_rate[i] * params.commission_factor,
    )


@leaf
def cash_for(tape, work, i, params):
    """The cash that a bet of row `i` can take: of the pool, or of its bookmaker's wallet."""
    return work.wallet[tape.bookmaker[i]] if params.wallets == 1.0 else work.account[acc.CASH]


@leaf
def open_wallets(work, bankroll):
    """Share the bankroll equally among the wallets, the remainder among the first of them; no limit is cut yet."""
    n = len(work.wallet)
    for b in range(n):
        part = np.floor(bankroll / n)
        work.wallet[b] = part + (1.0 if b < bankroll - part * n else 0.0)
        work.won_since[b] = 0.0
        work.limit_factor[b] = 1.0


@leaf
def count_winnings(work, bookmaker, pnl, params):
    """A bookmaker that lost enough to us cuts its limits, and begins to count anew."""
    work.won_since[bookmaker] += pnl
    if work.won_since[bookmaker] >= params.limiting_profit_minor:
        work.limit_factor[bookmaker] *= params.limiting_factor
        work.won_since[bookmaker] = 0.0


@leaf
def room_of(tape, work, i, base, params):
    """The record of the account at the decision of row `i`; `base` is cash or equity at the instant's start."""
    account = work.account
    warned = account[acc.DRAWDOWN] >= params.drawdown_warn_frac
    return Room(
        acc.equity(account),
        base,
        params.drawdown_warn_factor if warned else 1.0,
        work.limit_factor[tape.bookmaker[i]],
        cash_for(tape, work, i, params),
        account[acc.OPEN],
        work.open_on_event[tape.event[i]],
        work.open_on_competition[tape.competition[i]],
        account[acc.STAKED_TODAY],
        account[acc.DAY_START],
    )


@leaf
def screen_all(tape, work, params):
    """Ask every row the reasons that need no state; returns how many pass, their rows in ``work.passing``."""
    n_passing = 0
    for i in range(len(tape.id)):
        reason = screen(row_of(tape, i, params), params)
        work.reason[i] = reason
        work.passing[n_passing] = i
        n_passing += reason == PENDING
    return n_passing


@leaf
def blocked(tape, work, i, params):
    """The breaker that stands, a bet on the question that stands or stood, or `PENDING`."""
    account = work.account
    if account[acc.HALTED] == 1.0:
        return BREAKER_DRAWDOWN
    if account[acc.DAY_BLOCKED] == 1.0:
        return BREAKER_DAILY_LOSS
    if account[acc.COOLING] == 1.0:
        return BREAKER_STREAK
    if params.one_per_market == 1.0 and work.taken[tape.question[i]] == 1:
        return ONE_PER_MARKET
    return PENDING


@leaf
def place(tape, work, i, stake, backer, params):
    """Lock the stake of row `i`."""
    account = work.account
    work.equity[i] = acc.equity(account)
    work.stake[i] = stake
    work.backer[i] = backer
    account[acc.CASH] -= stake
    work.wallet[tape.bookmaker[i]] -= stake
    account[acc.OPEN] += stake
    account[acc.STAKED_TODAY] += stake
    work.open_on_event[tape.event[i]] += stake
    work.open_on_competition[tape.competition[i]] += stake
    work.taken[tape.question[i]] = 1
    work.market_open[tape.market[i]] += 1
    account[acc.N_BETS] += 1.0
    account[acc.TURNOVER] += stake
    close_prob = tape.close_prob[i]
    if not np.isnan(close_prob):
        odds = placed_odds(tape.filled[i], tape.is_lay[i], params.slippage_frac, tape.ladder[i])
        account[acc.CLV_SUM] += turned(odds, tape.is_lay[i]) * close_prob - 1.0
        account[acc.CLV_N] += 1.0


@leaf
def decide_group(tape, work, first, base, params, seed):
    """Decide the legs `first`.. of one group: all scaled by the tightest leg, or none. Returns the row behind them."""
    last = first + 1
    while last < len(tape.id) and tape.group[last] == tape.group[first]:
        last += 1
    fails = False
    for i in range(first, last):
        if work.reason[i] == PENDING:
            work.reason[i] = blocked(tape, work, i, params)
        fails = fails or work.reason[i] != PENDING
    if not fails:
        fails = size_group(tape, work, first, last, base, params)
    if not fails:
        for i in range(first, last):
            work.reason[i] = refused(row_of(tape, i, params), params, refusal(tape.id[i], params, seed))
            fails = fails or work.reason[i] != PENDING
    for i in range(first, last):
        if work.reason[i] == PENDING:
            work.reason[i] = GROUP if fails else PLACED
            if not fails:
                place(tape, work, i, work.stake[i], work.backer[i], params)
    return last


@leaf
def asked_of_cash(tape, work, i, first, last, total, params):
    """What the legs ask of the cash that row `i` draws on: all of them the pool, those of a bookmaker its wallet."""
    if params.wallets != 1.0:
        return total
    asked = 0.0
    for leg in range(first, last):
        if tape.bookmaker[leg] == tape.bookmaker[i]:
            asked += work.stake[leg]
    return asked


@leaf
def size_group(tape, work, first, last, base, params):
    """Write the legs' stakes; returns whether a leg is too small (its reason is the cap that bound)."""
    room = room_of(tape, work, first, base, params)
    total = 0.0
    scale, cause = 1.0, STAKE_MINIMUM
    for i in range(first, last):
        wanted = wanted_minor(row_of(tape, i, params), room, params)
        work.stake[i] = wanted
        total += wanted
        scale, cause = tighten(scale, cause, params.bet_cap_frac * room.equity, wanted, CAP_BET)
    scale, cause = tighten_shared(scale, cause, total, room, params)
    for i in range(first, last):
        size_minor = tape.size_minor[i] * work.limit_factor[tape.bookmaker[i]]
        scale, cause = tighten(scale, cause, size_minor, work.stake[i], SIZE)
    for i in range(first, last):
        needed = asked_of_cash(tape, work, i, first, last, total, params)
        scale, cause = tighten(scale, cause, cash_for(tape, work, i, params), needed, CASH)
    fails = False
    for i in range(first, last):
        row = row_of(tape, i, params)
        wanted = work.stake[i]
        stake, backer = whole(wanted * scale, row, params)
        work.stake[i], work.backer[i] = stake, backer
        if too_small(stake, backer, row, params):
            work.reason[i] = blame(wanted, cause, row, params)
            fails = True
    return fails


@leaf
def decide_instant(tape, work, k, n_passing, params, seed):
    """Decide the passing rows from `k` on that share its instant; returns the first one of a later instant."""
    account = work.account
    instant = tape.decided_at[work.passing[k]]
    base = account[acc.CASH] if params.base_is_cash == 1.0 else acc.equity(account)
    while k < n_passing and tape.decided_at[work.passing[k]] == instant:
        i = work.passing[k]
        if tape.group[i] >= 0:
            while i > 0 and tape.group[i - 1] == tape.group[i]:
                i -= 1
            behind = decide_group(tape, work, i, base, params, seed)
            while k < n_passing and work.passing[k] < behind:
                k += 1
            continue
        reason = blocked(tape, work, i, params)
        if reason == PENDING:
            row = row_of(tape, i, params)
            draw = refusal(tape.id[i], params, seed)
            reason, stake, backer = decide(row, room_of(tape, work, i, base, params), params, draw)
            if reason == PLACED:
                place(tape, work, i, stake, backer, params)
        work.reason[i] = reason
        k += 1
    return k


@leaf
def settle_instant(tape, work, j, instant, params):
    """Settle the bets that end at `instant`, then charge commission; returns the place behind them."""
    account = work.account
    n_touched = 0
    while j < len(tape.settle_order) and tape.settled_at[tape.settle_order[j]] == instant:
        i = tape.settle_order[j]
        j += 1
        if work.reason[i] != PLACED:
            continue
        odds = placed_odds(tape.filled[i], tape.is_lay[i], params.slippage_frac, tape.ladder[i])
        stake = work.stake[i]
        pnl = settle(stake, work.backer[i], odds, ending_of(tape, i, params.slippage_frac))
        work.pnl[i] = pnl
        account[acc.CASH] += stake + pnl
        work.wallet[tape.bookmaker[i]] += stake + pnl
        count_winnings(work, tape.bookmaker[i], pnl, params)
        account[acc.OPEN] -= stake
        work.open_on_event[tape.event[i]] -= stake
        work.open_on_competition[tape.competition[i]] -= stake
        account[acc.N_SETTLED] += 1.0
        account[acc.N_WON] += pnl > 0.0
        account[acc.N_VOID] += tape.state[i] == VOID
        acc.count_result(account, pnl, params.streak_warn)
        market = tape.market[i]
        work.market_pnl[market] += pnl
        work.market_open[market] -= 1
        if work.market_open[market] == 0:
            work.touched[n_touched] = i
            n_touched += 1
    for m in range(n_touched):
        i = work.touched[m]
        rate = tape.commission_rate[i] * params.commission_factor
        charge = min(commission(rate, work.market_pnl[tape.market[i]]), cash_for(tape, work, i, params))
        account[acc.CASH] -= charge
        work.wallet[tape.bookmaker[i]] -= charge
        account[acc.COMMISSION] += charge
        work.market_pnl[tape.market[i]] = 0.0
    return j


@leaf
def skip_refused(tape, work, j):
    """The place of the next settlement whose bet stands or may still be placed."""
    while j < len(tape.settle_order):
        reason = work.reason[tape.settle_order[j]]
        if reason in (PLACED, PENDING):
            break
        j += 1
    return j


@compiled
def walk(tape, work, ends, params, seed):
    """Walk one configuration; everything it did stands in `work` afterwards. Returns nothing."""
    account = work.account
    acc.begin(account, params.bankroll_minor)
    open_wallets(work, params.bankroll_minor)
    work.open_on_event[:] = 0.0
    work.open_on_competition[:] = 0.0
    work.market_pnl[:] = 0.0
    work.taken[:] = 0
    work.market_open[:] = 0
    work.counts[:] = 0
    n_passing = screen_all(tape, work, params)
    j, k, day = 0, 0, 0
    while True:
        j = skip_refused(tape, work, j)
        instant = acc.NEVER
        if k < n_passing:
            instant = tape.decided_at[work.passing[k]]
        if j < len(tape.settle_order):
            instant = min(instant, tape.settled_at[tape.settle_order[j]])
        if day < len(tape.midnights):
            instant = min(instant, tape.midnights[day])
        if instant == acc.NEVER:
            break
        acc.end_before(account, ends, instant)
        j = settle_instant(tape, work, j, instant, params)
        acc.close(account, ends, instant, params)
        if day < len(tape.midnights) and tape.midnights[day] == instant:
            acc.roll(account)
            work.day_equity[day] = account[acc.DAY_START]
            work.day_turnover[day] = account[acc.TURNOVER]
            work.day_bets[day] = account[acc.N_BETS]
            day += 1
        if k < n_passing and tape.decided_at[work.passing[k]] == instant:
            k = decide_instant(tape, work, k, n_passing, params, seed)
    for i in range(len(tape.id)):
        work.counts[work.reason[i]] += 1
