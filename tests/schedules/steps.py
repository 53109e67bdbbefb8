"""Schedules: a seed gives a list of steps, and the steps alone give the run. So a step can be taken out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tests.schedules.faults import FAULTS

#: points of `engine.live.crash_points` that a schedule passes
POINTS: Final = (
    "intent.before_commit", "intent.after_commit", "sent.before_commit", "sent.after_commit", "send.before_first_byte",
    "send.after_answer", "receipt.before_commit", "receipt.inside_commit", "receipt.after_commit", "alert.before",
    "settlement.between_rows", "reconcile.before_read", "reconcile.before_commit", "reconcile.after_commit",
    "lease.before_take", "lease.after_take", "lease.renew",
)  # fmt: skip
PROFILES: Final = ("short", "look_up", "short_resend", "look_up_resend", "lists")
#: faults of the lists, which are met by look-ups and not by sends
_OF_READS: Final = tuple(fault for fault in FAULTS.values() if fault.on in ("look_up", "bets"))
_OF_SENDS: Final = tuple(fault for fault in FAULTS.values() if fault.on in ("place", "") and fault.id != "F35")
#: a request that wanders about for longer than a venue knows references makes a second bet if it is sent again, and
#: proves an absence wrong where the proof takes less time: only the profile with the long wait and no resend allows it
_SHORT_ONLY: Final = frozenset({"request_arrives_late"})
#: what a venue without references cannot do
_WITH_REFERENCES: Final = frozenset({"key_of_a_stranger", "duplicate_although_taken"})
_ENDS: Final = frozenset({"key_of_a_stranger", "ids_reused"})  # the runner stops, as it should


class Step(NamedTuple):
    """One thing that happens.

    Attributes
    ----------
    kind : str
        A method of `tests.schedules.world.World`, without its underscore.
    values : tuple
        Its arguments.
    """

    kind: str
    values: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.values))})"


class Schedule(NamedTuple):
    """A seed, the venue's profile, and what happens.

    Attributes
    ----------
    seed : int
    profile : str
    steps : tuple of Step
    """

    seed: int
    profile: str
    steps: tuple[Step, ...]


def draw(seed: int, profiles: Sequence[str] = PROFILES, decisions: tuple[int, int] = (5, 9)) -> Schedule:
    """The schedule of a seed, of a venue with these profiles, with so many decisions (fewest and most)."""
    rng = random.Random(seed)
    profile = profiles[seed % len(profiles)]
    steps: list[Step] = []
    numbers = 0
    for _ in range(rng.randint(*decisions)):
        steps += [_trouble(rng, profile) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
        legs = rng.choice((1, 1, 1, 1, 3))
        steps.append(_bet(rng, numbers, legs))
        numbers += legs
        steps += [_after(rng, numbers) for _ in range(rng.choice((0, 1, 1, 2)))]
    return Schedule(seed, profile, tuple(steps))


def _bet(rng: random.Random, first: int, legs: int) -> Step:
    side, odds = rng.choice(("back", "back", "lay")), rng.choice((1.5, 2.0, 3.0, 6.0))
    return Step("bet", (first, legs, side, odds, rng.choice((200, 500, 1000)), rng.choice((20, 60, 120, 600))))


def _trouble(rng: random.Random, profile: str) -> Step:
    """Something that waits for the next bet or look-up."""
    kind = rng.choices(
        ("fault", "read_fault", "crash", "rival", "disk", "kill_at", "jump", "jump_at", "cancel_at", "proof_at"),
        (20, 8, 8, 4, 4, 2, 2, 2, 1, 1),
    )[0]
    if kind == "fault":
        fault = rng.choice(_OF_SENDS)
        if fault.name in _ENDS and rng.random() < 0.7:
            fault = rng.choice(_OF_SENDS[:30])
        if fault.name in _SHORT_ONLY and profile != "short":
            fault = FAULTS["timeout_after"]
        if fault.name in _WITH_REFERENCES and profile == "lists":
            fault = FAULTS["timeout_after"]
        times = rng.choice((1, 1, 1, 2, 4))
        return Step("fault", (fault.name, 4 if fault.name.startswith("lying_429") else times, 0))
    if kind == "read_fault":
        return Step("fault", (rng.choice(_OF_READS).name, rng.choice((1, 3, 10, 1000)), rng.choice((60, 600, 3600))))
    if kind == "crash":
        return Step("crash", (rng.choice(POINTS), rng.choice((1, 1, 2)), rng.random() < 0.3))
    if kind == "rival":
        return Step("rival", (rng.choice(("sent.before_commit", "sent.after_commit", "begin")), rng.random() < 0.5))
    if kind == "disk":
        return Step("disk", (rng.choice(("begin", "commit", "lost_before", "lost_after")), rng.randint(1, 6)))
    if kind == "kill_at":
        return Step("kill_at", (rng.choice(POINTS[:9]),))
    if kind == "cancel_at":
        point = rng.choice(("send.after_answer", "receipt.before_commit"))
        return Step(kind, (point, rng.choice(("partial_for_ever", "pending_for_ever", "partial_unheard"))))
    if kind == "proof_at":
        return Step(kind, (rng.random() < 0.3,))
    if kind == "jump_at":
        return Step("jump_at", ("send.after_answer", rng.choice((-3600, 3600))))
    return Step("jump", (rng.choice((-3600, -3, 3, 3600)),))


def _after(rng: random.Random, numbers: int) -> Step:
    """Something that happens by itself."""
    kind = rng.choices(
        ("wait", "settle", "correct", "void", "postpone", "die", "stop", "kill", "resume", "heal", "redecide"),
        (10, 6, 8, 5, 1, 2, 1, 1, 2, 2, 3),
    )[0]
    number = rng.randrange(numbers)
    if kind == "wait":
        return Step("wait", (rng.choice((2, 7, 15, 45, 70, 200, 1900)),))
    if kind in ("settle", "correct"):
        return Step(kind, (number, rng.random() < 0.5, rng.choice((-1, 0, 0, 0, 1))))
    if kind in ("void", "postpone", "redecide"):
        return Step(kind, (number,))
    return Step(kind, (rng.random() < 0.5,) if kind == "die" else ())
