"""How fast requests may leave: a bucket of tokens that fills at an even rate."""

from __future__ import annotations

from threading import Lock

from engine.clock import SECOND_NS
from engine.live.clock import Clock
from engine.live.wire.request import Reply, Request, Wire


class TokenBucket:
    """Each request takes a token; where there is none, it waits for one.

    Parameters
    ----------
    clock : Clock
        Its monotonic time fills the bucket, its sleep is the wait.
    rate_per_s : float
    burst : int
        How many tokens the bucket holds; it starts full.

    Examples
    --------
    >>> from engine.live.clock import WorldClock
    >>> clock = WorldClock()
    >>> bucket = TokenBucket(clock, rate_per_s=2, burst=1)
    >>> [bucket.take() // 10**6 for _ in range(3)]
    [0, 500, 500]
    """

    def __init__(self, clock: Clock, *, rate_per_s: float, burst: int) -> None:
        if not (rate_per_s > 0.0 and burst >= 1):
            raise ValueError(f"a rate above 0 and a burst of at least 1, not {rate_per_s} and {burst}")
        self._clock, self._gap_ns, self._burst = clock, round(SECOND_NS / rate_per_s), burst
        self._full_at_ns = clock.monotonic_ns()  # when the bucket is full again
        self._lock = Lock()

    def take(self) -> int:
        """Wait until a token is there, and take it; how long that took, nanoseconds."""
        with self._lock:
            now = self._clock.monotonic_ns()
            self._full_at_ns = max(self._full_at_ns, now) + self._gap_ns
            wait_ns = max(0, self._full_at_ns - now - self._burst * self._gap_ns)
        if wait_ns:
            self._clock.sleep_ns(wait_ns)
        return wait_ns


class Paced:
    """A wire whose requests each take a token.

    Parameters
    ----------
    wire : Wire
    bucket : TokenBucket
    """

    def __init__(self, wire: Wire, bucket: TokenBucket) -> None:
        self._wire, self._bucket = wire, bucket

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        self._bucket.take()
        return self._wire.exchange(request)
