"""The breaker of one source or venue that stops answering: closed, open, half-open with one probe.

Closed, it counts failures in a row. At the threshold it opens: nothing is asked. After the open time it is half-open:
one probe is let through, whose answer closes it and whose failure opens it again.
"""

from __future__ import annotations

from dataclasses import replace

from engine.clock import SECOND_NS
from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.clock import Clock
from engine.live.ledger.entries import Kind, Recorded

#: what ends a bet's way to the venue without an answer of the venue to it
_WITHOUT_ANSWER = frozenset({Kind.ABANDONED})


class ServiceBreaker:
    """Of one service.

    Parameters
    ----------
    role : str
        ``source`` or ``venue``.
    service : str
        Its name.
    clock : Clock
        Its monotonic time measures the open time. After a restart the open time begins anew.
    failures : int
        In a row, until it opens.
    open_s : float
    human : bool
        Whether only a person closes it.
    """

    def __init__(self, role: str, service: str, clock: Clock, *, failures: int, open_s: float, human: bool) -> None:
        self.name = f"service/{role}/{service}"
        self.role, self.service = role, service
        self._clock, self._failures, self._open_ns, self._human = clock, failures, round(open_s * SECOND_NS), human
        self._latch = Latch(self.name)
        self._in_row = 0
        self._cause = ""
        self._opened_ns = 0
        self._probe: str | None = None
        self._answered = False

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half_open``."""
        if not self._latch.tripped:
            return "open" if self._in_row >= self._failures else "closed"
        if self._latch.human or self._clock.monotonic_ns() - self._opened_ns < self._open_ns:
            return "open"
        return "half_open"

    def allows(self, probe: str = "poll") -> bool:
        """Whether the service may be asked now: closed, or half-open and the one probe is free or is this one."""
        state = self.state
        return state == "closed" or (state == "half_open" and self._probe in (None, probe))

    def asked(self, probe: str = "poll") -> None:
        """The service is being asked; in the half-open state that is the probe."""
        if self.state == "half_open" and self._probe is None:
            self._probe = probe

    def failed(self, cause: str) -> None:
        """The service did not answer, or not in a readable way."""
        self._cause, self._in_row, self._answered = cause, self._in_row + 1, False
        if self._latch.tripped:
            self._opened_ns, self._probe = self._clock.monotonic_ns(), None

    def answered(self) -> None:
        """The service gave a definite answer, a refusal included."""
        if not self._latch.tripped:
            self._in_row = 0
        elif not self._latch.human and self.state == "half_open":
            self._answered, self._probe = True, None

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`."""
        if self._latch.tripped:
            return "the probe was answered" if self._answered else None
        if self._in_row < self._failures:
            return None
        cause = f"{self.role} {self.service}: {self._in_row} failures in a row, the last one {self._cause}"
        return Trip(self.name, cause, float(self._in_row), float(self._failures), self._human)

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        concerned = self.service == (wanted.venue if self.role == "venue" else wanted.source)
        probe = wanted.key or "poll"
        return "breaker_service" if concerned and not self.allows(probe) else ""

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        return replace(self._latch.distance(float(self._in_row), float(self._failures)), state=self.state)

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        entry = recorded.entry
        if self._latch.apply(recorded):
            self._opened_ns, self._probe, self._answered = self._clock.monotonic_ns(), None, False
            self._in_row = self._failures if self._latch.tripped else 0
        elif self.role == "venue" and self._latch.tripped and entry.intent:
            if entry.kind is Kind.SENT:
                self.asked(entry.intent)
            elif entry.kind in _WITHOUT_ANSWER and self._probe == entry.intent:
                self._probe = None
