"""Wall time against monotonic time."""

from __future__ import annotations

import pytest

from engine.live.ledger.entries import Kind
from tests.live.breakers.scene import Scene


@pytest.mark.parametrize("seconds", [2.01, -2.01, 3600.0, -3600.0, 8 * 3600.0])
def test_a_jump_stops_bets_until_the_clock_has_been_quiet(seconds: float) -> None:
    scene = Scene()
    scene.turn()
    scene.clock.jump_s(seconds)
    (entry,) = scene.turn()
    assert entry.kind is Kind.TRIPPED and f"{seconds:+.1f} s" in entry.body["cause"]
    assert scene.reason() == "clock" and scene.turn() == []
    scene.clock.pass_s(59.9)
    assert scene.turn() == []
    scene.clock.pass_s(0.1)
    assert [e.kind for e in scene.turn()] == [Kind.RESUMED] and scene.reason() == ""


def test_two_seconds_are_no_jump_and_two_small_jumps_are_one() -> None:
    scene = Scene()
    scene.turn()
    scene.clock.jump_s(2.0)
    assert scene.turn() == []
    scene.clock.jump_s(0.1)
    assert [entry.body["breaker"] for entry in scene.turn()] == ["clock"]


def test_time_that_passes_and_a_slow_adjustment_are_no_jump() -> None:
    scene = Scene()
    for _ in range(100):
        scene.clock.pass_s(300)
        scene.clock.jump_s(0.15)  # 500 parts in a million
        assert scene.turn() == []


def test_a_second_jump_begins_the_quiet_time_anew() -> None:
    scene = Scene()
    scene.turn()
    scene.clock.jump_s(5)
    scene.turn()
    scene.turn()
    scene.clock.pass_s(50)
    scene.clock.jump_s(-5)
    assert scene.turn() == []
    scene.clock.pass_s(50)
    assert scene.turn() == []
    scene.clock.pass_s(10)
    assert [entry.kind for entry in scene.turn()] == [Kind.RESUMED]


def test_a_restart_keeps_the_trip() -> None:
    scene = Scene()
    scene.turn()
    scene.clock.jump_s(5)
    scene.turn()
    scene.restart()
    assert scene.reason() == "clock" and scene.turn() == []


def test_a_clock_that_was_set_back_between_two_processes_is_seen_by_the_ledger() -> None:
    scene = Scene()
    scene.bet("a", Kind.INTENDED)
    scene.clock.jump_s(-3600)
    scene.restart()
    assert scene.reason() == "clock"
    (entry,) = scene.turn()
    assert "-3600.0 s" in entry.body["cause"] and scene.reason() == "clock"
    scene.turn()
    scene.clock.pass_s(60)
    assert [entry.kind for entry in scene.turn()] == [Kind.RESUMED] and scene.reason() == ""


def test_a_replay_has_a_clock_of_its_own() -> None:
    scene = Scene(live_feed=False)
    scene.turn()
    scene.clock.jump_s(10**6)
    assert scene.turn() == []
