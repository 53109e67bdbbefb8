"""The loop: a day to its end, stops, controls of other processes, a second runner, failures of the feed."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from engine.errors import ConfigurationError, Fenced
from engine.live.alarm import Alarm
from engine.live.alerts.sender import AlertCounts
from engine.live.clock import WorldClock
from engine.live.feed import Feed, FeedFailure, Gap, Mark, Message
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Kind
from engine.live.ledger.opening import look
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.assembly import Assembled
from engine.live.running.runner import RunnerSettings
from tests.live.running import scene

#: a second runner that does not wait long for the lease of the first
HASTY = LedgerSettings(lease_ttl_ms=300, takeover_margin_ms=50, renew_after_ms=100, poll_ms=20)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> scene.History:
    """Three days of the sample."""
    folder = tmp_path_factory.mktemp("scene")
    scene.History.cut(3, folder)
    return scene.History.read(folder)


@pytest.fixture()
def parts(history: scene.History, home: Path) -> Iterator[Assembled]:
    """A runner over a new ledger."""
    with ExitStack() as stack:
        yield scene.opened(history, stack)


def kinds() -> list[str]:
    return [one.entry.kind.value for one in scene.entries()]


def control(command: Command, subject: str = "", reason: str = "a test") -> int:
    """Append a control row as another process would."""
    with closing(look(scene.NAME)) as ledger:
        return ledger.control(command, subject=subject, person="me", reason=reason).number


class Interrupted:
    """A feed that calls something before one of its polls."""

    def __init__(self, feed: Feed, at: int, act: object) -> None:
        self.name, self.is_live = feed.name, feed.is_live
        self._feed, self._left, self._act = feed, at, act

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the feed, after the act."""
        self._left -= 1
        if self._left == 0:
            self._act()  # type: ignore[operator]
        return self._feed.poll(timeout_ns)


def interrupt(parts: Assembled, at: int, act: object) -> None:
    """Let something happen before the n-th poll of the feed."""
    world = parts.runner._world
    object.__setattr__(world, "feed", Interrupted(world.feed, at, act))


def test_a_day_ends_settled_and_on_record(parts: Assembled) -> None:
    assert parts.runner.run() == "the feed has ended"
    found, status = kinds(), parts.status("scene")
    assert found[:3] == ["opened", "capital", "started"] and found[-1] == "stopped"
    assert found.count("intended") == found.count("sent") == found.count("placed") + found.count("rejected") > 3
    assert found.count("settled") == found.count("placed") and status.reserved_minor == status.open_minor == 0
    assert status.equity_minor == status.bankroll_minor + status.pnl_minor - status.commission_minor
    assert status.equity_minor == parts.room.account.equity_minor
    assert status.latency.n == found.count("intended") and 0 < (status.latency.fsync_frac or 0) < 1
    assert status.runner == "stopped" and sum(status.reasons.values()) > 10


def test_the_same_day_twice_gives_the_same_entries(history: scene.History, tmp_path: Path) -> None:
    days = []
    for name in ("a", "b"):
        os.environ["BEA_HOME"] = str(tmp_path / name)
        scene.traded(history)
        days.append([(e.entry.key, e.entry.money, e.entry.at_ns) for e in scene.entries()])
    del os.environ["BEA_HOME"]
    assert days[0] == days[1] and len(days[0]) > 20


def test_a_clock_of_the_machine_is_not_set_by_a_feed_that_is_live(parts: Assembled) -> None:
    world, clock = parts.runner._world, parts.runner._world.clock
    assert isinstance(clock, WorldClock)
    clock.reach(5 * 10**18)
    feed = Interrupted(world.feed, 0, None)
    feed.is_live = True
    object.__setattr__(world, "feed", feed)
    assert parts.runner.run() == "the feed has ended" and clock.wall_ns() >= 5 * 10**18
    started = next(one.entry for one in scene.entries() if one.entry.kind is Kind.STARTED)
    assert started.at_ns == 5 * 10**18


@pytest.mark.parametrize("at", [1, 2, 4, 7])
def test_a_stop_finishes_what_is_under_way_and_the_next_start_goes_on(
    at: int, history: scene.History, home: Path
) -> None:
    with ExitStack() as stack:
        parts = scene.opened(history, stack)
        parts.runner.run()
        whole = scene.essence(scene.entries())
    for path in (home / "data" / "ledger").iterdir():
        path.unlink()
    with ExitStack() as stack:
        parts = scene.opened(history, stack)

        def two_signals() -> None:
            parts.runner.stop("first")
            parts.runner.stop("second")

        interrupt(parts, at, two_signals)
        assert parts.runner.run() == "first"
    assert kinds()[-1] == "stopped" and "sent" not in kinds()[-1:]
    assert kinds().count("intended") == kinds().count("placed") + kinds().count("rejected")
    assert scene.traded(history) == "the feed has ended"
    assert scene.essence(scene.entries()) == whole


