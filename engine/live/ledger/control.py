"""Rows that other processes append: the kill switch, resuming, acknowledging. The runner takes them into the ledger."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """What a person asks of the runner."""

    KILL = "kill"
    RESUME = "resume"
    ACKNOWLEDGE = "acknowledge"
    STOP = "stop"


@dataclass(frozen=True)
class Control:
    """One row.

    Attributes
    ----------
    number : int
        1, 2, 3, ...
    wall_ns : int
        When it was appended, UTC nanoseconds.
    command : Command
    subject : str
        What it concerns: the name of a breaker, the key of a bet; empty: everything.
    person, reason : str
        Who asks, and why.
    """

    number: int
    wall_ns: int
    command: Command
    subject: str
    person: str
    reason: str


def control_hash(previous: str, control: Control) -> str:
    """SHA-256 over a control row and the hash of the one before, 64 hexadecimal digits; the first follows 64 zeros."""
    fields = [previous, control.number, control.wall_ns, control.command, control.subject, control.person]
    return hashlib.sha256(json.dumps([*fields, control.reason]).encode("ascii")).hexdigest()


def sets_the_switch(control: Control) -> bool | None:
    """What a row does to the kill switch: True sets it, False frees it (`resume` without a subject), None neither."""
    if control.command is Command.KILL:
        return True
    return False if control.command is Command.RESUME and not control.subject else None
