"""The last minute: what is in it, and when there is room."""

from __future__ import annotations

import numpy as np

from engine.clock import SECOND_NS
from engine.live.clock import WorldClock
from engine.live.minute import MINUTE_NS, LastMinute


def test_what_happened_exactly_a_minute_ago_is_over() -> None:
    clock = WorldClock()
    minute = LastMinute(clock)
    minute.add()
    clock.sleep_ns(MINUTE_NS - 1)
    assert len(minute) == 1 and minute.until_ns(0) == 1
    clock.sleep_ns(1)
    assert len(minute) == 0 and minute.until_ns(0) == 0


def test_what_is_older_than_a_minute_is_not_counted() -> None:
    minute = LastMinute(WorldClock())
    minute.add(MINUTE_NS)
    minute.add(MINUTE_NS - SECOND_NS)
    assert len(minute) == 1 and minute.until_ns(0) == SECOND_NS


def test_counts_and_waits_are_those_of_a_list_of_all_instants() -> None:
    rng = np.random.default_rng(3)
    clock, instants = WorldClock(), list[int]()
    minute = LastMinute(clock)
    for _ in range(500):
        clock.sleep_ns(int(rng.integers(0, 15)) * SECOND_NS)
        now = clock.monotonic_ns()
        within = [at for at in instants if at > now - MINUTE_NS]
        assert len(minute) == len(within)
        for most in range(-1, 8):
            least = next(
                w for w in range(61) if sum(at > now + w * SECOND_NS - MINUTE_NS for at in within) <= max(0, most)
            )
            assert minute.until_ns(most) == least * SECOND_NS
        minute.add()
        instants.append(now)
