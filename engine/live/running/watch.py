"""A ledger that is looked at again and again, without its lease: what its runner does, whether it lives or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from engine.live.clock import Clock
from engine.live.ledger.control import Control, sets_the_switch
from engine.live.ledger.entries import Recorded
from engine.live.ledger.opening import database_url, ledger_path, look
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.store import State
from engine.live.running.fold import StatusFold
from engine.live.running.progress import Progress
from engine.live.running.pulse import Pulse, pulse_of, with_pulse
from engine.live.running.status import Status


class Observer(Protocol):
    """Folds entries."""

    def apply(self, recorded: Recorded) -> None:
        """Take in the next entry."""
        ...


class Watch:
    """Reads a ledger, and never writes.

    Parameters
    ----------
    name : str
    settings : LedgerSettings
    clock : Clock
        Of the machine.
    observers : sequence of Observer
        Told each entry once, in order.

    Attributes
    ----------
    number : int
        Of the last entry that was read.
    pulse : Pulse
    unread : tuple of Control
        Rows of control that no runner has taken in yet.

    Raises
    ------
    LedgerError
        There is no such ledger, or its schema has another version.
    LedgerFailure
        The database failed.
    """

    def __init__(self, name: str, settings: LedgerSettings, clock: Clock, observers: Sequence[Observer] = ()) -> None:
        self.name, self.number, self.pulse = name, 0, Pulse()
        self.unread: tuple[Control, ...] = ()
        self._clock, self._ledger = clock, look(name, settings=settings, clock=clock, read_only=True)
        self._fold, self._progress, self._lease = StatusFold(), Progress(), State()
        self._observers: tuple[Observer, ...] = (self._fold, self._progress, *observers)
        self._file = None if database_url(settings) else ledger_path(name)
        self._inode = self._file_inode()

    def refresh(self) -> bool:
        """Read what is new; whether anything is. Errors as of the constructor, and for a damaged entry."""
        lease, before = self._ledger.state(), (self.number, self.pulse.wall_ns, self.unread)
        if lease.number != self.number:
            for recorded in self._ledger.entries(self.number):
                for observer in self._observers:
                    observer.apply(recorded)
                self.number = recorded.number
        self.unread = tuple(self._ledger.controls(self._progress.control))
        if lease.beat != self._lease.beat or not self.pulse.wall_ns:
            self.pulse = pulse_of(self._ledger.pulse())
        changed = lease != self._lease or before != (self.number, self.pulse.wall_ns, self.unread)
        self._lease = lease
        return changed

    def is_another(self) -> bool:
        """Whether the ledger of this name is not the one that was opened: it was restored, or begun anew."""
        return self._lease.number < self.number or self._file_inode() != self._inode

    def status(self, acknowledged: tuple[str, ...] = ()) -> Status:
        """What its runner does now, or did last, as of the last `refresh`.

        Parameters
        ----------
        acknowledged : tuple of str
            Gates of the promotion that a person acknowledged.
        """
        found, lease = self._fold.status(self.name, acknowledged=acknowledged), self._lease
        said = [switch for control in self.unread if (switch := sets_the_switch(control)) is not None]
        if said and said[-1]:  # it holds before a runner has read it
            found = replace(found, killed=True)
        if found.entries and not found.feed:
            return replace(found, runner="never")
        if found.runner == "running" and self.has_lapsed():
            found = replace(found, runner="dead", since_ns=lease.wall_ns)
        return with_pulse(found, self.pulse)

    def has_lapsed(self) -> bool:
        """Whether nobody holds the lease: it was given back, not renewed in time, or its process has ended."""
        late = self._clock.wall_ns() - self._lease.wall_ns > self._lease.ttl_ns
        return not self._lease.holder or late or self._ledger.holder_ended()

    def close(self) -> None:
        """Close the connection."""
        self._ledger.close()

    def _file_inode(self) -> int:
        try:
            return 0 if self._file is None else self._file.stat().st_ino
        except OSError:
            return -1
