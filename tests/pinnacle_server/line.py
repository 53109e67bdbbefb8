"""The line from the adapter to the fake service: real HTTPS on the loopback, under the name of Pinnacle."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from engine.clock import SECOND_NS
from engine.live.adapters.pinnacle.api import PASSWORD as PASSWORD_NAME
from engine.live.adapters.pinnacle.api import USER as USER_NAME
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.adapters.pinnacle.venue import PROFILE, PinnacleVenue
from engine.live.clock import Clock, WorldClock
from engine.live.linking.contract import Directory
from engine.live.venue import Profile
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Reply, Request, WireFailure
from engine.logs.secrets import Secrets
from tests.pinnacle_server.service import PASSWORD, USER, Everything, Service
from tests.wire_server.certificates import certificates
from tests.wire_server.server import Answer, Heard, WireServer

#: of a request on the loopback; a time-out of the world is a wait on its clock
TIMEOUT_S: Final = 0.05
PATIENT_S: Final = 5.0
#: credentials of the fake account
ENVIRONMENT: Final = {USER_NAME: USER, PASSWORD_NAME: PASSWORD}


class Street:
    """One server and one pool of connections for all services of this process, one at a time."""

    def __init__(self) -> None:
        self.exchange: Service | None = None
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
        assert self.exchange is not None
        try:
            return self.exchange.handle(heard)
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


class Line:
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
        The next bet, or look-up of one, gets no answer: no time is wasted on it.
    """

    def __init__(self, there: Service, clock: Clock | None = None, timeout_s: float = PATIENT_S) -> None:
        self.there, self.clock, self.timeout_s, self.silent = there, clock or WorldClock(), timeout_s, False

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        road = street()
        road.exchange = self.there
        before, parts = road.handled(), urlsplit(request.url)
        assert parts.scheme == "https" and parts.netloc == "api.pinnacle.com", request.url
        is_silent = self.silent and (request.changes or "uniqueRequestIds" in request.params)
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


def venue_of(
    line: Line,
    *,
    profile: Profile = PROFILE,
    settings: PinnacleSettings | None = None,
    directory: Directory | None = None,
) -> PinnacleVenue:
    """The adapter at the end of a line."""
    api = Api(line, ENVIRONMENT, Secrets())
    return PinnacleVenue(api, directory or Everything(), settings or PinnacleSettings(), line.clock, profile=profile)
