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
#: states in which the venue may not have the bet, as far as we know
UNSURE: Final = frozenset({BetState.INTENDED, BetState.SENT, BetState.UNKNOWN})
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


_S = BetState
_EXECUTOR, _RECOVERY, _RECONCILER = Actor.EXECUTOR, Actor.RECOVERY, Actor.RECONCILER
_STATED = "evidence by key (of a venue that only has lists: a match that is unique both ways)"
_GROWS = "cumulative sizes; what is matched never falls"
_AFTER_ALL = "the venue shows the bet after all: it is booked, an alarm is given and the venue's breaker trips"
_HUMAN = (Actor.HUMAN,)

#: every transition there is; what is not here is refused before it is written
TRANSITIONS: Final[tuple[Transition, ...]] = (
    Transition(
        None,
        _S.INTENDED,
        (Actor.DECIDER,),
        "the stake is positive, breakers are closed, the lease is ours; intent and reservation in one commit",
    ),
    Transition(
        _S.INTENDED,
        _S.ABANDONED,
        (_EXECUTOR, _RECOVERY),
        "kill switch, breaker, stale quote, window over, or lease too short; reason and release in one commit",
    ),
    Transition(
        _S.INTENDED,
        _S.SENT,
        (_EXECUTOR, _RECOVERY),
        "the lease outlives the send's time-out; kill switch read in this transaction; committed before the first byte",
    ),
    Transition(
        _S.SENT,
        _S.SENT,
        (_EXECUTOR,),
        "the attempt before was provably not taken; kill switch, window and value checked again",
    ),
    Transition(
        _S.SENT,
        _S.ABANDONED,
        (_EXECUTOR,),
        "the last attempt was provably not taken, and the window, the attempts or the retry budget ended",
    ),
    *(
        Transition(_S.SENT, target, (_EXECUTOR,), "the answer can be read, has our reference and a definite meaning")
        for target in (_S.PENDING, _S.PLACED, _S.PARTIAL, _S.LAPSED, _S.REJECTED)
    ),
    Transition(
        _S.SENT,
        _S.UNKNOWN,
        (_EXECUTOR, _RECOVERY),
        "any other answer, or none; at start every bet that an earlier process sent. The reservation stays",
    ),
    Transition(
        _S.UNKNOWN,
        _S.SENT,
        (_RECONCILER,),
        "the venue's class allows it, the window to resend is open, and a look-up just said no; same reference",
    ),
    *(
        Transition(_S.UNKNOWN, target, (_RECONCILER, *human), _STATED)
        for target, human in (
            (_S.PENDING, ()),
            (_S.PLACED, _HUMAN),
            (_S.PARTIAL, ()),
            (_S.LAPSED, ()),
        )
    ),
    Transition(
        _S.UNKNOWN,
        _S.REJECTED,
        (_RECONCILER, Actor.HUMAN),
        "the venue's refusal by key, or the proof of absence of its class; a person: who and why",
    ),
    *(
        Transition(_S.PENDING, target, (_RECONCILER, *human), "the venue decided")
        for target, human in (
            (_S.PLACED, _HUMAN),
            (_S.PARTIAL, ()),
            (_S.LAPSED, ()),
        )
    ),
    Transition(
        _S.PENDING,
        _S.REJECTED,
        (_RECONCILER, Actor.HUMAN),
        "the venue decided; or it forgets what it declined, and complete readings do not show the bet long after",
    ),
    *(Transition(_S.PARTIAL, target, (_RECONCILER,), _GROWS) for target in (_S.PARTIAL, _S.PLACED, _S.LAPSED)),
    *(
        Transition(source, target, (Actor.SETTLER, _RECONCILER), "result on paper, or the venue's settlement")
        for source in (_S.PLACED, _S.PARTIAL, _S.LAPSED)
        for target in (_S.SETTLED, _S.VOID)
    ),
    *(
        Transition(
            source,
            target,
            (Actor.SETTLER, _RECONCILER),
            "another settlement of the same bet: reversal of version n and entry n + 1 in one commit",
        )
        for source in (_S.SETTLED, _S.VOID)
        for target in (_S.SETTLED, _S.VOID)
    ),
    *(
        Transition(source, target, (_RECONCILER,), _AFTER_ALL)
        for source in (_S.REJECTED, _S.ABANDONED, _S.LAPSED)
        for target in (_S.PLACED, _S.PARTIAL)
    ),
)

_ALLOWED: Final = frozenset((row.source, row.target) for row in TRANSITIONS)
_ACTED: Final = frozenset((row.source, row.target, actor) for row in TRANSITIONS for actor in row.actors)


def is_allowed(source: BetState | None, target: BetState, actor: Actor | None = None) -> bool:
    """Whether the table has this transition, and, where an actor is given, whether that actor may make it.

    Examples
    --------
    >>> is_allowed(BetState.SENT, BetState.UNKNOWN)
    True
    >>> is_allowed(BetState.REJECTED, BetState.SENT)
    False
    >>> is_allowed(BetState.UNKNOWN, BetState.REJECTED, Actor.EXECUTOR)
    False
    """
    return (source, target) in _ALLOWED if actor is None else (source, target, actor) in _ACTED
