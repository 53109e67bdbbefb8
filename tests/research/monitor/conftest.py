"""A monitor over real HTTP on the loopback, and ledgers written by hand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from engine.live.alerts.table import Raised
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import open_ledger
from engine.live.ledger.settings import LedgerSettings
from research.monitor.context import Monitor
from research.monitor.serve import monitor_of, server
from research.monitor.settings import MonitorSettings

TOKEN_OF_TESTS: Final = "a token of the tests"  # noqa: S105
DAY_NS: Final = 86_400_000_000_000
#: 3 February 2025, noon
NOON_NS: Final = 1_738_584_000_000_000_000
KEY, OTHER = "a" * 32, "b" * 32
ORDER: Final = {
    "event_id": 7, "market": "1x2", "selection": "home", "bookmaker": "b365", "side": "back", "odds": 2.1,
}  # fmt: skip


def entry(kind: Kind, at_ns: int, intent: str = "", money: Money | None = None, **body: Any) -> Entry:
    """An entry whose key follows from what it is."""
    return Entry(kind, f"{kind}:{intent}:{at_ns}", at_ns, intent, None, "", money or Money(), body)


OPENED: Final = entry(Kind.OPENED, 0, promotion="d1", name="spring", currency="EUR", mode="paper", zone="UTC")
STORY: Final = (
    entry(Kind.CAPITAL, 0, money=Money(cash=100_000, capital=-100_000)),
    entry(Kind.STARTED, NOON_NS, feed="replay"),
    entry(Kind.INTENDED, NOON_NS, KEY, Money(cash=-500, reserved=500), **ORDER),
    entry(Kind.SENT, NOON_NS, KEY),
    entry(Kind.PLACED, NOON_NS, KEY, Money(reserved=-500, stakes=500), odds=2.1, matched_minor=500),
    entry(Kind.DECIDED, NOON_NS, decisions=[{**ORDER, "reason": "placed", "stake_minor": 500},
                                            {**ORDER, "reason": "edge"}]),
    entry(Kind.SETTLED, NOON_NS + 1, KEY, Money(stakes=-500, cash=1050, pnl=-550), state="win"),
    entry(Kind.CLOSED, NOON_NS + 1, event_id=7, close_probs={KEY: 0.5}),
    entry(Kind.TRIPPED, NOON_NS + 2, breaker="model", n=1, cause="yield is low", measured=0.3, limit=0.2, human=True),
    entry(Kind.INTENDED, NOON_NS + 3, OTHER, Money(cash=-300, reserved=300), **ORDER),
    entry(Kind.SENT, NOON_NS + 3, OTHER),
    entry(Kind.UNKNOWN, NOON_NS + 3, OTHER, cause="timeout"),
)  # fmt: skip


@contextmanager
def written(settings: LedgerSettings = LedgerSettings(), name: str = "spring") -> Iterator[ChainedLedger]:  # noqa: B008
    """A ledger with `STORY` and its lease."""
    ledger = open_ledger(name, replace(OPENED, body={**OPENED.body, "name": name}), settings=settings)
    try:
        ledger.append(STORY)
        yield ledger
    finally:
        ledger.close()


@dataclass
class Served:
    """A monitor that answers."""

    monitor: Monitor
    address: str
    told: list[Raised]

    def client(self, **more: Any) -> httpx2.Client:
        """A client that has not logged in; it follows no redirect."""
        return httpx2.Client(base_url=self.address, timeout=5.0, **more)

    def program(self) -> httpx2.Client:
        """A client with the token."""
        return self.client(headers={"authorization": f"Bearer {TOKEN_OF_TESTS}", "x-person": "ann"})

    @contextmanager
    def browser(self) -> Iterator[httpx2.Client]:
        """A client that logged in and says where it comes from, as a browser does."""
        with self.client(headers={"origin": self.address}) as client:
            answer = client.post("/login", data={"person": "ann", "token": TOKEN_OF_TESTS})
            assert answer.status_code == 303, answer.text
            yield client

    def until(self, holds: Callable[[], bool], most_s: float = 5.0) -> None:
        """Wait until something holds."""
        ends = time.monotonic() + most_s
        while not holds():
            assert time.monotonic() < ends, "it never came"
            time.sleep(0.01)

    def again(self) -> None:
        """Wait until the ledgers were looked at once more."""
        rounds = self.monitor.watcher.rounds
        self.until(lambda: self.monitor.watcher.rounds > rounds + 1)


@contextmanager
def serving(ledger: LedgerSettings = LedgerSettings(), **settings: Any) -> Iterator[Served]:  # noqa: B008
    """A monitor on a free port of the loopback."""
    told: list[Raised] = []
    monitor = monitor_of(MonitorSettings(**{"poll_ms": 20, **settings}), ledger, TOKEN_OF_TESTS, (), told.append)
    running = server(monitor)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()
        served = Served(monitor, address, told)
        try:
            served.until(lambda: running.started and monitor.watcher.rounds > 0)
            yield served
        finally:
            running.should_exit = True
            thread.join()


@pytest.fixture()
def spring(home: Path) -> Iterator[ChainedLedger]:
    """The ledger `spring` of a home of its own, with its lease."""
    with written() as ledger:
        yield ledger


@pytest.fixture()
def served(spring: ChainedLedger) -> Iterator[Served]:
    """A monitor of `spring`."""
    with serving() as one:
        yield one
