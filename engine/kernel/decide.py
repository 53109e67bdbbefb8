"""One decision: the first rule that fails is the reason. Pure functions of scalars and records of scalars."""

from __future__ import annotations

import numpy as np

from engine.kernel.cache import leaf
from engine.kernel.draw import REJECTION, uniform
from engine.kernel.limit import STAKE_MINIMUM, shrink
from engine.kernel.settle import placed_odds
from engine.kernel.stake import KELLY_COLUMN, edge_net, wanted_minor
from engine.schema import Reason

PENDING = -1  # not refused yet
INCOMPLETE = int(Reason.INCOMPLETE)
ODDS_RANGE = int(Reason.ODDS_RANGE)
EDGE = int(Reason.EDGE)
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
    price = placed_odds(row.quoted, row.is_lay, params.slippage_frac) - 1.0
    backer = np.floor(stake / price / step) * step
    return np.rint(backer * price), backer


@leaf
def too_small(stake, params):
    """Whether a whole stake is below the minimum (NaN is); a lay without a backer's stake has a liability of 0."""
    return not stake >= params.stake_min_minor


@leaf
def blame(wanted, cause, row, params):
    """The reason of a stake that is too small: the cap that bound, or the rule where it asked too little itself."""
    stake, _ = whole(wanted, row, params)
    return STAKE_MINIMUM if too_small(stake, params) else cause


@leaf
def rejected(row, params, seed):
    """Whether the venue rejects the bet: a draw keyed by the seed and the opportunity."""
    return params.rejection_frac > 0.0 and uniform(seed, row.id, REJECTION) < params.rejection_frac


@leaf
def decide(row, room, params, seed):
    """Size a bet that nothing has refused so far: (reason, stake, backer's stake of a lay), minor units."""
    wanted = wanted_minor(row, room, params)
    stake, cause = shrink(wanted, row, room, params)
    stake, backer = whole(stake, row, params)
    if too_small(stake, params):
        return blame(wanted, cause, row, params), 0.0, 0.0
    if rejected(row, params, seed):
        return REJECTED, 0.0, 0.0
    return PLACED, stake, backer
