"""A line to the fake stream whose waits cost no time: they are waits of the test's clock."""

from __future__ import annotations

import time

from engine.live.adapters.betfair.frames import TlsLine
from engine.live.clock import WorldClock
from tests.betfair_stream.server import StreamServer
from tests.wire_server.certificates import certificates

#: one look at the connection, and the longest wait of the machine for a server that is still busy
_LOOK_NS, _MOST_S = 5_000_000, 5.0


class VirtualLine:
    """Waits for what the server is about to send; when it has done everything that was asked, the clock goes on."""

    def __init__(self, server: StreamServer, clock: WorldClock) -> None:
        self._server, self._clock = server, clock
        self._expected = server.handled + 1
        self._line = TlsLine("localhost", server.port, certificates().authority)

    def send(self, text: bytes) -> None:
        self._expected += 1
        self._line.send(text)

    def receive(self, timeout_ns: int) -> list[bytes]:
        ends_s, was_idle = time.monotonic() + _MOST_S, False
        while not was_idle and time.monotonic() < ends_s:
            was_idle = self._server.handled >= self._expected
            if lines := self._line.receive(_LOOK_NS):
                return lines
        self._clock.sleep_ns(timeout_ns)
        return []

    def wait(self) -> None:
        """Until the server has done everything that was asked."""
        ends_s = time.monotonic() + _MOST_S
        while self._server.handled < self._expected and time.monotonic() < ends_s:
            time.sleep(0.001)

    def close(self) -> None:
        self._line.close()
