"""Reads that are asked again."""

from __future__ import annotations

import random

import pytest

from engine.clock import SECOND_NS
from engine.live.clock import WorldClock
from engine.live.wire.repeat import Repeated, Repeats
from engine.live.wire.request import Reply, Request, WireFailure

READ, ORDER = Request("GET", "https://host"), Request("POST", "https://host", changes=True)


class Script:
    """Answers one after the other; the last one for ever."""

    def __init__(self, *answers: Reply | WireFailure) -> None:
        self.answers, self.asked = list(answers), 0

    def exchange(self, request: Request) -> Reply:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(found, WireFailure):
            raise found
        return found


def repeated(script: Script, clock: WorldClock | None = None, **values: int) -> Repeated:
    return Repeated(script, Repeats(**values), clock or WorldClock(), random.Random(1))


def test_a_read_is_asked_until_it_is_answered() -> None:
    script = Script(WireFailure("timeout"), Reply(503, b""), Reply(200, b"{}"))
    assert repeated(script).exchange(READ).status == 200 and script.asked == 3


def test_an_order_is_sent_once() -> None:
    script = Script(WireFailure("timeout"))
    with pytest.raises(WireFailure):
        repeated(script).exchange(ORDER)
    assert script.asked == 1
    script = Script(Reply(503, b""))
    assert repeated(script).exchange(ORDER).status == 503 and script.asked == 1


def test_the_waits_double_with_jitter_from_their_upper_half() -> None:
    clock = WorldClock()
    with pytest.raises(WireFailure):
        repeated(Script(WireFailure("reset")), clock).exchange(READ)
    assert 3.5 <= clock.monotonic_ns() / SECOND_NS <= 7.0


def test_the_budget_of_a_minute_holds_over_all_requests_and_comes_back() -> None:
    clock, script = WorldClock(), Script(Reply(500, b""))
    wire = repeated(script, clock, a_minute=4, first_wait_ns=1)
    for _ in range(5):
        wire.exchange(READ)
    assert script.asked == 5 + 4
    clock.sleep_ns(60 * SECOND_NS)
    wire.exchange(READ)
    assert script.asked == 9 + 4


def test_a_wait_that_the_service_asks_for_is_kept_and_an_absurd_one_is_not_waited_for() -> None:
    clock, script = WorldClock(), Script(Reply(429, b"", {"retry-after": "9"}), Reply(200, b""))
    assert repeated(script, clock).exchange(READ).status == 200 and clock.monotonic_ns() >= 9 * SECOND_NS
    script = Script(Reply(429, b"", {"retry-after": "86400"}))
    assert repeated(script).exchange(READ).status == 429 and script.asked == 1
