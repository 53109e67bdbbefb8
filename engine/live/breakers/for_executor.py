"""Breakers as the executor asks them (`engine.live.execution.guards`), at one venue and with prices of one source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.live.breakers.collection import Breakers
from engine.live.breakers.contract import Wanted
from engine.live.ledger.entries import Entry
from engine.live.venue import Order


class VenueGuards:
    """Guards of one executor.

    Parameters
    ----------
    breakers : Breakers
    venue : str
        Name of the venue's profile.
    source : str
        Name of the feed.
    """

    def __init__(self, breakers: Breakers, venue: str, source: str = "") -> None:
        self._breakers, self._venue, self._source = breakers, venue, source

    def reason(self, order: Order, facts: Mapping[str, Any], at_ns: int) -> str:
        """Why this bet may not be made or sent now, one word; empty: it may.

        The age of the quote is that of ``quote_known_at_ns`` in `facts`; without it, of the decision.
        """
        known = int(facts.get("quote_known_at_ns", order.decided_at_ns))
        what = (order.event_id, order.market, order.line, order.selection, order.bookmaker, order.side, order.odds)
        return self._breakers.reason(Wanted(at_ns, *what, known, self._venue, self._source, order.key))

    def wait_ns(self, count: int = 1) -> int:
        """How long the next `count` orders must wait; 0: they may go now."""
        return self._breakers.wait_ns(count)

    def heard(self, cause: str) -> None:
        """The venue was asked: an empty cause is a definite answer, a refusal included; any other is a failure."""
        service = self._breakers.service("venue", self._venue)
        if cause:
            service.failed(cause)
        else:
            service.answered()

    def trip(self, breaker: str, cause: str, at_ns: int) -> Entry:
        """The entry that trips a breaker which only a person resumes. Nothing has changed until it is written."""
        return self._breakers.trip(breaker, cause, at_ns)
