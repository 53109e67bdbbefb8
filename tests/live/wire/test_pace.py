"""The bucket of tokens."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.clock import WorldClock
from engine.live.wire.pace import Paced, TokenBucket
from engine.live.wire.request import Reply, Request


def test_no_window_of_a_second_holds_more_than_rate_and_burst() -> None:
    clock = WorldClock()
    bucket, left = TokenBucket(clock, rate_per_s=30, burst=5), []
    for _ in range(200):
        bucket.take()
        left.append(clock.monotonic_ns())
    most = max(sum(start <= at < start + SECOND_NS for at in left) for start in left)
    assert 30 <= most <= 35


def test_a_pause_fills_the_bucket_up_to_its_burst_and_no_further() -> None:
    clock = WorldClock()
    bucket = TokenBucket(clock, rate_per_s=1, burst=2)
    clock.sleep_ns(100 * SECOND_NS)
    assert [bucket.take() // SECOND_NS for _ in range(3)] == [0, 0, 1]


def test_each_request_of_a_paced_wire_takes_a_token() -> None:
    class Wire:
        def exchange(self, request: Request) -> Reply:
            return Reply(200, b"")

    clock = WorldClock()
    wire = Paced(Wire(), TokenBucket(clock, rate_per_s=1, burst=1))
    for _ in range(3):
        wire.exchange(Request("GET", "https://host"))
    assert clock.monotonic_ns() == 2 * SECOND_NS


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rate"):
        TokenBucket(WorldClock(), rate_per_s=0, burst=1)
