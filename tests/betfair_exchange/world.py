"""The world of schedules whose runner bets at Betfair, over HTTPS."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from engine.live.adapters.betfair.venue import PROFILE
from engine.live.venue import Profile, Venue
from tests.betfair_exchange.exchange import REMEMBERED_NS, Exchange
from tests.betfair_exchange.line import Line, venue_of
from tests.schedules.steps import Schedule
from tests.wire_server.line import TIMEOUT_S
from tests.wire_server.world import WireWorld


class BetfairWorld(WireWorld):
    """As `WireWorld`."""

    profiles: ClassVar[dict[str, Profile]] = {"short": PROFILE, "short_resend": replace(PROFILE, resend=True)}

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.service = Exchange(self.truth.desk, self.order_of)
        self.service.page_rows = 2
        self.line = Line(self.service, self.clock, TIMEOUT_S)

    @property
    def window_ns(self) -> int:
        """As `World.window_ns`."""
        return REMEMBERED_NS

    def venue(self) -> Venue:
        """As `World.venue`."""
        return venue_of(self.line, profile=self.profile)
