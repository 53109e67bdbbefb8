"""Log lines: where they go, what they carry, and that five planted secrets are in none of them."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ConfigurationError
from engine.logs.secrets import HIDDEN, Secrets
from engine.logs.setup import LogSettings, correlated, logger, lost_lines, start, stop

PLANTED = ("venue-passw0rd", "AAtelegram-t0ken", "db-passw0rd", "session-c00kie", "api-key-5ecret")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    stop()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_carries_its_logger_level_and_correlation(tmp_path: Path) -> None:
    start(LogSettings(level="debug", console_level="off"), Secrets(), tmp_path / "logs" / "a.log")
    with correlated("ab12"):
        logger("engine.x").info("placed", odds=2.1)
        logging.getLogger("other").warning("of %s", "another library")
    logger("engine.x").debug("after")
    placed, other, after = lines(tmp_path / "logs" / "a.log")
    assert (placed["event"], placed["level"], placed["logger"]) == ("placed", "info", "engine.x")
    assert placed["odds"] == 2.1 and placed["correlation"] == other["correlation"] == "ab12"
    assert other["event"] == "of another library" and "correlation" not in after


def test_levels_by_setting(tmp_path: Path) -> None:
    settings = LogSettings(level="debug", console_level="off", levels={"engine.quiet": "error"})
    start(settings, Secrets(), tmp_path / "a.log")
    logger("engine.quiet").info("no")
    logger("engine.quiet").error("yes")
    logging.getLogger("httpx2").info("GET https://host")
    assert [line["event"] for line in lines(tmp_path / "a.log")] == ["yes"]


@pytest.mark.parametrize("form", ["console", "json"])
def test_five_planted_secrets_are_in_no_line(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    password, telegram, database, cookie, key = PLANTED
    start(LogSettings(level="debug", console_level="debug", format=form), Secrets([key, password]), tmp_path / "a.log")
    log = logger("engine.x")
    log.debug("login", user="me", password=password, nested={"deep": [{"x": key}]})
    log.info("address", url=f"https://api.telegram.org/bot1234567:{telegram}/send")
    logging.getLogger("httpx2").warning("GET %s", f"https://host/?ssoid={cookie}")
    try:
        raise ConnectionError(f"postgresql://me:{database}@host/base refused {key} as {password.encode()!r}")
    except ConnectionError:
        log.exception("failed", headers={"Cookie": cookie})
        logging.getLogger("any").exception("failed with %r", {"token": telegram})
    written = (tmp_path / "a.log").read_text() + capsys.readouterr().err
    assert written.count("failed") >= 4 and HIDDEN in written
    assert not [secret for secret in PLANTED if secret in written]


def test_without_the_filter_the_planted_secrets_would_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Secrets, "clean", lambda self, text: text)
    start(LogSettings(console_level="off"), Secrets(PLANTED), tmp_path / "a.log")
    logger("engine.x").info(PLANTED[0])
    assert PLANTED[0] in (tmp_path / "a.log").read_text()


def test_a_full_file_is_put_aside_and_five_are_kept(tmp_path: Path) -> None:
    start(LogSettings(console_level="off", file_max_mb=1, files=3), Secrets(), tmp_path / "a.log")
    for number in range(45):
        logger("engine.x").info("x" * 100_000, number=number)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 1_000_000 for path in tmp_path.iterdir())


def test_a_disk_that_is_full_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    start(LogSettings(console_level="off"), Secrets(), path)
    logger("engine.x").info("lost")
    assert lost_lines() == 1


def test_a_second_start_replaces_the_handlers_of_the_first(tmp_path: Path) -> None:
    before = len(logging.getLogger().handlers)
    start(LogSettings(console_level="off"), Secrets(), tmp_path / "a.log")
    start(LogSettings(console_level="off"), Secrets(), tmp_path / "b.log")
    logger("engine.x").info("once")
    assert len(logging.getLogger().handlers) == before + 2
    assert not (tmp_path / "a.log").read_text() and len(lines(tmp_path / "b.log")) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"level": "inof"}, "did you mean info"),
        ({"format": "jsn"}, "did you mean json"),
        ({"levels": {"a": "x"}}, "logs.a"),
        ({"files": 1}, "at least 2"),
        ({"file_max_mb": 0}, "at least 1"),
    ],
)
def test_settings_that_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        LogSettings(**values)  # type: ignore[arg-type]


def test_before_a_start_warnings_are_lines_on_stderr_without_secrets(tmp_path: Path) -> None:
    """As in a notebook: the output of a program stays its own."""
    words = (
        "from engine.logs.setup import logger, correlated\n"
        "one = logger('engine.live.some')\n"
        "one.info('not shown')\n"
        "with correlated('c0ffee'):\n"
        "    one.warning('odd', url='postgresql://me:hidden-by-form@host/x', note='plan7ed-value')\n"
        "print('its own')\n"
    )
    env = {**os.environ, "SOME_TOKEN": "plan7ed-value"}
    done = subprocess.run([sys.executable, "-c", words], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "its own\n"
    (line,) = done.stderr.splitlines()
    assert "odd" in line and "c0ffee" in line and "engine.live.some" in line and "warning" in line
    assert "plan7ed" not in line and "hidden-by-form" not in line


def test_structlog_comes_with_the_first_line() -> None:
    words = (
        "import logging, sys\n"
        "from engine.logs.secrets import Secrets\n"
        "from engine.logs.setup import LogSettings, logger, start\n"
        "start(LogSettings(format='json'), Secrets(['plan7ed-value']))\n"
        "print('structlog' in sys.modules)\n"
        "logging.getLogger('other').warning('of another library: plan7ed-value')\n"
        "logger('own').warning('ours')\n"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    other, own = map(json.loads, done.stderr.splitlines())
    assert (other["event"], other["logger"]) == (f"of another library: {HIDDEN}", "other")
    assert (own["event"], own["logger"], own["level"]) == ("ours", "own", "warning")
