"""How far a runner has come: which instants are done with, and which control rows were obeyed; a fold over entries."""

from __future__ import annotations

from engine.live.ledger.entries import Kind, Recorded

_NEVER = -(2**63)


class Progress:
    """An observer of the journal.

    Attributes
    ----------
    decided_ns, rolled_ns : int
        Instant of the last decisions on record, and of the last roll of the day.
    control : int
        Highest number of a control row that was obeyed.
    started : int
        Number of starts on record.
    heard_the_world : bool
        Whether one of them was on a live feed.
    """

    def __init__(self) -> None:
        self.decided_ns = self.rolled_ns = _NEVER
        self.control = self.started = 0
        self.heard_the_world = False

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry."""
        entry = recorded.entry
        if entry.kind is Kind.DECIDED:
            self.decided_ns = entry.at_ns
        elif entry.kind is Kind.ROLLED:
            self.rolled_ns = entry.at_ns
        elif entry.kind is Kind.STARTED:
            self.started += 1
            self.heard_the_world |= entry.body.get("is_live") is True
        elif entry.kind in (Kind.KILLED, Kind.ACKNOWLEDGED):
            self.control = max(self.control, int(entry.body.get("control", 0)))
