"""The seam between the rules of a ledger and the database that keeps it.

Above it are the chain, the lease, the kill switch and the keys (`engine.live.ledger.chained`); below it SQLite,
PostgreSQL or memory. A store knows transactions that exclude each other, and nothing of what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from engine.errors import LedgerFailure
from engine.live.clock import Clock
from engine.live.ledger.control import Control
from engine.live.ledger.entries import FIRST_PREVIOUS, Recorded
from engine.live.ledger.settings import MS_NS, LedgerSettings

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class State:
    """The one row that changes: the lease, and the head of the chain.

    Attributes
    ----------
    holder : str
        Who holds the lease; empty: nobody.
    epoch : int
        One more for each holder.
    beat : int
        One more for each renewal.
    exclusive : bool
        Whether the holder also has the lock of the file, which the system frees when its process ends.
    ttl_ns : int
        How long the lease holds after a renewal.
    wall_ns : int
        Of the last renewal, UTC nanoseconds: for people; nothing is decided by it.
    number, hash : int, str
        Of the last entry.
    """

    holder: str = ""
    epoch: int = 0
    beat: int = 0
    exclusive: bool = False
    ttl_ns: int = 0
    wall_ns: int = 0
    number: int = 0
    hash: str = FIRST_PREVIOUS


class Unfinished(Exception):
    """A transaction did not come about, or nobody knows whether it did. Asking again is safe. `cause`: a few words."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


def insist(act: Callable[[], _Result], clock: Clock, settings: LedgerSettings, where: str) -> _Result:
    """Do what is safe to repeat until it is finished.

    Raises
    ------
    LedgerFailure
        It is still `Unfinished` after the last attempt.
    """
    wait_ns = settings.retry_wait_ms * MS_NS
    for _ in range(settings.retries):
        try:
            return act()
        except Unfinished:
            clock.sleep_ns(wait_ns)
            wait_ns *= 2
    try:
        return act()
    except Unfinished as error:
        todo = "this process ends; its next start recovers"
        found = f"{error.cause}, {settings.retries + 1} attempts"
        raise LedgerFailure("the ledger cannot be reached", where=where, found=found, todo=todo) from error


class Transaction(Protocol):
    """One transaction: no other is between its reads and its writes."""

    def state(self) -> State:
        """The row of the lease and the head."""
        ...

    def put_state(self, state: State) -> None:
        """Replace it."""
        ...

    def find(self, keys: Sequence[str], venue_bets: Sequence[str]) -> Sequence[Recorded]:
        """Entries with one of these keys or venue bets."""
        ...

    def insert(self, rows: Sequence[Recorded]) -> None:
        """Add entries."""
        ...

    def fact(self, name: str) -> str:
        """A fact of the database; empty if it has none of this name."""
        ...

    def put_fact(self, name: str, value: str) -> None:
        """Change a fact, or add it."""
        ...

    def killed(self) -> bool:
        """Whether the last `kill`, or `resume` without a subject, of the control rows is a kill."""
        ...

    def last_control(self) -> tuple[Control, str] | None:
        """The control row with the highest number, and its hash."""
        ...

    def add_control(self, control: Control, digest: str) -> None:
        """Add a control row with its hash."""
        ...


class Store(Protocol):
    """Where the rows are. After a failure of the disk it refuses everything."""

    @property
    def where(self) -> str:
        """The file or database, for messages."""
        ...

    @property
    def last_commit_ns(self) -> int:
        """Duration of the last commit."""
        ...

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commit at the end of the block, flushed to the disk; take everything back if it raises.

        Raises
        ------
        Unfinished
            Ask again: serialization failure, connection lost.
        LedgerFailure
            Disk full, locked beyond the time-out, input/output error.
        """
        ...

    def alone(self) -> bool:
        """Take, or keep, the lock that ends with the process. False if another process has it, or there is none."""
        ...

    def holder_ended(self) -> bool:
        """Whether no process has that lock any more. False where there is none, so that nobody can tell."""
        ...

    def entries(self, after: int) -> Iterator[Recorded]:
        """Entries with a number above `after`, in their order."""
        ...

    def controls(self, after: int) -> Sequence[Control]:
        """Control rows with a number above `after`, in their order."""
        ...

    def state(self) -> State:
        """The row of the lease and the head, outside a transaction."""
        ...

    def fact(self, name: str) -> str:
        """A fact of the database, outside a transaction; empty if it has none of this name."""
        ...

    def tidy(self) -> None:
        """Work between transactions, such as copying the write-ahead log into the file."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...
