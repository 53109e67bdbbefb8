"""The named places at which a process may die, and the probe that tests put there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: called with the name of a crash point each time the runner passes it
Probe = Callable[[str], None]

#: every name that is passed to a probe; a test holds this list and the calls together
CRASH_POINTS: Final[tuple[str, ...]] = (
    "intent.before_commit",
    "intent.after_commit",
    "sent.before_commit",
    "sent.after_commit",
    "send.before_first_byte",
    "send.after_answer",
    "receipt.before_commit",
    "receipt.inside_commit",
    "receipt.after_commit",
    "alert.before",
    "settlement.before_commit",
    "settlement.between_rows",
    "settlement.after_commit",
    "reconcile.before_read",
    "reconcile.before_commit",
    "reconcile.after_commit",
    "lease.before_take",
    "lease.after_take",
    "lease.renew",
    "kill.before_commit",
    "kill.after_commit",
    "day.before_roll",
    "day.after_roll",
    "decisions.before_commit",
    "decisions.after_commit",
    "migration.between_steps",
)


def crash_points() -> tuple[str, ...]:
    """Names of all crash points."""
    return CRASH_POINTS


def no_probe(name: str) -> None:
    """The probe of everyday use: nothing happens."""
