"""The breaker of the clock: wall time and monotonic time must move together, and the ledger has nothing from later."""

from __future__ import annotations

from engine.clock import SECOND_NS
from engine.live.breakers.contract import Context, Distance, Latch, Trip, Wanted
from engine.live.clock import Clock
from engine.live.ledger.entries import Recorded

#: a slow adjustment of the machine's clock, as NTP makes it, is no jump: what is compared begins anew after this
_ANCHOR_NS = 600 * SECOND_NS


class ClockJump:
    """Trips when wall time moved by more than `jump_s` against monotonic time; ends after `quiet_s` without that.

    A machine that slept wakes with a jump, for its monotonic clock stood still (Linux). A bet is refused from the jump
    on, also before the trip is on record.
    """

    name = "clock"

    def __init__(self, jump_s: float, quiet_s: float, clock: Clock) -> None:
        self._jump_ns, self._quiet_ns = round(jump_s * SECOND_NS), round(quiet_s * SECOND_NS)
        self._clock = clock
        self._latest_ns = 0
        self._anchor: tuple[int, int] | None = None
        self._moved_ns = 0
        self._quiet_since_ns: int | None = None
        self._latch = Latch(self.name)

    def check(self, context: Context) -> Trip | str | None:
        """As `Breaker.check`."""
        behind_ns = self._behind_ns()
        if self._anchor is None:
            self._anchor = (context.wall_ns + behind_ns, context.monotonic_ns)
        wall, monotonic = self._anchor
        self._moved_ns = (context.wall_ns - wall) - (context.monotonic_ns - monotonic)
        jumped = abs(self._moved_ns) > self._jump_ns
        if jumped or context.monotonic_ns - monotonic > _ANCHOR_NS:
            self._anchor = (context.wall_ns, context.monotonic_ns)
        if self._latch.tripped:
            if jumped or self._quiet_since_ns is None:
                self._quiet_since_ns = context.monotonic_ns
            quiet = context.monotonic_ns - self._quiet_since_ns >= self._quiet_ns
            return f"no jump for {self._quiet_ns / SECOND_NS:g} s" if quiet else None
        if not jumped:
            return None
        moved_s, limit_s = self._moved_ns / SECOND_NS, self._jump_ns / SECOND_NS
        cause = f"the clock of the machine jumped by {moved_s:+.1f} s, more than {limit_s:g} s"
        return Trip(self.name, cause, abs(moved_s), limit_s)

    def reason(self, wanted: Wanted) -> str:
        """As `Breaker.reason`."""
        return "clock" if self._latch.tripped or self._jumped() else ""

    def _behind_ns(self) -> int:
        """How much the clock of a process that has just started is behind the ledger: it was set back meanwhile."""
        behind = self._latest_ns - self._clock.wall_ns()
        return behind if self._anchor is None and behind > self._jump_ns else 0

    def _jumped(self) -> bool:
        if self._anchor is None:
            return self._behind_ns() > 0
        wall, monotonic = self._anchor
        moved = (self._clock.wall_ns() - wall) - (self._clock.monotonic_ns() - monotonic)
        return abs(moved) > self._jump_ns

    def distance(self) -> Distance:
        """As `Breaker.distance`."""
        return self._latch.distance(abs(self._moved_ns) / SECOND_NS, self._jump_ns / SECOND_NS)

    def apply(self, recorded: Recorded) -> None:
        """As `Breaker.apply`."""
        self._latest_ns = max(self._latest_ns, recorded.entry.at_ns)
        if self._latch.apply(recorded):
            self._quiet_since_ns = None
