"""How long a decision takes until its intent is on disk, measured on the monotonic clock without the feed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.live.clock import Clock
from engine.live.ledger.entries import Kind, Recorded
from engine.live.running.status import Latency

_MS_NS = 1e6


class LatencyMeter:
    """Measures from `begin`, the instant's messages at hand, to the committed intent; an observer of the journal.

    The bets of one instant are sent one after another. The time of a later one begins when the one before is done with
    (`begin` again), so that a slow venue does not count as a slow runner.

    Parameters
    ----------
    clock : Clock
        Of the machine.
    commit_ns : callable
        Duration of the last commit, nanoseconds: the flush to the disk.
    """

    def __init__(self, clock: Clock, commit_ns: Callable[[], int]) -> None:
        self._clock, self._commit_ns = clock, commit_ns
        self._began_ns: int | None = None
        self._total_ns: list[int] = []
        self._flush_ns: list[int] = []

    def begin(self) -> None:
        """The work on the next intent begins."""
        self._began_ns = self._clock.monotonic_ns()

    def apply(self, recorded: Recorded) -> None:
        """Take in an entry that was written just now; one intent for each `begin`."""
        if recorded.entry.kind is Kind.INTENDED and self._began_ns is not None:
            self._total_ns.append(self._clock.monotonic_ns() - self._began_ns)
            self._flush_ns.append(self._commit_ns())
            self._began_ns = None

    def latency(self) -> Latency:
        """Percentiles so far, by the nearest rank."""
        if not self._total_ns:
            return Latency()
        p50, p99 = np.percentile(self._total_ns, [50, 99], method="inverted_cdf") / _MS_NS
        whole = sum(self._total_ns)  # 0 on a clock that stands still
        return Latency(len(self._total_ns), float(p50), float(p99), sum(self._flush_ns) / whole if whole else 0.0)
