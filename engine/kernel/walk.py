"""The walk of one configuration along the tape. This loop alone changes the state.

Order at one instant: settlements by row, commission of the markets whose last open bet has just settled, the close, the
day roll, decisions.
"""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import compiled, leaf
from engine.kernel.codes import Reason
from engine.kernel.decide import (
    PENDING,
    PLACED,
    binding_reason,
    decide,
    round_stake,
    screen,
    too_small,
    venue_answer,
)
from engine.kernel.draw import rejection_draw
from engine.kernel.limit import CAP_BET, CASH, SIZE, STAKE_MINIMUM, bet_headroom, tighten, tighten_shared
from engine.kernel.price import back_equivalent, placed_odds
from engine.kernel.record import AccountState, Row
from engine.kernel.settle import VOID, commission, ending_of, settle
from engine.kernel.stake import is_kelly, wanted_minor
from engine.kernel.supply import cash_for, offer_left, open_wallets, update_limits
from engine.kernel.whole import whole_steps

BREAKER_DRAWDOWN = int(Reason.BREAKER_DRAWDOWN)
BREAKER_DAILY_LOSS = int(Reason.BREAKER_DAILY_LOSS)
BREAKER_STREAK = int(Reason.BREAKER_STREAK)
ONE_PER_MARKET = int(Reason.ONE_PER_MARKET)
GROUP = int(Reason.GROUP)


@leaf
def row_of(tape, i, params):
    """The record of row `i`."""
    return Row(
        quoted=tape.quoted[i],
        filled=tape.filled[i],
        odds=tape.odds[i],
        is_lay=tape.is_lay[i],
        ladder=tape.ladder[i],
        prob=tape.prob[i],
        edge_frac=tape.edge_frac[i],
        kelly_frac=tape.kelly_frac[i],
        stake_weight=tape.stake_weight[i],
        size_minor=tape.size_minor[i],
        stake_min_minor=tape.stake_min_minor[i],
        commission=tape.commission_rate[i] * params.commission_factor,
    )


@leaf
def account_state(tape, work, i, base, params):
    """The record of the account at the decision of row `i`; `base` is cash or equity at the start of the instant."""
    cells = work.account
    warned = cells[acc.DRAWDOWN] >= params.drawdown_warn_frac
    return AccountState(
        equity=acc.equity(cells),
        base=base,
        warn_factor=params.drawdown_warn_factor if warned else 1.0,
        limit_factor=work.limit_factor[tape.bookmaker[i]],
        cash=cash_for(tape, work, i, params),
        open=cells[acc.OPEN],
        open_on_event=work.open_on_event[tape.event[i]],
        open_on_competition=work.open_on_competition[tape.competition[i]],
        staked_today=cells[acc.STAKED_TODAY],
        day_start_equity=cells[acc.DAY_START],
    )


@leaf
def screen_all(tape, work, params):
    """Screen every row; returns how many pass. Their rows are in ``work.passing``."""
    n_passing = 0
    for i in range(len(tape.id)):
        reason = screen(row_of(tape, i, params), params)
        work.reason[i] = reason
        work.passing[n_passing] = i
        n_passing += reason == PENDING
    return n_passing


@leaf
def blocking_reason(tape, work, i, params):
    """The active breaker, `ONE_PER_MARKET` for a second bet on the same question, or `PENDING`."""
    cells = work.account
    if cells[acc.HALTED] == acc.ACTIVE:
        return BREAKER_DRAWDOWN
    if cells[acc.DAY_BLOCKED] == acc.ACTIVE:
        return BREAKER_DAILY_LOSS
    if cells[acc.COOLING] == acc.ACTIVE:
        return BREAKER_STREAK
    if params.one_per_market == 1.0 and work.taken[tape.question[i]] == 1:
        return ONE_PER_MARKET
    return PENDING


