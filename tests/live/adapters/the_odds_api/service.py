"""The fake service over HTTP, and what of ours asks it, on a clock of the test."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.adapters.registry import Around, Coverage, open_feed
from engine.live.adapters.the_odds_api.cache import Cache, cache_sessions
from engine.live.adapters.the_odds_api.calls import Call
from engine.live.adapters.the_odds_api.client import Client, Usage
from engine.live.adapters.the_odds_api.raw import RawAnswers
from engine.live.adapters.the_odds_api.settings import OddsApiSettings
from engine.live.clock import WorldClock
from engine.live.feed import Feed
from engine.live.ledger.settings import LedgerSettings
from engine.live.wire.http import HttpWire
from engine.logs.secrets import Secrets
from engine.paths import home
from tests.odds_server.server import OddsServer
from tests.odds_server.world import Game, OddsWorld
from tests.wire_server.server import WireServer

KEY = "key-of-the-test"
FOOTBALL = Coverage("football", markets=("1x2", "totals"))
START_NS = 1_790_000_000 * SECOND_NS
GAMES = [
    Game("a" * 32, "soccer_epl", "Arsenal", "Chelsea", START_NS + 3 * HOUR_NS, (2, 1)),
    Game("b" * 32, "soccer_epl", "Leeds", "Everton", START_NS + 30 * HOUR_NS),
]


@dataclass
class Notes:
    """A purse without an end that writes down."""

    booked: int = 0
    told: list[Usage] = field(default_factory=list)

    def book(self, call: Call) -> None:
        self.booked += 1

    def correct(self, call: Call, usage: Usage) -> None:
        self.told.append(usage)


@dataclass
class Service:
    """The fake, and the clock that both sides live by."""

    server: OddsServer
    wire: WireServer
    clock: WorldClock
    stack: ExitStack = field(default_factory=ExitStack)
    timeout_s: float = 5.0

    @property
    def url(self) -> str:
        return self.wire.url

    def client(self, key: str = KEY) -> Client:
        wire = self.stack.enter_context(HttpWire(wall_ns=self.clock.wall_ns))
        return Client(wire, key, self.clock, random.Random(1), timeout_s=self.timeout_s, host=self.url)

    def cache(self, settings: LedgerSettings, folder: Path, credits_a_day: int = 1_000) -> Cache:
        raw = RawAnswers(folder, KEY)
        made = Cache(cache_sessions(settings, self.clock), self.client(), self.clock, credits_a_day, raw)
        self.stack.callback(made.close)
        return made


@contextmanager
def serving(games: list[Game] | None = None) -> Iterator[Service]:
    clock = WorldClock()
    clock.reach(START_NS)
    server = OddsServer(OddsWorld(list(games or GAMES)), clock)
    with WireServer(server) as wire, ExitStack() as stack:
        yield Service(server, wire, clock, stack)


def opened(
    service: Service, coverage: Coverage = FOOTBALL, *, ledger: LedgerSettings | None = None, **words: Any
) -> Feed:
    environment = {"BEA_ODDS_API_KEY": KEY}
    around = Around(
        environment, Secrets(), service.clock, home(), print, False, service.stack.callback, ledger or LedgerSettings()
    )
    usual = {"host": service.url, "credits_a_day": 10**6, "last_hour_s": 300}
    settings = OddsApiSettings(**usual | words)
    return open_feed("the_odds_api", settings, coverage, around)