def test_signals_of_the_system_stop_the_runner(parts: Assembled) -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: parts.runner.stop("a signal"))
    try:
        interrupt(parts, 3, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert parts.runner.run() == "a signal"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_kill_switch_lets_nothing_out_and_a_person_ends_it(parts: Assembled) -> None:
    interrupt(parts, 1, lambda: control(Command.KILL, reason="stop it"))
    parts.runner.run()
    entries = scene.entries()
    killed = next(one for one in entries if one.entry.kind is Kind.KILLED)
    assert killed.entry.body["person"] == "me" and killed.entry.body["reason"] == "stop it"
    assert not [one for one in entries if one.entry.kind is Kind.SENT and one.number > killed.number]
    assert parts.status("scene").killed and parts.status("scene").reasons.get("killed", 0) > 0


def test_a_resume_is_taken_once_with_its_person_and_reason(history: scene.History, home: Path) -> None:
    with ExitStack() as stack:
        parts = scene.opened(history, stack)
        control(Command.KILL)
        interrupt(parts, 2, lambda: control(Command.RESUME, reason="all is well"))
        parts.runner.run()
    resumed = [one.entry for one in scene.entries() if one.entry.kind is Kind.RESUMED]
    assert len(resumed) == 1 and (resumed[0].body["person"], resumed[0].body["reason"]) == ("me", "all is well")
    assert "sent" in kinds()[kinds().index("resumed") :]
    scene.traded(history)
    assert kinds().count("resumed") == kinds().count("killed") == 1


def test_a_stop_row_ends_the_runner_that_is_there_and_no_later_one(history: scene.History, home: Path) -> None:
    with ExitStack() as stack:
        parts = scene.opened(history, stack)
        interrupt(parts, 2, lambda: control(Command.STOP, reason="enough"))
        assert parts.runner.run() == "me: enough"
    control(Command.STOP)
    assert scene.traded(history) == "the feed has ended"


def test_a_second_runner_is_refused_in_one_line(parts: Assembled, history: scene.History) -> None:
    refusals: list[str] = []

    def second() -> None:
        with ExitStack() as stack:
            try:
                scene.opened(history, stack, settings=HASTY)
            except Fenced as refusal:
                refusals.append(str(refusal))

    thread = threading.Thread(target=second)
    thread.start()
    while thread.is_alive():
        parts.room.journal.ledger.renew()
        thread.join(0.02)
    assert len(refusals) == 1 and "\n" not in refusals[0]


def test_a_feed_that_fails_is_asked_again(parts: Assembled) -> None:
    def fail() -> None:
        raise FeedFailure("timeout")

    interrupt(parts, 2, fail)
    assert parts.runner.run() == "the feed has ended" and kinds().count("settled") > 2


class Quiet(Interrupted):
    """A source that fails at every second poll, while its feed says that time passes."""

    def __init__(self, feed: Feed, polls: int, at_ns: int) -> None:
        super().__init__(feed, polls, lambda: None)
        self._at_ns = at_ns

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the feed, after ten polls."""
        self._left -= 1
        if self._left < 0:
            return self._feed.poll(timeout_ns)
        if self._left % 2:
            raise FeedFailure("timeout")
        return [Gap(self._at_ns, self.name), Mark(self._at_ns)]


def test_what_a_feed_says_while_its_source_is_silent_is_no_answer(history: scene.History, parts: Assembled) -> None:
    world, first = parts.runner._world, history.quotes["known_at"].min()
    assert isinstance(first, dt.datetime)
    before_ns = int(first.timestamp() - 1.0) * 10**9
    object.__setattr__(world, "feed", Quiet(world.feed, 10, before_ns))
    assert parts.runner.run() == "the feed has ended"
    bodies = [one.entry.body for one in scene.entries() if one.entry.kind is Kind.TRIPPED]
    assert [body["breaker"] for body in bodies if "source" in str(body["breaker"])] == ["service/source/replay"]


class Unset(Interrupted):
    """A feed whose first mark has no instant."""

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """As the feed, after that mark."""
        self._left -= 1
        return [Mark(0)] if not self._left else self._feed.poll(timeout_ns)


def test_a_mark_without_an_instant_is_refused_and_no_day_is_recorded_for_it(parts: Assembled) -> None:
    world = parts.runner._world
    object.__setattr__(world, "feed", Unset(world.feed, 1, None))
    assert parts.runner.run() == "the feed has ended"
    assert world.market.refused["instant"] == 1
    assert 0 < kinds().count("rolled") <= 6 and kinds().count("settled") > 2


def failing(parts: Assembled, asked: list[int], failures: int) -> Callable[[], None]:
    """Fail so often in a row; `asked` gets the monotonic instants."""

    def fail() -> None:
        asked.append(parts.runner._world.clock.monotonic_ns())
        if len(asked) < failures:
            parts.runner._world.feed._left = 1  # type: ignore[attr-defined]
        raise FeedFailure("timeout")

    return fail


def test_a_feed_that_fails_for_long_is_left_alone_then_probed_and_the_day_goes_on(
    history: scene.History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[object] = []
    asked: list[int] = []
    for failures in (0, 12):
        monkeypatch.setenv("BEA_HOME", str(tmp_path / str(failures)))
        with ExitStack() as stack:
            parts = scene.opened(history, stack)
            if failures:
                interrupt(parts, 3, failing(parts, asked, failures))
            assert parts.runner.run() == "the feed has ended"
        trips = [one for one in scene.entries() if one.entry.kind in (Kind.TRIPPED, Kind.RESUMED)]
        days.append(scene.essence([one for one in scene.entries() if one not in trips]))
    assert days[0] == days[1]
    of_source = [(e.kind.value, e.key) for e in (one.entry for one in trips) if "source" in str(e.body["breaker"])]
    assert [kind for kind, _ in of_source] == ["tripped", "resumed"]
    waits_s = [(after - before) / 10**9 for before, after in pairwise(asked)]
    assert waits_s[:4] == [0.05, 0.1, 0.2, 0.4] and len(waits_s) == 11 and min(waits_s[4:]) >= 30.0


def test_a_replay_at_a_finite_speed_waits_and_can_be_stopped(history: scene.History, home: Path) -> None:
    with ExitStack() as stack:
        parts = scene.opened(history, stack)
        object.__setattr__(parts.runner._world, "speed", 1e9)
        parts.runner.on_turn = lambda: parts.runner.stop("enough")
        assert parts.runner.run() == "enough"


def test_marks_without_messages_do_nothing(parts: Assembled) -> None:
    day = parts.runner._start()
    before = len(scene.entries())
    parts.runner._take(Mark(5), day)
    assert len(scene.entries()) == before


@pytest.mark.parametrize("name", ["poll_ms", "renew_every_ms", "window_s"])
def test_settings_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"runner.{name}: expected above 0, found 0"):
        RunnerSettings(**{name: 0})


def test_warnings_and_the_error_that_ends_the_process_are_told(
    parts: Assembled, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Alarm] = []
    monkeypatch.setattr(parts.herald, "tell", told.append)
    monkeypatch.setattr(parts.room.breakers, "warnings", lambda: ("streak",))
    interrupt(parts, 5, lambda: (_ for _ in ()).throw(Fenced("another runner")))
    with pytest.raises(Fenced):
        parts.run()
    assert [one.name for one in told] == ["streak_warning", "lease_lost"]
    assert "bets stop at" in told[0].text and "another runner" in told[1].text


def test_a_promotion_that_ends_within_a_week_is_told_once_and_one_that_has_ended_ends_the_runner(
    history: scene.History, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires_ns, day_ns = 1_800_000_000 * 10**9, 86_400 * 10**9
    for left_days, count, end in ((8, 0, "enough"), (6, 1, "enough"), (-1, 0, "the promotion has expired")):
        told: list[Alarm] = []
        monkeypatch.setattr("time.time_ns", lambda left_days=left_days: expires_ns - left_days * day_ns)
        with ExitStack() as stack:
            parts = scene.opened(history, stack, expires_ns=expires_ns)
            monkeypatch.setattr(parts.herald, "tell", told.append)
            interrupt(parts, 3, lambda runner=parts.runner: runner.stop("enough"))
            assert parts.run() == end
        assert [one.name for one in told].count("promotion_expires") == count


def test_a_warning_that_was_told_is_not_told_again_after_a_restart(
    history: scene.History, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns = 1_800_000_000 * 10**9
    monkeypatch.setattr("time.time_ns", lambda: now_ns)
    monkeypatch.setattr(scene, "CONFIGURATION", replace(scene.CONFIGURATION, drawdown_warn_frac=0.0))
    starts: list[list[str]] = []
    for killed in (False, False, True, False):
        told: list[Alarm] = []
        with ExitStack() as stack:
            parts = scene.opened(history, stack, expires_ns=now_ns + 6 * 86_400 * 10**9)
            monkeypatch.setattr(parts.herald, "tell", told.append)
            if killed:  # before it says that it stops
                monkeypatch.setattr(parts.runner, "_finish", lambda: None)
            parts.run()
        starts.append(sorted(one.name for one in told))
    assert starts == [["drawdown_warning", "promotion_expires"], [], [], []]


def test_a_stop_keeps_what_became_of_the_alerts(parts: Assembled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.herald, "counts", lambda: AlertCounts(3, 1, 0, 2))
    interrupt(parts, 2, lambda: parts.runner.stop("enough"))
    parts.run()
    assert scene.entries()[-1].entry.body["alerts"] == {"sent": 3, "failed": 1, "dropped": 0, "repeated": 2}
    assert parts.status("scene").alerts == AlertCounts(3, 1, 0, 2)
