"""Reads that are asked again after a failure: seldom, later each time, and never beyond a budget a minute."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from engine.clock import SECOND_NS
from engine.live.clock import Clock
from engine.live.minute import LastMinute
from engine.live.wire.request import Reply, Request, Wire, WireFailure

#: a wait that a service asks for and that is longer than this is not waited for: the reply is given back
_LONGEST_NS: Final = 30 * SECOND_NS
#: statuses after which a read is worth asking again
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Repeats:
    """How often and when a read is asked again.

    Attributes
    ----------
    most : int
        Further tries of one request.
    first_wait_ns : int
        Before the first of them; it doubles each time. Each wait is drawn from its upper half ("equal jitter").
    a_minute : int
        Further tries of all requests within a minute.
    statuses : collection of int
        Of replies that are worth it.
    """

    most: int = 3
    first_wait_ns: int = SECOND_NS
    a_minute: int = 10
    statuses: Collection[int] = _AGAIN


class Repeated:
    """A wire that asks again. A request that changes something is sent once, whatever becomes of it.

    Parameters
    ----------
    wire : Wire
    repeats : Repeats
    clock : Clock
    generator : random.Random
        Of the jitter.
    """

    def __init__(self, wire: Wire, repeats: Repeats, clock: Clock, generator: random.Random) -> None:
        self._wire, self._repeats, self._clock, self._generator = wire, repeats, clock, generator
        self._minute = LastMinute(clock)

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`; the last failure or reply where no try was answered."""
        tries = 0
        while True:
            asked_ns: int | None = None
            try:
                reply = self._wire.exchange(request)
            except WireFailure:
                if request.changes or not self._may(tries):
                    raise
            else:
                asked_ns = reply.retry_after_ns()
                useless = reply.status not in self._repeats.statuses or request.changes
                if useless or (asked_ns or 0) > _LONGEST_NS or not self._may(tries):
                    return reply
            self._minute.add()
            self._clock.sleep_ns(max(self._wait_ns(tries), asked_ns or 0))
            tries += 1

    def _may(self, tries: int) -> bool:
        return tries < self._repeats.most and len(self._minute) < self._repeats.a_minute

    def _wait_ns(self, tries: int) -> int:
        longest = self._repeats.first_wait_ns << tries
        return round(longest * (0.5 + 0.5 * self._generator.random()))
