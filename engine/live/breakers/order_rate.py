"""The order rate: so many sends a minute. It makes a bet wait inside its window and refuses nothing."""

from __future__ import annotations

from typing import Final

from engine.clock import SECOND_NS
from engine.live.breakers.contract import Distance, share_left
from engine.live.clock import Clock
from engine.live.minute import LastMinute

#: most time between the wall time of an entry and the request that it lets go
_COMMIT_NS: Final = 5 * SECOND_NS


class OrderRate:
    """Sends of the last minute, on the monotonic clock.

    Parameters
    ----------
    per_minute : int
    clock : Clock
    watched : bool
        Never let anybody wait, and measure nothing: in a replay a minute is no minute.
    """

    name = "order_rate"

    def __init__(self, per_minute: int, clock: Clock, *, watched: bool = False) -> None:
        self._per_minute, self._clock, self._watched = per_minute, clock, watched
        self._sends = LastMinute(clock)

    def wait_ns(self, count: int = 1) -> int:
        """How long the next `count` orders, which go in one request, have to wait; 0: they may go now.

        More of them than a minute allows wait for a minute without any. The one who waits compares it with the end of
        the decision window: a bet whose window ends first is abandoned with the reason ``order_rate``.
        """
        return 0 if self._watched else self._sends.until_ns(self._per_minute - count)

    def sent(self, wall_ns: int) -> None:
        """Count a send that went on record at this wall time; one of an earlier process by its age.

        Between processes there is no other clock: one that was set forward meanwhile lets a send count as older.
        """
        # the request follows its entry, and a commit takes its time: it is younger than the entry by that
        self._sends.add(max(0, self._clock.wall_ns() - wall_ns - _COMMIT_NS))

    def distance(self) -> Distance:
        """Sends of the last minute against the limit; nothing is measured where a minute is none."""
        nothing = float("nan")
        if self._watched:
            return Distance(self.name, "watched", nothing, nothing, nothing)
        count, limit = float(len(self._sends)), float(self._per_minute)
        return Distance(self.name, "open" if count >= limit else "closed", count, limit, share_left(count, limit))
