"""The contract of the ledger: the only state of a runner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import Entry, Recorded


class Ledger(Protocol):
    """Append-only entries under a lease. One writing connection; every `append` is one transaction."""

    epoch: int

    def append(self, entries: Sequence[Entry], *, sending: bool = False) -> Sequence[Recorded]:
        """Write entries, all or none, and flush them to the disk.

        In the same transaction the lease is checked, and for `sending` the kill switch: a kill that was committed
        before keeps the entries out. Entries whose keys are all there already with the same content are returned as
        they stand; so a caller that does not know how its commit ended may ask again.

        Raises
        ------
        Fenced
            Another runner has taken the lease, or it has run out. The process must end.
        Killed
            `sending`, and the kill switch is set.
        KeyConflict
            A key or a venue bet id is there with other content.
        LedgerFailure
            Disk full, locked beyond the time-out, connection lost, error of fsync. The process must end; start-up is
            recovery.
        """
        ...

    def entries(self, after: int = 0) -> Iterator[Recorded]:
        """Entries with a number above `after`, in their order."""
        ...

    def controls(self, after: int = 0) -> Sequence[Control]:
        """Control rows with a number above `after`."""
        ...

    def control(self, command: Command, *, subject: str = "", person: str, reason: str) -> Control:
        """Append a control row; any process may, without the lease."""
        ...

    def renew(self, pulse: str = "") -> None:
        """Renew the lease; raises `Fenced` if it is lost. `pulse`: what the runner says of itself, kept beside it."""
        ...

    def lease_left_ns(self) -> int:
        """What is left of the lease on the monotonic clock; a send starts only if it outlives the send's time-out."""
        ...

    def close(self) -> None:
        """Release the lease and the connection."""
        ...
