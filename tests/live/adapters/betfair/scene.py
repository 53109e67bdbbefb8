"""One account at the fake exchange, with the adapter in front of it."""

from __future__ import annotations

from typing import Any

from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.venue import BetfairVenue
from engine.live.clock import WorldClock
from engine.live.venue import NotTaken, Order, Receipt, Unanswered, VenueFailure
from tests.betfair_exchange.exchange import Exchange
from tests.betfair_exchange.line import SETTINGS, Line, venue_of
from tests.live.venues.orders import BANKROLL, order
from tests.venue_server.desk import Desk
from tests.venue_server.faults import FAULTS

__all__ = ["Scene", "order"]


class Scene:
    """The exchange, the line to it and the venue, over HTTPS. Each has a clock that stands still."""

    def __init__(self, settings: BetfairSettings = SETTINGS, **of_venue: Any) -> None:
        self.desk, self.clock = Desk(":memory:", lambda: self.clock.wall_ns()), WorldClock()
        self.desk.venue.deposit("capital:1", BANKROLL)
        self.exchange = Exchange(self.desk)
        self.line = Line(self.exchange, self.clock)
        self.venue: BetfairVenue = venue_of(self.line, settings=settings, **of_venue)

    def inject(self, name: str, times: int = 1) -> None:
        """Let a fault meet the next requests."""
        self.desk.inject(FAULTS[name], times)
        self.line.silent = "timeout" in name

    def place(self, *orders: Order) -> list[Receipt | VenueFailure]:
        """What the venue says of each order."""
        try:
            return list(self.venue.place(orders))
        except (NotTaken, Unanswered) as failure:
            return [failure for _ in orders]

    def receipt(self, wanted: Order) -> Receipt:
        """The receipt of an order that has one."""
        (answer,) = self.place(wanted)
        assert isinstance(answer, Receipt), answer
        return answer

    def shown(self, wanted: Order) -> Receipt:
        """What a look-up says of a bet that is there."""
        (receipt,) = self.venue.look_up([wanted.key]).receipts
        return receipt

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Parameters of the calls of a method, in their order."""
        return [call["params"] for call in self.exchange.calls if call["method"].endswith(f"/{method}")]
