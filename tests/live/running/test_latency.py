"""The latency meter against times that are set."""

from __future__ import annotations

from engine.live.clock import WorldClock
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Recorded
from engine.live.running.latency import LatencyMeter
from engine.live.running.progress import Progress
from engine.live.running.status import Latency


def recorded(kind: Kind, at_ns: int = 0, **body: object) -> Recorded:
    return Recorded(1, 1, 0, Entry(kind, "k", at_ns, body=body), "{}", FIRST_PREVIOUS, FIRST_PREVIOUS)


def test_percentiles_and_the_share_of_the_flush() -> None:
    clock = WorldClock()
    meter = LatencyMeter(clock, lambda: 1_000_000)
    assert meter.latency() == Latency()
    for ms in (1, 2, 3, 4):
        meter.begin()
        clock.sleep_ns(ms * 1_000_000)
        meter.apply(recorded(Kind.INTENDED))
        meter.apply(recorded(Kind.INTENDED))  # the second leg of a group begins with the first
        meter.apply(recorded(Kind.SENT))
    assert meter.latency() == Latency(4, 2.0, 4.0, 0.4)


def test_a_clock_that_stands_still_has_no_share() -> None:
    meter = LatencyMeter(WorldClock(), lambda: 1_000_000)
    meter.begin()
    meter.apply(recorded(Kind.INTENDED))
    assert meter.latency() == Latency(1, 0.0, 0.0, 0.0)


def test_progress_is_a_fold() -> None:
    progress = Progress()
    for one in (
        recorded(Kind.DECIDED, 5), recorded(Kind.ROLLED, 7), recorded(Kind.STARTED), recorded(Kind.KILLED, control=3),
        recorded(Kind.ACKNOWLEDGED, control=2),
    ):  # fmt: skip
        progress.apply(one)
    assert (progress.decided_ns, progress.rolled_ns, progress.started, progress.control) == (5, 7, 1, 3)


def test_the_clock_of_a_replayed_world() -> None:
    clock = WorldClock()
    clock.reach(100)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (100, 0)
    clock.sleep_ns(30)
    clock.reach(110)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (110, 30)
    clock.reach(150)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (150, 70)
