"""The limits on a stake. A limit shrinks a stake and never refuses it; of equal limits the first one is named.

The headroom of a limit is what it still leaves, in minor units. It is below 0 if more than that is open already.
"""

from __future__ import annotations

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason
from engine.kernel.whole import whole_allowance

CAP_BET = int(Reason.CAP_BET)
CAP_EVENT = int(Reason.CAP_EVENT)
CAP_COMPETITION = int(Reason.CAP_COMPETITION)
CAP_DAY = int(Reason.CAP_DAY)
CAP_OPEN = int(Reason.CAP_OPEN)
SIZE = int(Reason.SIZE)
CASH = int(Reason.CASH)
STAKE_MINIMUM = int(Reason.STAKE_MINIMUM)


@leaf
def bet_headroom(account, params):
    """Largest stake of one bet."""
    return whole_allowance(params.bet_cap_frac, account.equity)


@leaf
def event_headroom(account, params):
    """Headroom on the event."""
    return whole_allowance(params.event_cap_frac, account.equity) - account.open_on_event


@leaf
def competition_headroom(account, params):
    """Headroom on the competition."""
    return whole_allowance(params.competition_cap_frac, account.equity) - account.open_on_competition


@leaf
def day_headroom(account, params):
    """Headroom of the day. The cap is a fraction of the equity at the day's start."""
    return whole_allowance(params.day_cap_frac, account.day_start_equity) - account.staked_today


@leaf
def open_headroom(account, params):
    """Headroom of all open stakes together."""
    return whole_allowance(params.open_cap_frac, account.equity) - account.open


@leaf
def shrink(wanted, size_minor, account, params):
    """The largest stake up to `wanted` that all limits allow, and the limit that binds (none: `STAKE_MINIMUM`)."""
    stake, reason = wanted, STAKE_MINIMUM
    headroom = bet_headroom(account, params)
    if headroom < stake:
        stake, reason = headroom, CAP_BET
    headroom = event_headroom(account, params)
    if headroom < stake:
        stake, reason = headroom, CAP_EVENT
    headroom = competition_headroom(account, params)
    if headroom < stake:
        stake, reason = headroom, CAP_COMPETITION
    headroom = day_headroom(account, params)
    if headroom < stake:
        stake, reason = headroom, CAP_DAY
    headroom = open_headroom(account, params)
    if headroom < stake:
        stake, reason = headroom, CAP_OPEN
    if size_minor < stake:
        stake, reason = size_minor, SIZE
    if account.cash < stake:
        stake, reason = account.cash, CASH
    return stake, reason


@leaf
def tighten(scale, reason, headroom, wanted, limit):
    """The smaller of `scale` and `headroom / wanted`, with the limit that it comes from."""
    if wanted > 0.0 and headroom < wanted * scale:
        return headroom / wanted, limit
    return scale, reason


@leaf
def tighten_shared(scale, reason, total, account, params):
    """The scale that the limits on the sum of a group's stakes leave of its `total`. Cash is not among them."""
    scale, reason = tighten(scale, reason, event_headroom(account, params), total, CAP_EVENT)
    scale, reason = tighten(scale, reason, competition_headroom(account, params), total, CAP_COMPETITION)
    scale, reason = tighten(scale, reason, day_headroom(account, params), total, CAP_DAY)
    return tighten(scale, reason, open_headroom(account, params), total, CAP_OPEN)
