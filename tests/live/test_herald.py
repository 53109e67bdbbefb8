"""What is told: entries that are new, warnings when they begin, and the error that ends the process."""

from __future__ import annotations

import re

import pytest

from engine.errors import Fenced, LedgerError, LedgerFailure
from engine.live.alarm import ALARMS, Alarm
from engine.live.alerts import ALERTS, AlertSender, AlertSettings
from engine.live.alerts.sender import AlertCounts
from engine.live.clock import Clock, WorldClock
from engine.live.feed import Gap, Mark
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.live.running.herald import Herald
from tests.live.clock import MovedClock
from tests.mutants.mutant import ROOT


def herald(clock: Clock | None = None) -> tuple[Herald, AlertSender, list[tuple[str, str]]]:
    """A herald with a channel in memory, its sender, and what the channel was given."""
    got: list[tuple[str, str]] = []

    def channel(title: str, body: str) -> bool:
        got.append((title, body))
        return True

    sender = AlertSender(AlertSettings(lowest="info"), clock or MovedClock(), {"memory": channel})
    return Herald(sender), sender, got


def test_a_warning_is_told_when_it_begins_and_not_while_it_lasts() -> None:
    clock = WorldClock()
    told, sender, got = herald(clock)
    holds: dict[str, str] = {}
    told.warnings = lambda: holds
    told.observe(Mark(1))
    holds["streak_warning"] = "3 of 5"
    told.observe(Gap(1, "feed"))  # not the end of an instant
    told.observe(Mark(2))
    told.observe(Mark(3))
    holds.clear()
    clock.sleep_ns(7_200 * 10**9)  # the sender does not repeat itself within an hour
    told.observe(Mark(4))
    holds["streak_warning"] = "again"
    told.observe(Mark(5))
    assert sender.close()
    assert [body.splitlines()[0] for _, body in got] == ["3 of 5", "again"]


def test_what_the_last_instant_brought_is_told_at_the_stop() -> None:
    told, sender, got = herald()
    stopped = Recorded(1, 1, 1, Entry(Kind.STOPPED, "stopped:1", 1, body={"reason": "asked to"}), "", "", "")
    told.apply(stopped)
    told.begin()
    told.warnings = lambda: {"drawdown_warning": "16 %"}
    told.apply(stopped)
    assert sender.close()
    assert [title for title, _ in got] == [
        "[info] the runner stopped",
        "[warning] the drawdown reached its warning: stakes are lower",
    ]


def test_what_held_when_an_earlier_process_stopped_was_told_then() -> None:
    told, sender, got = herald()
    stopped = Recorded(1, 1, 77, Entry(Kind.STOPPED, "stopped:1", 1, body={"reason": "asked to"}), "", "", "")
    at = list[int]()

    def held(wall_ns: int) -> frozenset[str]:
        at.append(wall_ns)
        return frozenset({"streak_warning"})

    told.warned = held
    told.apply(stopped)
    told.begin()
    holds = {"streak_warning": "3 of 5"}
    told.warnings = lambda: holds
    told.observe(Mark(1))
    holds["drawdown_warning"] = "16 %"  # after that stop, in a process that was killed, or now
    told.observe(Mark(2))
    assert sender.close()
    assert told.counts() == AlertCounts(sent=1, failed=0, dropped=0, repeated=0)
    assert at == [77] and [body.splitlines()[0] for _, body in got] == ["16 %"]


@pytest.mark.parametrize(
    ("error", "name"), [(Fenced("another epoch"), "lease_lost"), (LedgerFailure("disk full"), "ledger_failed")]
)
def test_an_error_that_ends_the_process_is_told(error: LedgerError, name: str) -> None:
    told, sender, got = herald()
    told.ended(error)
    assert sender.close()
    assert got == [(f"[critical] {ALERTS[name].text}", f"{error}\ndocs/runbook/{name}.md")]


def test_what_became_of_alerts_is_counted() -> None:
    def deaf(title: str, body: str) -> bool:
        return False

    settings = AlertSettings(lowest="warning", per_minute=1, attempts=1)
    sender = AlertSender(settings, MovedClock(), {"a": deaf, "b": lambda title, body: True})
    told = Herald(sender)
    for name in ("streak_warning", "streak_warning", "drawdown_warning", "promotion_expires"):
        told.tell(Alarm(name, "x"))
    assert sender.close()
    assert told.counts() == AlertCounts(sent=1, failed=1, dropped=2, repeated=1)
    assert {name: count.n for name, count in told.raised().items()} == {
        "streak_warning": 2, "drawdown_warning": 1, "promotion_expires": 1
    }  # fmt: skip
    assert Herald(AlertSender(settings, MovedClock(), {})).counts() is None


def test_an_alarm_without_an_alert_is_only_logged() -> None:
    told, sender, got = herald()
    told.tell(Alarm("of no table", "x"))
    assert sender.close() and not got


def test_something_tells_every_alert() -> None:
    """An alert in the table, with a page of the runbook, that nothing ever sends would be a false promise."""
    table = ROOT / "engine" / "live" / "alerts" / "table.py"
    words = {"breakers"} | set(ALARMS)
    for path in (*(ROOT / "engine" / "live").rglob("*.py"), *(ROOT / "research" / "monitor").rglob("*.py")):
        if path != table:
            words |= set(re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8")))
    prefixed = {f"{kind}_warning" for kind in ("drawdown", "streak")}
    silent = {name for name in ALERTS if name not in words | prefixed and not name.startswith("breaker_")}
    assert silent == set()
