"""A runner's executor, the venue with faults, and the line between them."""

from __future__ import annotations

from engine.clock import SECOND_NS
from engine.live.bets.bet import Bet
from engine.live.venue import Profile
from tests.live.execution.world import World, order
from tests.venue_server.client import WireVenue
from tests.venue_server.desk import FOR_EVER, Desk
from tests.venue_server.direct import Direct
from tests.venue_server.faults import FAULTS
from tests.venue_server.profiles import LISTS, LOOK_UP

FREE = 100_000


class Line(World):
    """One runner's executor over the venue with faults; the same virtual clock on both sides."""

    def __init__(self, profile: Profile = LOOK_UP) -> None:
        self.profile = profile
        super().__init__()

    def start(self) -> None:
        """A new process; the venue goes on."""
        if not hasattr(self, "desk"):
            self.desk = Desk(":memory:", self.clock.wall_ns, with_references=self.profile is not LISTS)
            self.desk.venue.deposit("capital:1", FREE)
        wire = WireVenue(Direct(self.desk, self.clock.sleep_ns), self.profile, self.clock.wall_ns)
        self.venue = wire  # type: ignore[assignment]
        super().start()

    def inject(self, name: str, times: int = 1, seconds: float | None = None) -> None:
        """Let a fault meet the next requests."""
        until = FOR_EVER if seconds is None else self.clock.wall_ns() + int(seconds * SECOND_NS)
        self.desk.inject(FAULTS[name], times, until)

    def bet(self, number: int = 1) -> Bet:
        """The bet of an order in the ledger."""
        found = self.book.get(order(number).key)
        assert isinstance(found, Bet)
        return found

    def at_venue(self, number: int = 1) -> int:
        """How many bets stand at the venue under the key of an order: 0 or 1."""
        truth = self.desk.truth(order(number).key)
        return int(truth is not None and (truth.matched_minor + truth.open_minor > 0 or truth.outcome == "pending"))

    def agrees(self) -> bool:
        """Whether venue and ledger hold the same free money."""
        return bool(self.desk.venue.balance_minor() == self.book.free_minor())
