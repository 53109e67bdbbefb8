"""The last minute of a clock: how often something happened in it, and how long until there is room for more."""

from __future__ import annotations

from collections import deque
from typing import Final

from engine.clock import SECOND_NS
from engine.live.clock import Clock

MINUTE_NS: Final = 60 * SECOND_NS


class LastMinute:
    """What happened within a minute, on the monotonic clock. Exactly a minute ago is over.

    Parameters
    ----------
    clock : Clock

    Examples
    --------
    >>> from engine.live.clock import WorldClock
    >>> clock = WorldClock()
    >>> minute = LastMinute(clock)
    >>> minute.add()
    >>> clock.sleep_ns(20 * SECOND_NS)
    >>> len(minute), minute.until_ns(0) // SECOND_NS, minute.until_ns(1)
    (1, 40, 0)
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: deque[int] = deque()

    def add(self, age_ns: int = 0) -> None:
        """Count what happened now, or so long ago, after everything that was counted before."""
        if age_ns < MINUTE_NS:
            self._at.append(self._clock.monotonic_ns() - age_ns)

    def __len__(self) -> int:
        now = self._clock.monotonic_ns()
        while self._at and self._at[0] <= now - MINUTE_NS:
            self._at.popleft()
        return len(self._at)

    def until_ns(self, most: int) -> int:
        """How long until no more than `most` of them are within a minute; 0: so it is now."""
        too_many = len(self) - max(0, most)
        return self._at[too_many - 1] + MINUTE_NS - self._clock.monotonic_ns() if too_many > 0 else 0
