"""Loss of power, failing writes and flushes, a full disk, a lock that stays: nothing that was written is lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.errors import LedgerError, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger import opening
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.opening import connect, ledger_path, look, open_ledger
from engine.live.ledger.session import has_reset_bug, sqlite_sessions
from engine.live.ledger.verify import verify
from tests.live.ledger.entries import FAST, OPENED, intended, placed

FRAME = 24 + 4096
HEADER = 32


def written(folder: Path) -> list[tuple[int, int, Path]]:
    """Write a ledger; after each append that returned: number of entries, size of the log, and a copy of both files."""
    ledger, stages = open_ledger("spring", OPENED, settings=FAST), []
    for number in range(1, 13):
        ledger.append([intended(number)])
        rows = ledger.append([Entry(Kind.SENT, f"sent:{number}:1", 15, f"{number:032x}")], sending=True)
        copy = both(folder / f"{number}.db")
        stages.append((rows[-1].number, Path(f"{copy}-wal").stat().st_size, copy))
    ledger.close()
    return stages


def both(copy: Path) -> Path:
    """Copies of the file and of its log as they are now."""
    shutil.copy(ledger_path("spring"), copy)
    shutil.copy(f"{ledger_path('spring')}-wal", f"{copy}-wal")
    return copy


def recovered(file: Path, log: bytes) -> int:
    """Entries of a ledger made of a file and a log after a loss of power; the chain must be sound."""
    path = ledger_path("spring")
    shutil.copy(file, path)
    Path(f"{path}-wal").write_bytes(log)
    store = connect("spring", FAST, SystemClock())
    found = verify(store.sessions, "spring")
    store.close()
    assert found.faults == ()
    return found.entries


def test_a_loss_of_power_at_any_byte_of_the_log_loses_no_entry_that_was_flushed(home: Path, tmp_path: Path) -> None:
    stages = written(tmp_path)
    rng = random.Random(41)
    _, size, last = stages[-1]
    log = Path(f"{last}-wal").read_bytes()
    assert (size - HEADER) % FRAME == 0
    frames = (size - HEADER) // FRAME
    cuts = [HEADER + FRAME * rng.randint(0, frames) for _ in range(70)] + [rng.randint(0, size) for _ in range(70)]
    lost = 0
    for cut in cuts:
        flushed = max((entries for entries, length, _ in stages if length <= cut), default=0)
        if flushed == 0:  # the tables were not there yet
            continue
        tail = rng.randbytes(rng.choice([0, 7, FRAME])) if cut % 2 else b""  # a sector that was not written in full
        kept = recovered(last, log[:cut] + tail)
        assert kept >= flushed
        lost += kept < 25
    assert lost > 50


def test_a_loss_of_power_while_the_log_is_copied_into_the_file_loses_nothing(home: Path, tmp_path: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=replace(FAST, checkpoint_bytes=1))
    for number in range(1, 30):
        ledger.append([intended(number), placed(number, f"b/{number}")])
    before = both(tmp_path / "before.db")
    ledger.renew()
    after = both(tmp_path / "after.db")
    ledger.close()
    assert Path(f"{after}-wal").stat().st_size == 0 < Path(f"{before}-wal").stat().st_size
    rng, log = random.Random(43), Path(f"{before}-wal").read_bytes()
    new, mixed, ragged = after.read_bytes(), tmp_path / "mixed.db", 0
    old = before.read_bytes().ljust(len(new), b"\0")
    for _ in range(60):
        starts = range(0, len(new), 4096)
        pages = [(new if rng.random() < 0.5 else old)[start : start + 4096] for start in starts]
        mixed.write_bytes(b"".join(pages))
        ragged += mixed.read_bytes() not in (old, new)
        assert recovered(mixed, log) == 59
    assert ragged > 50


@pytest.mark.slow
def test_every_failing_write_and_flush_ends_the_process_and_loses_nothing(tmp_path: Path) -> None:
    if shutil.which("cc") is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and LD_PRELOAD")
    words = [sys.executable, "-m", "tests.live.ledger.failing_disk", "11"]
    root = Path(__file__).resolve().parents[3]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])  # before it, words of the log
    assert found["wrong"] == [] and found["silent"] == 0 and found["failed"] >= 40
    assert found["causes"] == ["input/output error", "the disk is full"]


def test_a_full_disk_is_one_line_and_the_handle_is_not_used_again(home: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=FAST)
    with ledger._store.sessions.write() as connection:  # type: ignore[attr-defined]
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    told = []
    with pytest.raises(LedgerFailure, match=r"found the disk is full; free some space"):
        for number in range(1, 1000):
            ledger.append([intended(number), placed(number, f"b/{number}")])
            told.append(number)
    for act in (lambda: ledger.append([intended(5000)]), ledger.renew, ledger.controls, ledger.state):
        with pytest.raises(LedgerFailure, match="not used again"):
            act()
    ledger.close()
    again = open_ledger("spring", OPENED, settings=FAST)
    assert len(list(again.entries())) == 1 + 2 * len(told) > 1
    again.append([intended(5000)])
    again.close()


def test_a_lock_that_stays_is_a_failure_after_its_time(home: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=FAST)
    other = sqlite3.connect(ledger_path("spring"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerFailure, match="locked beyond the time-out"):
        ledger.append([intended(1)])
    watcher = look("spring", settings=FAST)
    assert len(list(watcher.entries())) == 1  # readers are not in the way of writers
    with pytest.raises(LedgerFailure, match="locked beyond the time-out"):
        watcher.control(Command.KILL, person="ann", reason="odd")
    other.execute("ROLLBACK")
    other.close()
    watcher.close()
    ledger.close()


def test_a_reader_keeps_nobody_from_writing_and_the_log_is_copied_later(home: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=replace(FAST, checkpoint_bytes=1))
    log = Path(f"{ledger_path('spring')}-wal")
    reader = sqlite3.connect(ledger_path("spring"), isolation_level=None)
    reader.execute("PRAGMA wal_autocheckpoint=0")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    ledger.append([intended(1)])
    ledger.renew()
    assert log.stat().st_size > 0
    reader.execute("ROLLBACK")
    reader.close()
    ledger.renew()
    assert log.stat().st_size == 0
    with ledger._store.sessions.write() as connection:  # type: ignore[attr-defined]
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == FAST.busy_timeout_ms  # as before
    assert len(list(ledger.entries())) == 2
    ledger.close()


def test_a_database_without_a_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sessions = sqlite_sessions(Path(":memory:"), FAST, SystemClock(), create=True)  # SQLite keeps no log of this one
    with pytest.raises(LedgerFailure, match="cannot be switched on, journal mode memory"), sessions.write():
        pass
    sessions.close()


def test_one_process_has_one_connection(home: Path) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    store = connect("spring", FAST, SystemClock())
    with pytest.raises(LedgerFailure, match="no free connection"), store.sessions.read():
        store.state()
    store.close()


def test_a_version_with_the_reset_bug_is_named_at_the_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(opening, "_LOG", SimpleNamespace(warning=lambda event, **_: said.append(event)))
    for bug in (True, False):
        monkeypatch.setattr(opening, "has_reset_bug", lambda bug=bug: bug)
        open_ledger("spring", OPENED, settings=FAST).close()
    assert said == ["sqlite_reset_bug"]


def test_only_the_holder_of_the_lease_copies_the_log(home: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=replace(FAST, checkpoint_bytes=1))
    other = look("spring", settings=replace(FAST, checkpoint_bytes=1))
    size = Path(f"{ledger_path('spring')}-wal").stat().st_size
    for number in range(30):
        other.control(Command.ACKNOWLEDGE, person="ann", reason=str(number))
    other.close()
    assert Path(f"{ledger_path('spring')}-wal").stat().st_size > size
    with ledger._store.sessions.write() as connection:  # type: ignore[attr-defined]
        for pragma, value in (("wal_autocheckpoint", 0), ("synchronous", 2), ("journal_mode", "wal")):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    ledger.close()


def test_a_folder_that_cannot_be_made_is_one_line(home: Path) -> None:
    (home / "data").write_text("a file")
    with pytest.raises(LedgerFailure, match=r"the ledger failed in .*found Not a directory"):
        open_ledger("spring", OPENED, settings=FAST)


def test_a_file_of_something_else_is_no_ledger(home: Path) -> None:
    path = ledger_path("spring")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all, but long enough to be looked at " * 40)
    with pytest.raises(LedgerError, match="no ledger"):
        open_ledger("spring", OPENED, settings=FAST)
    assert path.read_bytes().startswith(b"no database")


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
    ],
)
def test_versions_with_the_reset_bug(version: tuple[int, int, int], affected: bool) -> None:
    assert has_reset_bug(version) is affected
