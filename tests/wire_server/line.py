"""The line from an adapter to the fake service of its venue: real HTTPS on the loopback, under its names."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cache
from typing import ClassVar, Final, Protocol
from urllib.parse import urlsplit

from engine.clock import SECOND_NS
from engine.live.clock import Clock, WorldClock
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Reply, Request, WireFailure
from tests.venue_server.desk import Desk
from tests.wire_server.certificates import certificates
from tests.wire_server.server import Answer, Heard, WireServer

#: of a request on the loopback; a time-out of the world is a wait on its clock
TIMEOUT_S: Final = 0.05
PATIENT_S: Final = 5.0


class Service(Protocol):
    """The fake service of a venue.

    Attributes
    ----------
    desk : Desk
        What it takes bets with, and its faults.
    refused : bool
        The last request met a closed door: no connection was there for it.
    broken : Exception or None
        The first error of the service itself.
    """

    desk: Desk
    refused: bool
    broken: Exception | None

    def handle(self, heard: Heard) -> Answer:
        """The answer to a request."""
        ...


class Street:
    """One server and one pool of connections for all services of this process, one service at a time."""

    def __init__(self) -> None:
        self.service: Service | None = None
        self._done = threading.Condition()
        self._handled = 0
        pem = certificates()
        self._server = WireServer(self._handle, pem.server)
        self._server.__enter__()
        self.wire = HttpWire(timeout_s=5.0, connect_timeout_s=5.0, certificates=pem.authority)

    @property
    def url(self) -> str:
        """Of the server."""
        return self._server.url

    def _handle(self, heard: Heard) -> Answer:
        self._server.heard.clear()
        assert self.service is not None
        try:
            return self.service.handle(heard)
        finally:
            with self._done:
                self._handled += 1
                self._done.notify_all()

    def handled(self) -> int:
        """Requests that were handled so far."""
        return self._handled

    def wait_for(self, number: int) -> None:
        """Wait until so many requests were handled: what is on its way arrives before the world goes on."""
        with self._done:
            self._done.wait_for(lambda: self._handled >= number, 2.0)


@cache
def street() -> Street:
    """The only one."""
    return Street()


class Line(ABC):
    """A wire to a service. A time-out takes the time of the request on the clock.

    Parameters
    ----------
    there : Service
    clock : Clock
    timeout_s : float
        Of the socket.

    Attributes
    ----------
    silent : bool
        The next request that concerns a bet (`concerns_a_bet`) gets no answer: no time is wasted on it.
    """

    #: names of the venue, or how they end
    hosts: ClassVar[tuple[str, ...]]

    def __init__(self, there: Service, clock: Clock | None = None, timeout_s: float = PATIENT_S) -> None:
        self.there, self.clock, self.timeout_s, self.silent = there, clock or WorldClock(), timeout_s, False

    @abstractmethod
    def concerns_a_bet(self, request: Request) -> bool:
        """Whether it places a bet or looks for one."""

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        road = street()
        road.service = self.there
        before, parts = road.handled(), urlsplit(request.url)
        assert parts.scheme == "https" and parts.netloc.endswith(self.hosts), request.url
        is_silent = self.silent and self.concerns_a_bet(request)
        self.silent = self.silent and not is_silent
        # a busy machine is slow now and then: where no fault waits for a request, it has all the time it needs
        waits = any(one.met < one.times for one in self.there.desk.active)
        timeout_s = TIMEOUT_S if is_silent else self.timeout_s if waits else PATIENT_S
        there = replace(request, url=road.url + parts.path, timeout_s=timeout_s)
        try:
            return road.wire.exchange(there)
        except WireFailure as failure:
            road.wait_for(before + 1)
            if self.there.refused:
                self.there.refused = False
                return road.wire.exchange(replace(there, url="https://localhost:1/"))  # nobody listens there
            if failure.cause == "timeout":
                self.clock.sleep_ns(round((request.timeout_s or 16.0) * SECOND_NS))
            raise
