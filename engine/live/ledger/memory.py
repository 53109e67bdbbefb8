"""A store in memory, for simulations and replays that leave nothing behind. Faults can be put into it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.errors import LedgerFailure
from engine.live.ledger.control import Control, sets_the_switch
from engine.live.ledger.entries import Recorded
from engine.live.ledger.store import State

#: called with ``begin``, ``commit`` (nothing is durable yet) and ``committed`` (everything is). What it raises goes to
#: the caller: `LedgerFailure` for a failing disk, `Unfinished` for a connection lost before or after the commit
Faults = Callable[[str], None]


def no_faults(step: str) -> None:
    """A store that never fails."""


@dataclass
class MemoryDisk:
    """What outlives a process: the rows, and which process has the lock.

    Attributes
    ----------
    rows, by_key, by_bet, controls, state, facts
        As in the tables of a database.
    owner : object or None
        The store that has the lock; set it to None when its process dies.
    synced : int
        Number of rows that survive a loss of power.
    """

    rows: list[Recorded] = field(default_factory=list)
    by_key: dict[str, Recorded] = field(default_factory=dict)
    by_bet: dict[str, Recorded] = field(default_factory=dict)
    controls: list[tuple[Control, str]] = field(default_factory=list)
    state: State = field(default_factory=State)
    facts: dict[str, str] = field(default_factory=dict)
    owner: object | None = None
    synced: int = 0

    def lose_power(self) -> None:
        """Drop what was not flushed."""
        for row in self.rows[self.synced :]:
            del self.by_key[row.entry.key]
            if row.entry.venue_bet is not None:
                del self.by_bet[row.entry.venue_bet]
        del self.rows[self.synced :]
        last = self.rows[-1] if self.rows else None
        number, digest = (last.number, last.hash) if last is not None else (State().number, State().hash)
        self.state = replace(self.state, number=number, hash=digest)
        self.owner = None


class MemoryTransaction:
    """As `engine.live.ledger.store.Transaction`; nothing is on the disk before `commit`."""

    def __init__(self, disk: MemoryDisk) -> None:
        self._disk = disk
        self._rows: list[Recorded] = []
        self._controls: list[tuple[Control, str]] = []
        self._state: State | None = None

    def state(self) -> State:
        """As in the protocol."""
        return self._state or self._disk.state

    def put_state(self, state: State) -> None:
        """As in the protocol."""
        self._state = state

    def find(self, keys: Sequence[str], venue_bets: Sequence[str]) -> Sequence[Recorded]:
        """As in the protocol; an entry may come twice."""
        by_key, by_bet = self._disk.by_key, self._disk.by_bet
        return [by_key[key] for key in keys if key in by_key] + [by_bet[bet] for bet in venue_bets if bet in by_bet]

    def insert(self, rows: Sequence[Recorded]) -> None:
        """As in the protocol."""
        self._rows += rows

    def fact(self, name: str) -> str:
        """As in the protocol."""
        return self._disk.facts.get(name, "")

    def put_fact(self, name: str, value: str) -> None:
        """As in the protocol, at once."""
        self._disk.facts[name] = value

    def killed(self) -> bool:
        """As in the protocol."""
        said = (sets_the_switch(control) for control, _ in reversed(self._disk.controls))
        return next((word for word in said if word is not None), False)

    def last_control(self) -> tuple[Control, str] | None:
        """As in the protocol."""
        return self._disk.controls[-1] if self._disk.controls else None

    def add_control(self, control: Control, digest: str) -> None:
        """As in the protocol."""
        self._controls.append((control, digest))

    def commit(self, *, flush: bool) -> None:
        """Put everything on the disk."""
        disk = self._disk
        disk.rows += self._rows
        disk.controls += self._controls
        for row in self._rows:
            disk.by_key[row.entry.key] = row
            if row.entry.venue_bet is not None:
                disk.by_bet[row.entry.venue_bet] = row
        disk.state = self._state or disk.state
        if flush:
            disk.synced = len(disk.rows)


class MemoryStore:
    """As `engine.live.ledger.store.Store`. One for each process; the disk is common to all.

    Parameters
    ----------
    disk : MemoryDisk
    faults : Faults
    flush : bool
        False plants the mistake of commits that are not flushed.
    """

    where = "memory"
    last_commit_ns = 0

    def __init__(self, disk: MemoryDisk, faults: Faults = no_faults, *, flush: bool = True) -> None:
        self._disk, self._faults, self._flush = disk, faults, flush
        self._failed = False

    @contextlib.contextmanager
    def transaction(self) -> Iterator[MemoryTransaction]:
        """As in the protocol."""
        if self._failed:
            raise LedgerFailure("the ledger failed before", where=self.where)
        try:
            self._faults("begin")
            transaction = MemoryTransaction(self._disk)
            yield transaction
            self._faults("commit")
            transaction.commit(flush=self._flush)
            self._faults("committed")
        except LedgerFailure:
            self._failed = True
            raise

    def alone(self) -> bool:
        """As in the protocol."""
        if self._disk.owner is None:
            self._disk.owner = self
        return self._disk.owner is self

    def holder_ended(self) -> bool:
        """As in the protocol."""
        return self._disk.owner is None

    def entries(self, after: int) -> Iterator[Recorded]:
        """As in the protocol."""
        yield from self._disk.rows[after:]

    def controls(self, after: int) -> Sequence[Control]:
        """As in the protocol."""
        return [control for control, _ in self._disk.controls[after:]]

    def state(self) -> State:
        """As in the protocol."""
        return self._disk.state

    def fact(self, name: str) -> str:
        """As in the protocol."""
        return self._disk.facts.get(name, "")

    def tidy(self) -> None:
        """As in the protocol."""

    def close(self) -> None:
        """As in the protocol."""
        if self._disk.owner is self:
            self._disk.owner = None
