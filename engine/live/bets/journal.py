"""The journal: the ledger, and everything in memory that follows from its entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from engine.live.bets.book import Book
from engine.live.ledger.entries import Entry, Recorded
from engine.live.ledger.ledger import Ledger


class Observer(Protocol):
    """Something that is a fold over entries: the book, the account, breakers, the view."""

    def apply(self, recorded: Recorded) -> None:
        """Take the next entry; each one exactly once, in the order of its number."""
        ...


class Journal:
    """One way to write: checked by the book, committed by the ledger, then told to every observer.

    Any `engine.errors.LedgerError` that comes out of `write` or `load` ends the process: memory may be behind the
    ledger then, and the next start folds everything anew.

    Parameters
    ----------
    ledger : Ledger
    observers : sequence of Observer
        Told after the book, in this order.
    """

    def __init__(self, ledger: Ledger, observers: Sequence[Observer] = ()) -> None:
        self.ledger, self.book = ledger, Book()
        self._observers: list[Observer] = [self.book, *observers]

    @property
    def epoch(self) -> int:
        """Of the lease under which this process writes."""
        return self.ledger.epoch

    def observe(self, observer: Observer) -> None:
        """Add an observer; it is given no entry from before, so this is done before `load`."""
        self._observers.append(observer)

    def load(self) -> int:
        """Fold the entries that are not folded yet; how many there were.

        Raises
        ------
        LedgerError
            An entry is missing or impossible.
        """
        count = 0
        for recorded in self.ledger.entries(self.book.last_number):
            self._tell(recorded)
            count += 1
        return count

    def write(self, entries: Sequence[Entry], *, sending: bool = False) -> Sequence[Recorded]:
        """Write entries in one transaction, and tell the observers.

        Entries that are in the ledger already with the same content are returned as they stand and not told again.

        Parameters
        ----------
        entries : sequence of Entry
        sending : bool
            A request follows: the kill switch is read in the same transaction.

        Raises
        ------
        LedgerError
            The book refuses an entry, or the ledger does (`engine.live.ledger.ledger.Ledger.append`).
        """
        self.book.check(entries)
        written = self.ledger.append(entries, sending=sending)
        for recorded in written:
            if recorded.number > self.book.last_number:
                self._tell(recorded)
        return written

    def _tell(self, recorded: Recorded) -> None:
        for observer in self._observers:
            observer.apply(recorded)
