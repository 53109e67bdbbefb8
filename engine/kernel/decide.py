"""One decision: the first rule that fails is the reason. Pure functions of scalars and records of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.limit import SIZE, STAKE_MINIMUM, shrink
from engine.kernel.price import moved, placed_odds
from engine.kernel.stake import KELLY_COLUMN, edge_net, wanted_minor

PENDING = -1  # not refused yet
INCOMPLETE = int(Reason.INCOMPLETE)
ODDS_RANGE = int(Reason.ODDS_RANGE)
EDGE = int(Reason.EDGE)
PRICE_MOVED = int(Reason.PRICE_MOVED)
REJECTED = int(Reason.REJECTED)
PLACED = int(Reason.PLACED)


@leaf
def screen(row, params):
    """The reasons that follow from row and configuration alone, or `PENDING`."""
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
def whole(stake, row, params):
    """The stake in whole increments, and the backer's stake of a lay (0 for a back bet)."""
    step = params.stake_increment_minor
    stake = np.floor(stake / step) * step
    if not row.is_lay:
        return stake, 0.0
    worst = row.filled if row.filled > row.quoted else row.quoted  # of a lay; the liability is enough for either
    price = placed_odds(worst, row.is_lay, params.slippage_frac, row.ladder) - 1.0
    backer = np.floor(stake / price / step) * step
    return np.rint(backer * price), backer


@leaf
def too_small(stake, backer, row, params):
    """Whether a whole stake is below a minimum (NaN is); a lay without a backer's stake has a liability of 0."""
    at_venue = backer if row.is_lay else stake
    return not stake >= params.stake_min_minor or at_venue < row.stake_min_minor


@leaf
def blame(wanted, cause, row, params):
    """The reason of a stake that is too small: the cap that bound, or the rule where it asked too little itself."""
    stake, backer = whole(wanted, row, params)
    return STAKE_MINIMUM if too_small(stake, backer, row, params) else cause


@leaf
def refused(row, params, draw):
    """The venue's answer to an order: `PRICE_MOVED`, `REJECTED` (by its draw, `draw.refusal`), `PENDING`."""
    if moved(row, params):
        return PRICE_MOVED
    if draw < params.rejection_frac:
        return REJECTED
    return PENDING


@leaf
def filled_too_little(wanted, stake, row, room, params):
    """Whether the price takes less than the asked part of what all other limits leave."""
    asked, _ = shrink(wanted, np.inf, room, params)
    return stake < params.fill_min_frac * asked


@leaf
def decide(row, room, params, draw):
    """Size a bet that nothing has refused so far: (reason, stake, backer's stake of a lay), minor units."""
    wanted = wanted_minor(row, room, params)
    stake, cause = shrink(wanted, row.size_minor * room.limit_factor, room, params)
    if params.fill_min_frac > 0.0 and cause == SIZE and filled_too_little(wanted, stake, row, room, params):
        return SIZE, 0.0, 0.0
    stake, backer = whole(stake, row, params)
    if too_small(stake, backer, row, params):
        return blame(wanted, cause, row, params), 0.0, 0.0
    answer = refused(row, params, draw)
    if answer != PENDING:
        return answer, 0.0, 0.0
    return PLACED, stake, backer