@leaf
def closing_value(tape, i, odds):
    """Closing line value of row `i` placed at `odds`; NaN without a closing price."""
    return back_equivalent(odds, tape.is_lay[i]) * tape.close_prob[i] - 1.0


@leaf
def place(tape, work, i, stake, backer, params):
    """Lock the stake of row `i`."""
    cells = work.account
    work.equity[i] = acc.equity(cells)
    work.stake[i] = stake
    work.backer[i] = backer
    cells[acc.CASH] -= stake
    work.wallet[tape.bookmaker[i]] -= stake
    cells[acc.OPEN] += stake
    cells[acc.STAKED_TODAY] += stake
    work.open_on_event[tape.event[i]] += stake
    work.open_on_competition[tape.competition[i]] += stake
    work.taken[tape.question[i]] = 1
    if tape.offer[i] >= 0:
        work.offer_taken[tape.offer[i]] += backer if tape.is_lay[i] else stake
    work.commission_market_open[tape.market[i]] += 1
    cells[acc.N_BETS] += 1.0
    cells[acc.TURNOVER] += stake
    if not np.isnan(tape.close_prob[i]):
        odds = placed_odds(tape.filled[i], tape.is_lay[i], params.slippage_frac, tape.ladder[i])
        cells[acc.CLV_SUM] += closing_value(tape, i, odds)
        cells[acc.CLV_N] += 1.0


@leaf
def group_end(tape, first):
    """The row after the group of legs that starts at `first`."""
    last = first + 1
    while last < len(tape.id) and tape.group[last] == tape.group[first]:
        last += 1
    return last


@leaf
def size_legs(tape, work, first, last, base, params, arrives_later):
    """Check and size the legs from `first` to before `last`, as `size_group`. Returns whether one of them fails."""
    fails = False
    for i in range(first, last):
        if work.reason[i] == PENDING:
            work.reason[i] = blocking_reason(tape, work, i, params)
        fails = fails or work.reason[i] != PENDING
    return fails or size_group(tape, work, first, last, base, params, arrives_later)


@leaf
def decide_group(tape, work, first, base, params, seed):
    """Decide the group of legs that starts at `first`: all or none is placed. Returns the row after it."""
    last = group_end(tape, first)
    fails = size_legs(tape, work, first, last, base, params, 0)
    if not fails:
        for i in range(first, last):  # a leg that is cut would leave the others uncovered
            if offer_left(tape, work, i) < work.stake[i]:
                work.reason[i] = SIZE
                fails = True
    if not fails:
        for i in range(first, last):
            draw = rejection_draw(tape.id[i], params, seed)
            work.reason[i] = venue_answer(row_of(tape, i, params), params, draw)
            fails = fails or work.reason[i] != PENDING
    for i in range(first, last):
        if work.reason[i] == PENDING:
            work.reason[i] = GROUP if fails else PLACED
            if not fails:
                stake, backer = round_stake(work.stake[i], row_of(tape, i, params), params)
                place(tape, work, i, stake, backer, params)
    return last


@leaf
def cash_needed(tape, work, i, first, last, total, params):
    """Sum of the legs' stakes that draw on the same cash as row `i`: of all legs, or of those at its bookmaker."""
    if params.wallets != 1.0:
        return total
    needed = 0.0
    for leg in range(first, last):
        if tape.bookmaker[leg] == tape.bookmaker[i]:
            needed += work.stake[leg]
    return needed


