"""The feed at the fake stream and the fake exchange, on one clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.clock import SECOND_NS
from engine.live.adapters.betfair.feed import BetfairFeed
from engine.live.adapters.betfair.login import KEY, PASSWORD, USER
from engine.live.adapters.betfair.open import feed_over
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.registry import Around, Coverage
from engine.live.clock import WorldClock
from engine.live.feed import Message, Quote
from engine.logs.secrets import Secrets
from tests.betfair_exchange import exchange
from tests.betfair_stream.line import VirtualLine
from tests.betfair_stream.server import StreamServer
from tests.live.adapters.betfair.scene import Scene

PT = 1_700_000_000_000
FOOTBALL = Coverage("football", markets=("1x2",))
NAMES = {1: "Arsenal", 2: "Leeds", 3: "The Draw"}
FAST = BetfairSettings(heartbeat_ms=500)


def row(market: str = "1.1", **more: Any) -> dict[str, Any]:
    """A row of the catalogue."""
    runners = [
        {"selectionId": number, "runnerName": name, "handicap": 0.0, "sortPriority": number}
        for number, name in NAMES.items()
    ]
    return {
        "marketId": market, "marketName": "Match Odds", "marketStartTime": "2023-11-15T05:30:00.000Z",
        "description": {"marketType": "MATCH_ODDS", "bettingType": "ODDS"}, "eventType": {"id": "1", "name": "Soccer"},
        "event": {"id": "30", "name": "Arsenal v Leeds", "countryCode": "GB"}, "runners": runners,
    } | more  # fmt: skip


def definition(winner: int = 0, **more: Any) -> dict[str, Any]:
    """A definition of the stream: without names."""
    status = {number: ("WINNER" if number == winner else "LOSER") if winner else "ACTIVE" for number in NAMES}
    return {
        "marketType": "MATCH_ODDS", "bettingType": "ODDS", "eventTypeId": "1", "eventId": "30", "countryCode": "GB",
        "marketTime": "2023-11-15T05:30:00.000Z", "status": "OPEN", "inPlay": False, "numberOfWinners": 1,
        "runners": [{"id": number, "sortPriority": number, "status": status[number]} for number in NAMES],
    } | more  # fmt: skip


def closed(winner: int, market: str = "1.1", **more: Any) -> dict[str, Any]:
    """The book of a market that is closed."""
    ends = {number: "WINNER" if number == winner else "LOSER" for number in NAMES}
    runners = [{"selectionId": number, "handicap": 0.0, "status": end} for number, end in ends.items()]
    return {
        "marketId": market, "status": "CLOSED", "inplay": True, "version": 9, "numberOfWinners": 1, "runners": runners,
    } | more  # fmt: skip


def best(runner: int = 1, back: float = 2.0, size: float = 10.0) -> dict[str, Any]:
    """What can be backed of a runner, and laid a little above."""
    return {"id": runner, "batb": [[0, back, size]], "batl": [[0, round(back + 0.1, 2), size]]}


@dataclass
class Feeding:
    """A feed, what serves it, and what it gave."""

    feed: BetfairFeed
    server: StreamServer
    clock: WorldClock
    folder: Path
    lines: list[VirtualLine]

    def until(self, kind: type[Message], steps: int = 60) -> list[Message]:
        """Messages of the polls up to the first with such a message."""
        found = list[Message]()
        for _ in range(steps):
            found += self.feed.poll(SECOND_NS // 10)
            if any(isinstance(message, kind) for message in found):
                return found
        raise AssertionError(f"no {kind.__name__}")

    def poll(self) -> list[Message]:
        """One poll, after which the server has done what was asked of it."""
        found = self.feed.poll(0)
        self.lines[-1].wait()
        return list(found)

    def quotes(self, steps: int = 3) -> list[Quote]:
        """Quotes of the next polls."""
        return [m for _ in range(steps) for m in self.feed.poll(SECOND_NS // 10) if isinstance(m, Quote)]


@dataclass
class Place:
    """The fake stream and the fake exchange, where feeds can be opened one after the other."""

    scene: Scene
    server: StreamServer
    folder: Path
    shown: list[str] = field(default_factory=list)

    def opened(self, stack: ExitStack, settings: BetfairSettings = FAST) -> Feeding:
        """A new feed, which ends with the stack."""
        credentials = {USER: exchange.USER, PASSWORD: exchange.PASSWORD, KEY: exchange.APP_KEY}
        clock, lines = self.scene.clock, list[VirtualLine]()
        around = Around(credentials, Secrets(), clock, self.folder, self.shown.append, False, stack.callback)

        def dial() -> VirtualLine:
            lines.append(VirtualLine(self.server, clock))
            return lines[-1]

        feed = feed_over(self.scene.line, dial, settings, FOOTBALL, around)
        return Feeding(feed, self.server, clock, self.folder, lines)


@contextmanager
def placing(folder: Path, rows: list[dict[str, Any]] | None = None) -> Iterator[Place]:
    """A place where market 1.1 is open and priced."""
    scene = Scene()
    scene.clock.reach(PT * 1_000_000)
    scene.exchange.listed = [row()] if rows is None else rows
    sessions = {f"session-{n}" for n in range(99)}
    with StreamServer(sessions=sessions, app_keys={exchange.APP_KEY}) as server:
        server.publish({"id": "1.1", "marketDefinition": definition(), "rc": [best(), best(2, 3.5)]})
        yield Place(scene, server, folder)


@contextmanager
def feeding(
    folder: Path, *, rows: list[dict[str, Any]] | None = None, settings: BetfairSettings = FAST
) -> Iterator[Feeding]:
    """A feed of the adapter at such a place."""
    with placing(folder, rows) as place, ExitStack() as stack:
        yield place.opened(stack, settings)
