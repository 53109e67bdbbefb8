"""What stands behind a bet besides the account: wallets, limits that bookmakers cut, offers that we have used up."""

from __future__ import annotations

import numpy as np

from engine.kernel import account as acc
from engine.kernel.cache import leaf
from engine.kernel.price import liability


@leaf
def cash_for(tape, work, i, params):
    """Cash available for row `i`: the shared pool, or the wallet of its bookmaker."""
    return work.wallet[tape.bookmaker[i]] if params.wallets == 1.0 else work.account[acc.CASH]


@leaf
def open_wallets(work, bankroll):
    """Share the bankroll equally among the wallets; the first ones get the remainder. Reset the bookmakers' limits."""
    n = len(work.wallet)
    for b in range(n):
        part = np.floor(bankroll / n)
        work.wallet[b] = part + (1.0 if b < bankroll - part * n else 0.0)
        work.won_since[b] = 0.0
        work.limit_factor[b] = 1.0


@leaf
def update_limits(work, bookmaker, pnl, params):
    """Count a bet's P&L. A bookmaker that has lost enough to us cuts its limits, and the count restarts at 0."""
    work.won_since[bookmaker] += pnl
    if work.won_since[bookmaker] >= params.limiting_profit_minor:
        work.limit_factor[bookmaker] *= params.limiting_factor
        work.won_since[bookmaker] = 0.0


@leaf
def offer_left(tape, work, i):
    """What the price on arrival still takes of row `i`, at risk, minor units: less by what earlier bets took of it."""
    offer = tape.offer[i]
    if offer < 0:
        return np.inf
    left = max(0.0, tape.offer_minor[i] - work.offer_taken[offer])
    left = liability(left, tape.quoted[i]) if tape.is_lay[i] else left
    return left * work.limit_factor[tape.bookmaker[i]]