@leaf
def size_group(tape, work, first, last, base, params, arrives_later):
    """Write the stakes of the legs, scaled by the tightest limit. Returns whether a leg is too small.

    The stake of a lay is the most that may be at risk. Where orders arrive later (1, else 0), its backer's stake is
    rounded at another price, which may make it large enough.
    """
    account = account_state(tape, work, first, base, params)
    total = 0.0
    scale, limit = 1.0, STAKE_MINIMUM
    for i in range(first, last):
        wanted = wanted_minor(row_of(tape, i, params), account, params)
        work.stake[i] = wanted
        total += wanted
        scale, limit = tighten(scale, limit, bet_headroom(account, params), wanted, CAP_BET)
    scale, limit = tighten_shared(scale, limit, total, account, params)
    for i in range(first, last):
        size_minor = tape.size_minor[i] * work.limit_factor[tape.bookmaker[i]]
        scale, limit = tighten(scale, limit, size_minor, work.stake[i], SIZE)
    for i in range(first, last):
        needed = cash_needed(tape, work, i, first, last, total, params)
        scale, limit = tighten(scale, limit, cash_for(tape, work, i, params), needed, CASH)
    fails = False
    for i in range(first, last):
        row = row_of(tape, i, params)
        wanted = work.stake[i]
        stake, backer = round_stake(wanted * scale, row, params)
        is_small = too_small(stake, backer, row, params)
        work.stake[i], work.backer[i] = whole_steps(wanted * scale, params.stake_increment_minor), backer
        if row.is_lay and arrives_later == 1:
            is_small = not work.stake[i] >= params.stake_min_minor
        if is_small:
            work.reason[i] = binding_reason(wanted, limit, row, params)
            fails = True
    return fails


@leaf
def decide_instant(tape, work, k, n_passing, params, seed):
    """Decide the passing rows of one instant, from place `k` on; returns the place of the first later row."""
    cells = work.account
    instant = tape.decided_at[work.passing[k]]
    base = cells[acc.CASH] if params.base_is_cash == 1.0 else acc.equity(cells)
    while k < n_passing and tape.decided_at[work.passing[k]] == instant:
        i = work.passing[k]
        if tape.group[i] >= 0:
            while i > 0 and tape.group[i - 1] == tape.group[i]:
                i -= 1
            behind = decide_group(tape, work, i, base, params, seed)
            while k < n_passing and work.passing[k] < behind:
                k += 1
            continue
        reason = blocking_reason(tape, work, i, params)
        if reason == PENDING:
            row = row_of(tape, i, params)
            draw = rejection_draw(tape.id[i], params, seed)
            account, left = account_state(tape, work, i, base, params), offer_left(tape, work, i)
            reason, stake, backer = decide(row, account, params, draw, left)
            if reason == PLACED:
                place(tape, work, i, stake, backer, params)
        work.reason[i] = reason
        k += 1
    return k


@leaf
def settle_level(tape, work, i, odds, params):
    """Count the settled bet of row `i` at level stakes.

    Its weight is the row's `stake_weight`, under Kelly staking the stake over the equity at its decision. The bets of
    a market share its commission: the charge counts at the sum of their weights over the sum of their stakes.
    """
    cells, stake = work.account, work.stake[i]
    if is_kelly(params):
        unit = 1.0 / work.equity[i]
        weight = stake * unit
    else:
        weight = tape.stake_weight[i]
        unit = weight / stake
    acc.book_level(cells, work.pnl[i] * unit, weight, closing_value(tape, i, odds))
    rate, market = tape.commission_rate[i] * params.commission_factor, tape.market[i]
    if rate > 0.0:
        work.commission_market_weight[market] += weight
        work.commission_market_stake[market] += stake
        if work.commission_market_open[market] == 0:
            charge = commission(rate, work.commission_market_pnl[market])
            cells[acc.LEVEL] -= charge * (work.commission_market_weight[market] / work.commission_market_stake[market])
            work.commission_market_weight[market] = 0.0
            work.commission_market_stake[market] = 0.0


