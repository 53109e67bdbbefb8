"""A clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable


class MovedClock:
    """As `engine.live.clock.Clock`; a sleep moves both times and then calls `during`."""

    def __init__(self, wall_ns: int = 10**18, monotonic_ns: int = 0) -> None:
        self.wall, self.monotonic = wall_ns, monotonic_ns
        self.during: Callable[[], None] = lambda: None

    def wall_ns(self) -> int:
        """Time of day."""
        return self.wall

    def monotonic_ns(self) -> int:
        """Time that never goes back."""
        return self.monotonic

    def sleep_ns(self, duration_ns: int) -> None:
        """Move on."""
        self.wall += duration_ns
        self.monotonic += duration_ns
        self.during()
