"""The clock of a runner: wall time for the record, monotonic time for every wait."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where a runner gets its time. Tests and replays give their own."""

    def wall_ns(self) -> int:
        """The time of day, UTC nanoseconds since 1970. It may jump."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary start. It never goes back, and it is not comparable across processes."""
        ...

    def sleep_ns(self, duration_ns: int) -> None:
        """Wait that long."""
        ...


class SystemClock:
    """The clock of the machine."""

    def wall_ns(self) -> int:
        """As `Clock.wall_ns`."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """As `Clock.monotonic_ns`."""
        return time.monotonic_ns()

    def sleep_ns(self, duration_ns: int) -> None:
        """As `Clock.sleep_ns`."""
        time.sleep(max(0, duration_ns) / 1e9)


class WorldClock:
    """The clock of a replayed world: it stands still between messages, and goes on when somebody sleeps.

    So what happens at one instant happens at that instant, however long the computer takes for it, and a wait costs no
    time of the machine.
    """

    def __init__(self) -> None:
        self._wall_ns = self._monotonic_ns = 0

    def wall_ns(self) -> int:
        """As `Clock.wall_ns`: the instant of the last message, and what was slept since."""
        return self._wall_ns

    def monotonic_ns(self) -> int:
        """As `Clock.monotonic_ns`: what the world went on, and what was slept."""
        return self._monotonic_ns

    def sleep_ns(self, duration_ns: int) -> None:
        """As `Clock.sleep_ns`, in no time."""
        self._wall_ns += max(0, duration_ns)
        self._monotonic_ns += max(0, duration_ns)

    def reach(self, instant_ns: int) -> None:
        """Go to the instant of a message, UTC nanoseconds; monotonic time never goes back."""
        self._monotonic_ns += max(0, instant_ns - self._wall_ns) if self._wall_ns else 0
        self._wall_ns = instant_ns
