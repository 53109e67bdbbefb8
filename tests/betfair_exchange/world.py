"""The world of schedules whose runner bets at Betfair, over HTTPS."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from engine.live.adapters.betfair.venue import PROFILE
from engine.live.execution.settings import ExecutionSettings
from engine.live.venue import Order, Profile, Venue
from tests.betfair_exchange.exchange import REMEMBERED_NS, Exchange
from tests.betfair_exchange.line import TIMEOUT_S, Line, venue_of
from tests.schedules.steps import Schedule
from tests.schedules.world import World


class BetfairWorld(World):
    """As `World`; requests go over HTTPS on the loopback, and a time-out there takes its time on the virtual clock."""

    profiles: ClassVar[dict[str, Profile]] = {"short": PROFILE, "short_resend": replace(PROFILE, resend=True)}
    execution: ClassVar[ExecutionSettings] = ExecutionSettings(list_every_s=3_600, look_up_every_s=60)
    decisions: ClassVar[tuple[int, int]] = (1, 3)

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.exchange = Exchange(self.truth.desk, self._known)
        self.exchange.page_rows = 2
        self.line = Line(self.exchange, self.clock, TIMEOUT_S)

    @property
    def window_ns(self) -> int:
        """As `World.window_ns`."""
        return REMEMBERED_NS

    def venue(self) -> Venue:
        """As `World.venue`."""
        return venue_of(self.line, profile=self.profile)

    def run(self) -> None:
        """As `World.run`; an error of the fake exchange itself is none of the runner."""
        super().run()
        if self.exchange.broken is not None:
            raise AssertionError("the fake exchange is broken") from self.exchange.broken

    def _known(self, key: str) -> Order | None:
        return next((order for order in self.orders.values() if order.key == key), None)
