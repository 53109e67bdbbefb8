"""The message that all is well comes once a day, only when it is true, and over the same channels."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import DAY_NS, HOUR_NS
from engine.errors import ConfigurationError
from engine.live.alerts import AlertSender, AlertSettings, Count, raised
from engine.live.running.herald import Herald
from engine.live.running.pulse import pulse_of
from engine.live.running.status import BandLine, BreakerLine, Status
from engine.live.running.wellness import Wellness, faults
from tests.live.clock import MovedClock
from tests.live.running import scene

#: 14 November 2023, midnight
MIDNIGHT_NS = 1_699_920_000 * 10**9
NOW_NS = MIDNIGHT_NS + 8 * HOUR_NS
WELL = Status(
    runner="running", since_ns=NOW_NS - 3 * DAY_NS, equity_minor=100_550, currency="EUR", reasons={"placed": 1_200},
    breakers=(BreakerLine("clock", False), BreakerLine("alerts/phone", False)),
    bands=(BandLine("clv", 0.01, 0.0, 0.2, "inside"),),
)  # fmt: skip


def told(clock: MovedClock, **settings: Any) -> tuple[Herald, AlertSender, list[tuple[str, str]]]:
    """A herald with a channel in memory, its sender, and what the channel was given."""
    got: list[tuple[str, str]] = []
    values = AlertSettings(**settings)
    sender = AlertSender(values, clock, {"memory": lambda *words: got.append(words) is None}, "spring")
    return Herald(sender, Wellness(values.all_well_hour, clock)), sender, got


def test_it_is_said_once_a_day_at_its_hour_whatever_the_lowest_severity() -> None:
    clock = MovedClock(MIDNIGHT_NS)
    herald, sender, got = told(clock, lowest="critical")
    for hour in range(3 * 24):
        clock.wall = MIDNIGHT_NS + hour * HOUR_NS
        clock.pass_s(1)
        for _ in range(2):
            herald.look(
                WELL,
                clock.wall,
            )
    assert sender.close() and len(got) == 3
    assert got[0] == (
        "[info] spring: all is well",
        "runs for 3.0 days, equity 1,005.50 EUR, 0 open bets, 1,200 decisions\ndocs/runbook/all_well.md",
    )


def test_a_start_after_the_hour_waits_for_the_next_day_and_null_never_says_it() -> None:
    clock = MovedClock(NOW_NS)
    (herald, sender, got), (silent, silent_sender, nothing) = told(clock), told(clock, all_well_hour=None)
    for seconds in (1, 86_398, 1):
        clock.pass_s(seconds)
        herald.look(WELL, clock.wall)
        silent.look(WELL, clock.wall)
        assert sender.tally.counts().get("all_well", Count(0, 0)).n == (seconds == 1 and clock.wall > NOW_NS + HOUR_NS)
    assert sender.close() and silent_sender.close() and (len(got), nothing) == (1, [])


@pytest.mark.parametrize(
    ("change", "heard_ns", "tally", "words"),
    [
        ({"killed": True}, NOW_NS, {}, "the kill switch is set"),
        ({"breakers": (BreakerLine("clv", True),)}, NOW_NS, {}, "breaker clv"),
        ({"breakers": (BreakerLine("alerts/phone", True),)}, NOW_NS, {}, "channel phone is dead"),
        ({"unknown_minor": 1}, NOW_NS, {}, "a bet without an answer"),
        ({"bands": (BandLine("clv", -1.0, 0.0, 0.2, "outside"),)}, NOW_NS, {}, "clv is outside of its band"),
        ({}, NOW_NS - 901 * 10**9, {}, "the feed says nothing"),
        ({}, 0, {}, "the feed says nothing"),
        ({}, NOW_NS, {"bet_stranger": Count(1, NOW_NS - DAY_NS + 1)}, "alert bet_stranger within a day"),
    ],
)
def test_it_is_not_said_while_something_is_wrong_and_comes_when_that_has_ended(
    change: dict[str, Any], heard_ns: int, tally: dict[str, Count], words: str
) -> None:
    assert faults(replace(WELL, **change), heard_ns, tally, NOW_NS) == [words]
    clock = MovedClock(MIDNIGHT_NS)
    wellness = Wellness(8, clock)
    clock.wall = NOW_NS
    assert wellness.look(replace(WELL, **change), heard_ns, tally) is None
    clock.pass_s(3 * 3600)
    found = wellness.look(WELL, clock.wall, {})
    assert found is not None and found.alert.name == "all_well"
    assert wellness.look(WELL, clock.wall, {}) is None


def test_warnings_of_the_last_day_are_named_and_old_ones_and_informative_ones_are_not() -> None:
    tally = {
        "breaker_service": Count(9, NOW_NS - 1), "balance_differs": Count(1, NOW_NS - DAY_NS),
        "bet_stranger": Count(1, NOW_NS - DAY_NS), "started": Count(1, NOW_NS),
    }  # fmt: skip
    clock = MovedClock(MIDNIGHT_NS)
    wellness = Wellness(8, clock)
    clock.wall = NOW_NS
    found = wellness.look(WELL, NOW_NS, tally)
    assert found is not None and found.facts.endswith("decisions, warnings within a day: breaker_service")


def test_a_runner_says_it_with_its_pulse(home: Path, tmp_path: Path) -> None:
    scene.History.cut(1, tmp_path)
    clock = MovedClock(MIDNIGHT_NS)
    herald, sender, got = told(clock)
    with ExitStack() as stack:
        parts = scene.opened(scene.History.read(tmp_path), stack, around=scene.Around(machine=clock))
        parts = replace(parts, herald=herald)
        parts.runner.on_turn = lambda: parts.runner.pulse() and None
        parts.run()
        sender.send(raised("reads_fail"))
        clock.wall = NOW_NS
        parts.runner.heard_ns = NOW_NS
        pulse = pulse_of(parts.runner.pulse())
    assert sender.close() and [title for title, _ in got] == [
        "[warning] spring: look-ups at the venue fail", "[info] spring: all is well"
    ]  # fmt: skip
    assert pulse.raised == {"reads_fail": Count(1, MIDNIGHT_NS), "all_well": Count(1, NOW_NS)}


def test_alerts_that_were_left_out_are_told_without_another_alert() -> None:
    clock = MovedClock(MIDNIGHT_NS)
    herald, sender, got = told(clock, per_minute=1)
    for subject in "abc":
        sender.send(raised("bet_undecided", subject))
    herald.look(WELL, clock.wall)
    clock.pass_s(60)
    herald.look(WELL, clock.wall)
    herald.look(WELL, clock.wall)
    assert sender.close() and [body.splitlines()[0] for title, body in got if "left out" in title] == ["2 of them"]


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_is_none_is_refused(hour: int) -> None:
    with pytest.raises(ConfigurationError, match=r"alerts.all_well_hour: expected 0 to 23, or null, found"):
        AlertSettings(all_well_hour=hour)
