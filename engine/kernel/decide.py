"""One decision: the first check that fails is the reason. Pure functions of scalars and records of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.limit import SIZE, STAKE_MINIMUM, shrink
from engine.kernel.price import placed_odds, price_moved
from engine.kernel.stake import KELLY_COLUMN, edge_net, wanted_minor
from engine.kernel.whole import NEARLY, backer_steps, whole_steps

PENDING = -1  # no check has failed yet
INCOMPLETE = int(Reason.INCOMPLETE)
ODDS_RANGE = int(Reason.ODDS_RANGE)
EDGE = int(Reason.EDGE)
PRICE_MOVED = int(Reason.PRICE_MOVED)
REJECTED = int(Reason.REJECTED)
PLACED = int(Reason.PLACED)


@leaf
def screen(row, params):
    """The reason that follows from row and configuration alone, or `PENDING`."""
    if np.isnan(row.odds) or np.isnan(row.prob) or np.isnan(row.edge_frac):
        return INCOMPLETE
    if params.staking == KELLY_COLUMN and np.isnan(row.kelly_frac):
        return INCOMPLETE
    if row.odds < params.odds_min or row.odds > params.odds_max:
        return ODDS_RANGE
    edge = edge_net(row)
    if edge < params.edge_min or edge > params.edge_max:
        return EDGE
    return PENDING


@leaf
def round_stake(stake, row, params):
    """The stake rounded down to the increment: (stake, backer's stake of a lay; 0 for a back bet)."""
    step = params.stake_increment_minor
    stake = whole_steps(stake, step)
    if not row.is_lay:
        return stake, 0.0
    worst = row.filled if row.filled > row.quoted else row.quoted  # the liability must cover the higher price
    odds = placed_odds(worst, row.is_lay, params.slippage_frac, row.ladder)
    backer = backer_steps(stake, odds, step)
    return np.rint(backer * (odds - 1.0)), backer


@leaf
def too_small(stake, backer, row, params):
    """Whether a rounded stake is below a minimum. NaN is; so is a lay whose backer's stake is 0."""
    at_venue = backer if row.is_lay else stake
    return not stake >= params.stake_min_minor or at_venue < row.stake_min_minor


@leaf
def binding_reason(wanted, limit, row, params):
    """The reason of a stake that is too small: the binding `limit`, or the rule itself if it asks for too little."""
    stake, backer = round_stake(wanted, row, params)
    return STAKE_MINIMUM if too_small(stake, backer, row, params) else limit


@leaf
def venue_answer(row, params, draw):
    """The answer to an order: `PRICE_MOVED`, `REJECTED` (by the draw in [0, 1)), or `PENDING` if it is accepted."""
    if price_moved(row, params):
        return PRICE_MOVED
    if draw < params.rejection_frac:
        return REJECTED
    return PENDING


@leaf
def fill_too_small(wanted, stake, row, account, params):
    """Whether the price takes less than `fill_min_frac` of the stake that all other limits allow."""
    allowed, _ = shrink(wanted, np.inf, account, params)
    return stake * NEARLY < params.fill_min_frac * allowed


@leaf
def cut_too_small(left, stake, params):
    """Whether an order is cut, and less than `fill_min_frac` of it is left."""
    left, stake = whole_steps(left, params.stake_increment_minor), whole_steps(stake, params.stake_increment_minor)
    return left < stake and left * NEARLY < params.fill_min_frac * stake


@leaf
def sized(row, account, params):
    """The stake before rounding: (`PENDING` or the reason of a refusal, stake, stake of the rule, binding limit)."""
    wanted = wanted_minor(row, account, params)
    stake, limit = shrink(wanted, row.size_minor * account.limit_factor, account, params)
    if params.fill_min_frac > 0.0 and limit == SIZE and fill_too_small(wanted, stake, row, account, params):
        return SIZE, 0.0, wanted, limit
    return PENDING, stake, wanted, limit


@leaf
def decide(row, account, params, draw, left):
    """Size a bet that no earlier check refused: (reason, stake, backer's stake of a lay), minor units.

    `left` is what the price on arrival still takes of it, at risk; +inf: all.
    """
    reason, stake, wanted, limit = sized(row, account, params)
    if reason != PENDING:
        return reason, 0.0, 0.0
    if left < stake:
        if cut_too_small(left, stake, params):
            return SIZE, 0.0, 0.0
        stake, limit = left, SIZE
    stake, backer = round_stake(stake, row, params)
    if too_small(stake, backer, row, params):
        return binding_reason(wanted, limit, row, params), 0.0, 0.0
    answer = venue_answer(row, params, draw)
    if answer != PENDING:
        return answer, 0.0, 0.0
    return PLACED, stake, backer
