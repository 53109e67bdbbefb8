"""A transport within the process: the desk is called, and what would happen on the line happens as an exception."""

from __future__ import annotations

from collections.abc import Callable

from tests.venue_server.client import TransportFailure
from tests.venue_server.desk import Desk
from tests.venue_server.wire import Delivery, Reply, Request

_KINDS = {Delivery.REFUSED: "connect", Delivery.SILENT: "timeout"}


class Direct:
    """Calls the desk.

    Parameters
    ----------
    desk : Desk
    wait : callable
        Called with the time-out, nanoseconds, when no answer comes.
    timeout_ns : int
    """

    def __init__(self, desk: Desk, wait: Callable[[int], None] = lambda _: None, timeout_ns: int = 16 * 10**9) -> None:
        self.desk, self._wait, self._timeout_ns = desk, wait, timeout_ns

    def exchange(self, request: Request) -> Reply:
        """As `Transport.exchange`."""
        answer = self.desk.handle(request)
        if answer.delivery is Delivery.WHOLE:
            return answer
        if answer.delivery is Delivery.SILENT:
            self._wait(self._timeout_ns)
        raise TransportFailure(_KINDS.get(answer.delivery, "reset"))
