"""Ten orders a minute: the next one waits."""

from __future__ import annotations

import pytest

from engine.clock import SECOND_NS
from engine.live.ledger.entries import Entry, Kind
from tests.live.breakers.scene import Scene


def sent(scene: Scene, count: int, every_s: float = 0.0) -> None:
    """So many sends."""
    for n in range(count):
        scene.bet(f"k{len(scene.written)}-{n}", Kind.SENT)
        scene.clock.pass_s(every_s)


def test_the_eleventh_waits_until_the_first_is_a_minute_old() -> None:
    scene = Scene()
    sent(scene, 9, every_s=2)
    assert scene.breakers.wait_ns() == 0
    sent(scene, 1, every_s=2)
    assert scene.breakers.wait_ns() == 40 * SECOND_NS
    assert scene.reason() == ""
    scene.clock.pass_s(40)
    assert scene.breakers.wait_ns() == 0
    sent(scene, 1)
    assert scene.breakers.wait_ns() == 2 * SECOND_NS


def test_the_legs_of_a_request_wait_for_room_for_all_of_them() -> None:
    scene = Scene()
    sent(scene, 8, every_s=1)
    assert scene.breakers.wait_ns(2) == 0
    assert scene.breakers.wait_ns(3) == 52 * SECOND_NS and scene.breakers.wait_ns(5) == 54 * SECOND_NS
    assert scene.breakers.wait_ns(99) == 59 * SECOND_NS


def test_a_wall_clock_that_jumps_changes_no_wait_within_a_process() -> None:
    scene = Scene()
    sent(scene, 10)
    scene.clock.jump_s(3600)
    assert scene.breakers.wait_ns() == 60 * SECOND_NS


@pytest.mark.parametrize(("seconds", "wait"), [(25, 40), (61, 4), (65, 0), (-3600, 60)])
def test_a_restart_remembers_the_last_minute(seconds: float, wait: int) -> None:
    # a request may have left up to 5 s after its entry: it counts as that much younger
    scene = Scene()
    sent(scene, 10)
    scene.clock.jump_s(seconds)
    scene.restart()
    assert scene.breakers.wait_ns() == wait * SECOND_NS


def test_at_no_time_are_there_more_than_ten_in_any_minute() -> None:
    scene, times = Scene(), []
    for n in range(100):
        scene.clock.sleep_ns(scene.breakers.wait_ns())
        scene.clock.pass_s((n * 7 % 5) / 3)
        if not scene.breakers.wait_ns():
            sent(scene, 1)
            times.append(scene.clock.monotonic)
    assert len(times) > 50
    assert all(sum(start <= t < start + 60 * SECOND_NS for t in times) <= 10 for start in times)


def test_a_replay_never_waits() -> None:
    scene = Scene(live_feed=False)
    sent(scene, 30)
    assert scene.breakers.wait_ns() == 0
    (row,) = [row for row in scene.breakers.distances() if row.breaker == "order_rate"]
    assert row.state == "watched" and row.measured != row.measured  # a minute of a replay is none: no number


def test_sends_of_a_replay_are_none_of_the_last_minute_of_the_feed_that_follows() -> None:
    scene = Scene()
    scene.write(Entry(Kind.STARTED, "started:1", 0, body={"is_live": False}))
    sent(scene, 30)
    scene.write(Entry(Kind.STARTED, "started:2", 0, body={"is_live": True}))
    assert scene.breakers.wait_ns() == 0
    sent(scene, 10)
    assert scene.breakers.wait_ns() == 60 * SECOND_NS
