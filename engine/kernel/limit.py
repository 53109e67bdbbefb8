"""The limits of a stake: caps shrink, they never refuse. Ties go to the one named first."""

from __future__ import annotations

from engine.kernel.cache import leaf
from engine.kernel.codes import Reason

CAP_BET = int(Reason.CAP_BET)
CAP_EVENT = int(Reason.CAP_EVENT)
CAP_COMPETITION = int(Reason.CAP_COMPETITION)
CAP_DAY = int(Reason.CAP_DAY)
CAP_OPEN = int(Reason.CAP_OPEN)
SIZE = int(Reason.SIZE)
CASH = int(Reason.CASH)
STAKE_MINIMUM = int(Reason.STAKE_MINIMUM)


@leaf
def event_room(room, params):
    """What may still be put on the event, minor units; below 0 where too much stands already."""
    return params.event_cap_frac * room.equity - room.open_on_event


@leaf
def competition_room(room, params):
    """What may still be put on the competition, minor units."""
    return params.competition_cap_frac * room.equity - room.open_on_competition


@leaf
def day_room(room, params):
    """What may still be put on today; the cap is a fraction of the equity at the day's start."""
    return params.day_cap_frac * room.day_start_equity - room.staked_today


@leaf
def open_room(room, params):
    """What may still be open at once, minor units."""
    return params.open_cap_frac * room.equity - room.open


@leaf
def shrink(wanted, size_minor, room, params):
    """The stake that all caps leave of `wanted`, and which of them bound (`STAKE_MINIMUM`: none, the rule itself)."""
    stake, reason = wanted, STAKE_MINIMUM
    cap = params.bet_cap_frac * room.equity
    if cap < stake:
        stake, reason = cap, CAP_BET
    cap = event_room(room, params)
    if cap < stake:
        stake, reason = cap, CAP_EVENT
    cap = competition_room(room, params)
    if cap < stake:
        stake, reason = cap, CAP_COMPETITION
    cap = day_room(room, params)
    if cap < stake:
        stake, reason = cap, CAP_DAY
    cap = open_room(room, params)
    if cap < stake:
        stake, reason = cap, CAP_OPEN
    if size_minor < stake:
        stake, reason = size_minor, SIZE
    if room.cash < stake:
        stake, reason = room.cash, CASH
    return stake, reason


@leaf
def tighten(scale, reason, room_minor, wanted, cause):
    """The smaller of `scale` and `room_minor / wanted`, with its cause."""
    if wanted > 0.0 and room_minor < wanted * scale:
        return room_minor / wanted, cause
    return scale, reason


@leaf
def tighten_shared(scale, reason, total, room, params):
    """The scale that the rooms shared by all legs of a group leave of their `total`, but for cash."""
    scale, reason = tighten(scale, reason, event_room(room, params), total, CAP_EVENT)
    scale, reason = tighten(scale, reason, competition_room(room, params), total, CAP_COMPETITION)
    scale, reason = tighten(scale, reason, day_room(room, params), total, CAP_DAY)
    return tighten(scale, reason, open_room(room, params), total, CAP_OPEN)
