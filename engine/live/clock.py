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
