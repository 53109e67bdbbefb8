"""The world of schedules whose runner bets at Pinnacle, over HTTPS."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from engine.live.adapters.pinnacle.venue import PROFILE
from engine.live.execution.settings import ExecutionSettings
from engine.live.venue import Order, Profile, Venue
from tests.pinnacle_server.line import TIMEOUT_S, Line, venue_of
from tests.pinnacle_server.service import REMEMBERED_NS, Service
from tests.schedules.steps import Schedule
from tests.schedules.world import World


class PinnacleWorld(World):
    """As `World`; requests go over HTTPS on the loopback, and a time-out there takes its time on the virtual clock."""

    profiles: ClassVar[dict[str, Profile]] = {"look_up": PROFILE, "look_up_resend": replace(PROFILE, resend=True)}
    execution: ClassVar[ExecutionSettings] = ExecutionSettings(list_every_s=3_600, look_up_every_s=60)
    decisions: ClassVar[tuple[int, int]] = (1, 3)

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.exchange = Service(self.truth.desk, self._known)
        self.exchange.page_rows, self.exchange.offered, self.exchange.events = 2, 1_000.0, list(range(1, 40))
        self.line = Line(self.exchange, self.clock, TIMEOUT_S)

    @property
    def window_ns(self) -> int:
        """As `World.window_ns`."""
        return REMEMBERED_NS

    def venue(self) -> Venue:
        """As `World.venue`."""
        return venue_of(self.line, profile=self.profile)

    def _fault(self, name: str, times: int, seconds: int) -> None:
        """As `World._fault`; a bet at Pinnacle is taken as a whole or not at all, so nothing of it is left to lapse."""
        if "part" not in name.split("_") and not name.startswith(("partial", "lying_lapse")):
            super()._fault(name, times, seconds)

    def run(self) -> None:
        """As `World.run`; an error of the fake service itself is none of the runner."""
        super().run()
        if self.exchange.broken is not None:
            raise AssertionError("the fake service is broken") from self.exchange.broken

    def _known(self, key: str) -> Order | None:
        return next((order for order in self.orders.values() if order.key == key), None)
