"""What stands between a decision and its send: reasons not to, a wait, and what happens when a venue fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.live.bets.book import Book
from engine.live.bets.postings import tripped
from engine.live.ledger.entries import Entry
from engine.live.venue import Order


class Guards(Protocol):
    """Breakers, kill switch and limits, as the executor asks them."""

    def reason(self, order: Order, facts: Mapping[str, Any], at_ns: int) -> str:
        """Why this bet may not be sent now, one word; empty: it may. Asked before the intent and before each send."""
        ...

    def wait_ns(self, count: int = 1) -> int:
        """How long the next `count` orders must wait; 0: they may go now."""
        ...

    def heard(self, cause: str) -> None:
        """The venue was asked: an empty cause is a definite answer, a refusal included; any other is a failure."""
        ...

    def trip(self, breaker: str, cause: str, at_ns: int) -> Entry:
        """The entry that trips a breaker which only a person resumes. Nothing has changed until it is written."""
        ...


class OpenGuards:
    """Guards that allow everything. Trips are entries all the same.

    Parameters
    ----------
    book : Book
        Counts the trips.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def reason(self, order: Order, facts: Mapping[str, Any], at_ns: int) -> str:
        """As `Guards.reason`: never one."""
        return ""

    def wait_ns(self, count: int = 1) -> int:
        """As `Guards.wait_ns`: 0."""
        return 0

    def heard(self, cause: str) -> None:
        """As `Guards.heard`: nothing follows."""

    def trip(self, breaker: str, cause: str, at_ns: int) -> Entry:
        """As `Guards.trip`."""
        return tripped(breaker, self._book.trips.get(breaker, 0) + 1, cause, at_ns)
