"""The feed at the fake service, over HTTPS, on a clock of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from engine.clock import HOUR_NS
from engine.live.adapters.pinnacle.feed import PinnacleFeed
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.adapters.pinnacle.open import feed_over
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.registry import Around, Coverage
from engine.live.clock import WorldClock
from engine.live.feed import FeedFailure, Fixture, Message, Quote, Result
from engine.logs.secrets import Secrets
from tests.live.venues.orders import BANKROLL
from tests.pinnacle_server.line import ENVIRONMENT, Line
from tests.pinnacle_server.offer import Offer, three_way
from tests.pinnacle_server.service import Service
from tests.venue_server.desk import Desk

START_NS = 1_790_000_000 * 10**9
FOOTBALL = Coverage("football")


@dataclass
class Scene:
    """A service that offers, and what of ours asks it."""

    clock: WorldClock
    service: Service
    offer: Offer
    line: Line
    folder: Path
    stack: ExitStack
    shown: list[str] = field(default_factory=list)
    secrets: Secrets = field(default_factory=Secrets)

    def around(self) -> Around:
        return Around(
            ENVIRONMENT, self.secrets, self.clock, self.folder, self.shown.append, False, self.stack.callback
        )  # fmt: skip

    def feed(self, coverage: Coverage = FOOTBALL, settings: PinnacleSettings | None = None) -> PinnacleFeed:
        return feed_over(self.line, settings or PinnacleSettings(), coverage, self.around())

    def restart(self) -> None:
        """End the process; the next one begins when the pace allows it."""
        self.stack.close()
        self.secrets = Secrets()
        self.clock.sleep_ns(PACE_NS)

    def changes(self) -> None:
        """Another price, and a result."""
        self.offer.period(11, moneyline=three_way(2.4, 3.3, 1.6))
        self.offer.end(12, (1, 0))


@contextmanager
def serving(folder: Path) -> Iterator[Scene]:
    """A service with two matches: 11, Arsenal against Chelsea with prices, and 12, Leeds against Everton without."""
    clock = WorldClock()
    clock.reach(START_NS)
    desk = Desk(":memory:", clock.wall_ns)
    desk.venue.deposit("capital:1", BANKROLL)
    service, offer = Service(desk), Offer(clock.wall_ns)
    service.offer = offer
    offer.match(11, "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS)
    offer.match(12, "Leeds", "Everton", START_NS + 30 * HOUR_NS)
    offer.period(11, maxMoneyline=500.0, moneyline=three_way(2.5, 3.4, 1.5))
    with ExitStack() as stack:
        yield Scene(clock, service, offer, Line(service, clock), folder, stack)


def heard(feed: PinnacleFeed, readings: int = 1) -> list[Message]:
    """All messages of the next readings."""
    found = list[Message]()
    for _ in range(readings):
        asked = feed._lines.readings
        while feed._lines.readings == asked:
            found += feed.poll(PACE_NS)
    return found


def quotes(messages: list[Message]) -> dict[tuple[str, float | None, str], Quote]:
    """The last quote of each series."""
    return {(one.market, one.line, one.selection): one for one in messages if isinstance(one, Quote)}


def fixtures(messages: list[Message]) -> list[Fixture]:
    return [one for one in messages if isinstance(one, Fixture)]


def results(messages: list[Message]) -> list[Result]:
    return [one for one in messages if isinstance(one, Result)]


def fails(feed: PinnacleFeed) -> str:
    """Why the next poll fails."""
    try:
        feed.poll(0)
    except FeedFailure as failure:
        return str(failure)
    return ""
