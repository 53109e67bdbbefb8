"""Five planted secrets: nothing that a day writes holds one, at any level and in error paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.live.feed import FeedFailure, Message
from engine.live.ledger.entries import Kind
from engine.live.venue import Order, Receipt, VenueFailure
from engine.logs.secrets import Secrets, environment_secrets
from engine.logs.setup import LogSettings, logger, start, stop
from research.commands.main import main
from tests.live.running import scene

#: of a venue, a session, a database, an alert channel, a feed
PLANTED = ("venue-passw0rd", "session-c00kie-99", "database-passw0rd", "AAtelegram-t0ken-77", "feed-key-5ecret")
VENUE, SESSION, DATABASE, CHANNEL, FEED = PLANTED


@pytest.fixture()
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A log at every level, and secrets in the environment."""
    monkeypatch.setenv("VENUE_PASSWORD", VENUE)
    monkeypatch.setenv("FEED_API_KEY", FEED)
    environment = {"VENUE_PASSWORD": VENUE, "FEED_API_KEY": FEED}
    start(
        LogSettings(level="debug", console_level="debug"), Secrets(environment_secrets(environment)), tmp_path / "log"
    )
    yield tmp_path / "log"
    stop()


def written(folder: Path) -> bytes:
    """Every byte of every file below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_day_with_failures_writes_none_of_them(home: Path, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = home / "scene"
    data.mkdir()
    scene.History.cut(3, data)
    with ExitStack() as stack:
        parts = scene.opened(scene.History.read(data), stack)
        room, feed = parts.room, parts.runner._world.feed
        answers, polls = [0], [0]
        place, poll = room.executor.venue.place, feed.poll

        def failing_place(orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
            answers[0] += 1
            if answers[0] == 2:
                raise ConnectionError(f"https://me:{VENUE}@venue/bets?ssoid={SESSION}")
            return place(orders)

        def failing_poll(timeout_ns: int) -> Sequence[Message] | None:
            polls[0] += 1
            if polls[0] in (2, 3, 4):  # below the threshold of the breaker
                raise FeedFailure(f"https://feed/odds?apikey={FEED} refused; token={CHANNEL}")
            return poll(timeout_ns)

        room.executor.venue.place = failing_place  # type: ignore[method-assign]
        feed.poll = failing_poll  # type: ignore[method-assign]
        parts.runner.run()
        try:
            raise OSError(f"postgresql://me:{DATABASE}@host/base and tgram://1234567:{CHANNEL}/9")
        except OSError:
            logger("engine.x").exception("failed", cookie=SESSION, password=VENUE)
    kinds = [one.entry.kind for one in scene.entries()]
    assert Kind.UNKNOWN in kinds and kinds.count(Kind.SETTLED) > 1
    everything = written(home) + logs.read_bytes() + "".join(capsys.readouterr()).encode()
    assert b"the feed failed" in everything and b"failed" in logs.read_bytes()
    assert not [secret for secret in PLANTED if secret.encode() in everything]


def test_the_error_line_of_a_command_holds_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VENUE_PASSWORD", VENUE)
    assert main(["status", f"{VENUE}?token={FEED}"]) != 0
    shown = "".join(capsys.readouterr())
    assert "error:" in shown and VENUE not in shown and FEED not in shown