@leaf
def settle_instant(tape, work, j, instant, params):
    """Settle the bets that end at `instant`, then charge commission; returns the place of the next settlement."""
    cells = work.account
    n_closed = 0
    while j < len(tape.settle_order) and tape.settled_at[tape.settle_order[j]] == instant:
        i = tape.settle_order[j]
        j += 1
        if work.reason[i] != PLACED:
            continue
        odds = placed_odds(tape.filled[i], tape.is_lay[i], params.slippage_frac, tape.ladder[i])
        stake = work.stake[i]
        pnl = settle(stake, work.backer[i], odds, ending_of(tape, i, params.slippage_frac))
        work.pnl[i] = pnl
        cells[acc.CASH] += stake + pnl
        work.wallet[tape.bookmaker[i]] += stake + pnl
        update_limits(work, tape.bookmaker[i], pnl, params)
        cells[acc.OPEN] -= stake
        work.open_on_event[tape.event[i]] -= stake
        work.open_on_competition[tape.competition[i]] -= stake
        cells[acc.N_SETTLED] += 1.0
        cells[acc.N_WON] += pnl > 0.0
        cells[acc.N_VOID] += tape.state[i] == VOID
        acc.count_streaks(cells, pnl, params.streak_warn)
        commission_market = tape.market[i]
        work.commission_market_pnl[commission_market] += pnl
        work.commission_market_open[commission_market] -= 1
        if len(work.day_level) > 0:
            settle_level(tape, work, i, odds, params)
        if work.commission_market_open[commission_market] == 0:
            work.closed_rows[n_closed] = i
            n_closed += 1
    for m in range(n_closed):
        i = work.closed_rows[m]
        rate = tape.commission_rate[i] * params.commission_factor
        charge = min(commission(rate, work.commission_market_pnl[tape.market[i]]), cash_for(tape, work, i, params))
        cells[acc.CASH] -= charge
        work.wallet[tape.bookmaker[i]] -= charge
        cells[acc.COMMISSION] += charge
        work.commission_market_pnl[tape.market[i]] = 0.0
    return j


@leaf
def roll_level(work, day):
    """Write the day that ends, at level stakes, and start the next one."""
    cells = work.account
    if len(work.day_level) > 0:
        work.day_level[day] = cells[acc.LEVEL]
        work.day_clv[day] = cells[acc.LEVEL_CLV]
        work.day_level_turnover[day] = cells[acc.LEVEL_TURNOVER]
        work.day_closed_turnover[day] = cells[acc.CLOSED_TURNOVER]
        cells[acc.LEVEL] = 0.0
        cells[acc.LEVEL_CLV] = 0.0


@leaf
def skip_refused(tape, work, j):
    """The place of the next settlement of a row that is placed or not yet decided."""
    while j < len(tape.settle_order):
        reason = work.reason[tape.settle_order[j]]
        if reason in (PLACED, PENDING):
            break
        j += 1
    return j


@compiled
def walk(tape, work, ends, params, seed):
    """Walk one configuration along the tape. The results are in `work`; nothing is returned."""
    cells = work.account
    acc.begin(cells, params.bankroll_minor)
    open_wallets(work, params.bankroll_minor)
    work.open_on_event[:] = 0.0
    work.open_on_competition[:] = 0.0
    work.commission_market_pnl[:] = 0.0
    work.commission_market_weight[:] = 0.0
    work.commission_market_stake[:] = 0.0
    work.taken[:] = 0
    work.commission_market_open[:] = 0
    work.offer_taken[:] = 0.0
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
        acc.end_breakers_before(cells, ends, instant)
        j = settle_instant(tape, work, j, instant, params)
        acc.close(cells, ends, instant, params)
        if day < len(tape.midnights) and tape.midnights[day] == instant:
            acc.roll(cells)
            work.day_equity[day] = cells[acc.DAY_START]
            work.day_turnover[day] = cells[acc.TURNOVER]
            work.day_bets[day] = cells[acc.N_BETS]
            roll_level(work, day)
            day += 1
        if k < n_passing and tape.decided_at[work.passing[k]] == instant:
            k = decide_instant(tape, work, k, n_passing, params, seed)
    for i in range(len(tape.id)):
        work.counts[work.reason[i]] += 1
