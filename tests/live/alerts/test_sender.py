"""Alerts reach a real webhook; a channel that is dead, slow or mad holds nothing up and is counted."""

from __future__ import annotations

import logging
import socket
import sys
import threading

import pytest

from engine.errors import ConfigurationError
from engine.live.alerts import AlertSender, AlertSettings, channels_of, raised
from tests.live.alerts.webhook import webhook
from tests.live.clock import MovedClock

FAST = {"attempts": 1, "retry_after_s": 0.01}


def sender(clock: MovedClock | None = None, **settings: object) -> tuple[AlertSender, list[tuple[str, str]]]:
    """A sender with a channel in memory, and what that was given."""
    got: list[tuple[str, str]] = []

    def channel(title: str, body: str) -> bool:
        got.append((title, body))
        return True

    values = AlertSettings(channels={"memory": "X"}, **settings)
    return AlertSender(values, clock or MovedClock(), {"memory": channel}), got


def test_a_webhook_is_sent_severity_text_facts_and_page() -> None:
    with webhook() as server:
        settings = AlertSettings(channels={"hook": "HOOK"})
        alerts = AlertSender(settings, MovedClock(), channels_of(settings, {"HOOK": server.address}))
        assert alerts.send(raised("killed", "killed:1", "odd prices (ann)"))
        assert alerts.close(20.0)
    (body,) = server.bodies
    assert body["title"] == "[critical] the kill switch is set: nothing is sent"
    assert body["message"].splitlines() == ["odd prices (ann)", "docs/runbook/killed.md"]
    (status,) = alerts.status()
    assert (status.sent, status.failed, status.dead) == (1, 0, False)


def test_an_attempt_that_fails_is_made_again() -> None:
    with webhook() as server:
        server.statuses = [503]
        settings = AlertSettings(channels={"hook": "HOOK"}, attempts=2, retry_after_s=0.01)
        alerts = AlertSender(settings, MovedClock(), channels_of(settings, {"HOOK": server.address}))
        alerts.send(raised("killed"))
        assert alerts.close(20.0)
    assert len(server.bodies) == 1 and alerts.status()[0].failed == 0


def test_a_dead_channel_is_counted_and_the_others_get_everything() -> None:
    with socket.socket() as taken, webhook() as server:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        settings = AlertSettings(channels={"dead": "DEAD", "hook": "HOOK"}, **FAST)
        where = {"DEAD": f"json://127.0.0.1:{taken.getsockname()[1]}/", "HOOK": server.address}
        alerts = AlertSender(settings, MovedClock(), channels_of(settings, where))
        for n in range(3):
            assert alerts.send(raised("bet_unknown", str(n)))
        assert alerts.close(20.0)
    dead, hook = alerts.status()
    assert (dead.sent, dead.failed, dead.dead) == (0, 3, True)
    assert (hook.sent, hook.failed, hook.dead) == (3, 0, False) and len(server.bodies) == 3


def test_a_channel_that_hangs_holds_nothing_up_and_a_full_queue_is_counted() -> None:
    with webhook() as server:
        server.release.clear()
        settings = AlertSettings(channels={"hook": "HOOK"}, queue=2, **FAST)
        alerts = AlertSender(settings, MovedClock(), channels_of(settings, {"HOOK": server.address}))
        on_their_way = [alerts.send(raised("bet_unknown", str(n))) for n in range(10)]
        assert on_their_way.count(True) in (2, 3) and alerts.unqueued == on_their_way.count(False)
        server.release.set()
        assert alerts.close(20.0) and len(server.bodies) == on_their_way.count(True)


def test_a_channel_that_raises_is_a_channel_that_failed() -> None:
    def mad(title: str, body: str) -> bool:
        raise RuntimeError(title)

    alerts = AlertSender(AlertSettings(channels={"mad": "X"}, **FAST), MovedClock(), {"mad": mad})
    assert alerts.send(raised("killed")) and alerts.close(20.0)
    assert alerts.status()[0].failed == 1 and alerts.status()[0].dead


def test_the_same_alert_of_the_same_subject_is_sent_once_an_hour() -> None:
    clock = MovedClock()
    alerts, got = sender(clock)
    assert [alerts.send(raised("bet_unknown", key)) for key in ("a", "a", "b")] == [True, False, True]
    clock.pass_s(3599)
    assert not alerts.send(raised("bet_unknown", "a"))
    clock.pass_s(1)
    assert alerts.send(raised("bet_unknown", "a")) and alerts.close(20.0)
    assert len(got) == 3 and alerts.repeated == 2


def test_above_the_rate_warnings_are_left_out_and_said_so_but_critical_ones_are_sent() -> None:
    clock = MovedClock()
    alerts, got = sender(clock, per_minute=3)
    assert [alerts.send(raised("bet_undecided", str(n))) for n in range(5)] == [True] * 3 + [False] * 2
    assert alerts.send(raised("bet_unknown", "x")) and alerts.left_out == 2
    clock.pass_s(60)
    assert alerts.send(raised("bet_undecided", "later")) and alerts.close(20.0)
    assert [title for title, _ in got].count("[warning] alerts were left out, for there were too many") == 1
    assert len(got) == 6 and any(body.startswith("2 of them") for _, body in got)


def test_below_the_lowest_severity_nothing_is_sent() -> None:
    alerts, got = sender()
    assert not alerts.send(raised("started")) and alerts.send(raised("bet_undecided")) and alerts.close(20.0)
    assert len(got) == 1


def test_without_channels_there_is_no_thread_and_no_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    before = threading.active_count()
    alerts = AlertSender(AlertSettings(), MovedClock(), channels_of(AlertSettings(), {}))
    assert not alerts.send(raised("killed")) and alerts.close() and threading.active_count() == before


@pytest.mark.parametrize(
    ("environment", "words"),
    [({}, "BEA_PHONE"), ({"BEA_PHONE": "PLANTED-no-address"}, "not an address"), (None, "apprise")],
)
def test_a_channel_that_cannot_be_is_refused_in_one_line_without_its_address(
    environment: dict[str, str] | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if environment is None:
        monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigurationError, match=words) as raised_:
        channels_of(AlertSettings(channels={"phone": "BEA_PHONE"}), environment or {})
    assert "\n" not in str(raised_.value) and "PLANTED" not in str(raised_.value)


def test_no_address_is_in_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with webhook() as server:
        server.statuses = [500]
        settings = AlertSettings(channels={"hook": "HOOK"}, attempts=2, retry_after_s=0.01)
        alerts = AlertSender(settings, MovedClock(), channels_of(settings, {"HOOK": server.address}))
        alerts.send(raised("killed"))
        assert alerts.close(20.0) and len(server.bodies) == 1
    assert "PLANTED" not in caplog.text


@pytest.mark.parametrize("values", [{"lowest": "loud"}, {"per_minute": 0}, {"queue": -1}])
def test_settings_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=r"alerts\."):
        AlertSettings(**values)
