"""The world of schedules whose runner bets at Pinnacle, over HTTPS."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from engine.live.adapters.pinnacle.venue import PROFILE
from engine.live.venue import Profile, Venue
from tests.pinnacle_server.line import Line, venue_of
from tests.pinnacle_server.service import REMEMBERED_NS, Service
from tests.schedules.steps import Schedule
from tests.wire_server.line import TIMEOUT_S
from tests.wire_server.world import WireWorld


class PinnacleWorld(WireWorld):
    """As `WireWorld`."""

    profiles: ClassVar[dict[str, Profile]] = {"look_up": PROFILE, "look_up_resend": replace(PROFILE, resend=True)}

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self.service = Service(self.truth.desk, self.order_of)
        self.service.page_rows, self.service.offered, self.service.events = 2, 1_000.0, list(range(1, 40))
        self.line = Line(self.service, self.clock, TIMEOUT_S)

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
