"""The states of one bet, and the only transitions between them. Code, tests and documentation read this one table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class BetState(StrEnum):
    """Where one bet stands."""

    INTENDED = "intended"  # written down, certainly not sent
    ABANDONED = "abandoned"  # certainly never sent, or provably not taken; nothing reserved
    SENT = "sent"  # the attempt is on record; the request may have arrived
    UNKNOWN = "unknown"  # no definite answer; the full stake stays reserved
    PENDING = "pending"  # the venue has it and has not decided
    PLACED = "placed"  # matched in full
    PARTIAL = "partial"  # matched in part, the rest still open at the venue
    REJECTED = "rejected"  # refused by the venue, or proved absent
    LAPSED = "lapsed"  # the open rest is gone; what was matched stays
    SETTLED = "settled"
    VOID = "void"


#: states in which the whole stake (of a lay, the liability) is reserved
RESERVED: Final = frozenset({BetState.INTENDED, BetState.SENT, BetState.UNKNOWN, BetState.PENDING})
#: states in which the matched part is an open stake, and the rest, if any, is reserved
MATCHED: Final = frozenset({BetState.PLACED, BetState.PARTIAL, BetState.LAPSED})
#: states in which nothing is at risk any more
ENDED: Final = frozenset({BetState.ABANDONED, BetState.REJECTED, BetState.SETTLED, BetState.VOID})


class Actor(StrEnum):
    """Who may make a transition."""

    DECIDER = "decider"
    EXECUTOR = "executor"
    RECOVERY = "recovery"
    RECONCILER = "reconciler"
    SETTLER = "settler"
    HUMAN = "human"


class Transition(NamedTuple):
    """One row of the table.

    Attributes
    ----------
    source : BetState or None
        None: there is no bet yet.
    target : BetState
    actors : tuple of Actor
    needs : str
        What must hold, as the documentation prints it.
    """

    source: BetState | None
    target: BetState
    actors: tuple[Actor, ...]
    needs: str
