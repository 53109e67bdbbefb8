"""A clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.clock import SECOND_NS

START_NS: Final = 1_700_000_000 * SECOND_NS


class MovedClock:
    """As `engine.live.clock.Clock`; a sleep moves both times, is noted in `slept`, and then calls `during`."""

    def __init__(self, wall_ns: int = START_NS, monotonic_ns: int = 0) -> None:
        self.wall, self.monotonic = wall_ns, monotonic_ns
        self.slept: list[int] = []
        self.during: Callable[[], None] = lambda: None

    def wall_ns(self) -> int:
        """Time of day."""
        return self.wall

    def monotonic_ns(self) -> int:
        """Time that never goes back."""
        return self.monotonic

    def sleep_ns(self, duration_ns: int) -> None:
        """Move on."""
        self.slept.append(duration_ns)
        self.wall += duration_ns
        self.monotonic += duration_ns
        self.during()

    def pass_s(self, seconds: float) -> None:
        """Time goes by without anybody sleeping."""
        self.wall += round(seconds * SECOND_NS)
        self.monotonic += round(seconds * SECOND_NS)

    def jump_s(self, seconds: float) -> None:
        """The time of day is set, and no time goes by."""
        self.wall += round(seconds * SECOND_NS)
