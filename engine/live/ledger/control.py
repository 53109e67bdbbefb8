"""Rows that other processes append: the kill switch, resuming, acknowledging. The runner takes them into the ledger."""

from __future__ import annotations

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
