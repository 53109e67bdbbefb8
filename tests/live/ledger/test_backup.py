"""Copies of a ledger come back whole, under another name, in another kind of database; damaged ones are refused."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LedgerError, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger import backup as copies
from engine.live.ledger import schema
from engine.live.ledger.backup import backup, export, restore
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.migrate import upgrade
from engine.live.ledger.opening import connect, ledger_names, ledger_path, look, open_ledger
from engine.live.ledger.session import sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.verify import verify
from tests.live.ledger.conftest import Open
from tests.live.ledger.entries import FAST, OPENED, intended, placed


def filled(opening: Open) -> list[str]:
    """Hashes of the entries of a ledger `spring`, whose runner goes on."""
    ledger = opening()
    ledger.append([intended(1), placed(1, "pinnacle/7")])
    ledger.control(Command.KILL, person="ann", reason="odd\x00 \u00e9\udc80")
    return [row.hash for row in ledger.entries()]


def copied(settings: LedgerSettings, path: Path, *, lines: bool) -> int:
    """A backup or an export of `spring`; the number of its last entry."""
    store = connect("spring", settings, SystemClock())
    try:
        return (export if lines else backup)(store.sessions, "spring", path).number
    finally:
        store.close()


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("to", ["sqlite", "same"])
def test_a_copy_comes_back_whole_and_bets_only_when_it_is_adopted(
    opening: Open, settings: LedgerSettings, tmp_path: Path, lines: bool, to: str
) -> None:
    hashes = filled(opening)
    path = tmp_path / "copies" / "of today" / "spring.copy"
    assert copied(settings, path, lines=lines) == 3
    target = settings if to == "same" else FAST
    found = restore(path, "autumn", settings=target)
    assert found.faults == () and found.entries == 3 and found.restored == hashes[-1]
    store = connect("autumn", target, SystemClock())
    assert verify(store.sessions, "autumn", hashes[-1]) == found
    store.close()
    assert "autumn" in ledger_names(target)
    ledger = opening("autumn", settings=target)
    assert [row.hash for row in ledger.entries()] == hashes
    assert ledger.controls()[0].reason == "odd\ufffd \u00e9\ufffd" and ledger.epoch == 2
    with pytest.raises(LedgerError, match="restored from a backup"):
        ledger.control(Command.RESUME, person="ann", reason="good")
        ledger.append([Entry(Kind.SENT, "sent:2:1", 5)], sending=True)
    ledger.append([intended(2)])
    ledger.adopt()
    ledger.append([Entry(Kind.SENT, "sent:2:1", 5)], sending=True)
    ledger.close()
    assert opening("autumn", settings=target).restored() == ""


def test_a_ledger_is_restored_on_a_new_machine(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    copied(FAST, tmp_path / "copy", lines=False)
    monkeypatch.setenv("BEA_HOME", str(tmp_path / "new"))
    assert restore(tmp_path / "copy", "spring", settings=FAST).entries == 1
    ledger = open_ledger("spring", OPENED, settings=FAST)
    assert ledger.restored() and ledger.epoch == 2
    ledger.close()


def test_a_copy_of_a_file_is_one_file_that_needs_no_log(home: Path, tmp_path: Path) -> None:
    ledger = open_ledger("spring", OPENED, settings=FAST)
    (row,) = ledger.append([intended(1)])
    path, store = tmp_path / "spring.db", connect("spring", FAST, SystemClock())
    state = backup(store.sessions, "spring", path)
    store.close()
    assert (state.number, state.hash) == (2, row.hash) and state == ledger.state()
    assert path.read_bytes()[18:20] == b"\x01\x01"  # file format of SQLite: written and read without a log
    ledger.close()


@pytest.mark.parametrize("lines", [False, True])
def test_large_ledgers_are_copied_in_blocks(
    opening: Open, settings: LedgerSettings, tmp_path: Path, lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_BLOCK", 3)
    ledger = opening()
    ledger.append([intended(number) for number in range(1, 12)])
    hashes = [row.hash for row in ledger.entries()]
    copied(settings, tmp_path / "copy", lines=lines)
    assert restore(tmp_path / "copy", "autumn", settings=settings).entries == 12
    other = look("autumn", settings=settings)
    assert [row.hash for row in other.entries()] == hashes
    other.close()


def test_a_ledger_that_comes_while_another_is_restored_stays(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    copied(FAST, tmp_path / "copy", lines=False)
    marked = copies._marked

    def slowly(*words: Any) -> Any:
        ledger_path("autumn").write_text("came first")
        return marked(*words)

    monkeypatch.setattr(copies, "_marked", slowly)
    with pytest.raises(LedgerError, match="a ledger of this name is there"):
        restore(tmp_path / "copy", "autumn", settings=FAST)
    assert ledger_path("autumn").read_text() == "came first"
    ledger_path("autumn").unlink()
    monkeypatch.setattr(copies, "flush_folder", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(LedgerFailure, match="No space left"):
        restore(tmp_path / "copy", "winter", settings=FAST)


def test_a_file_that_is_damaged_is_not_copied(home: Path, tmp_path: Path) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    store = connect("spring", FAST, SystemClock())
    ledger_path("spring").write_bytes(b"no ledger any more " * 500)
    with pytest.raises(LedgerFailure, match="not a database"):
        backup(store.sessions, "spring", tmp_path / "copy")
    assert list(tmp_path.glob("*copy*")) == []
    store.close()


def test_nothing_is_overwritten(opening: Open, settings: LedgerSettings, tmp_path: Path) -> None:
    filled(opening)
    path = tmp_path / "spring.copy"
    copied(settings, path, lines=True)
    before = path.read_bytes()
    for lines in (False, True):
        with pytest.raises(LedgerError, match="the file is there already"):
            copied(settings, path, lines=lines)
    with pytest.raises(LedgerError, match="a ledger of this name is there"):
        restore(path, "spring", settings=settings)
    assert path.read_bytes() == before
    assert not [one for one in tmp_path.rglob("*") if one.name.startswith(".")]


def test_a_file_that_comes_while_a_copy_is_made_stays(opening: Open, tmp_path: Path) -> None:
    filled(opening)
    path = tmp_path / "spring.copy"
    with pytest.raises(LedgerError, match="there already"), copies._new_file(path) as temporary:
        temporary.write_text("new")
        path.write_text("old")
    assert path.read_text() == "old"


@pytest.mark.parametrize("change", ["cut", "row", "bit", "format", "number", "head"])
def test_a_damaged_export_is_refused_and_leaves_nothing(home: Path, tmp_path: Path, change: str) -> None:
    ledger = open_ledger("spring", OPENED, settings=FAST)
    ledger.append([intended(1), placed(1, "pinnacle/7")])
    ledger.close()
    path = tmp_path / "spring.jsonl"
    copied(FAST, path, lines=True)
    lines = path.read_text().splitlines()
    if change == "cut":
        lines = lines[:-2]
    elif change == "row":
        del lines[2]
    elif change == "bit":
        lines[2] = lines[2].replace("500", "501", 1)
    elif change == "format":
        lines[0] = json.dumps({"format": "other"})
    elif change == "number":
        del lines[2]
        lines[-1] = lines[-1].replace('"entries": 3', '"entries": 2')
    else:
        lines[-1] = lines[-1].replace('"head": "', '"head": "0')
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(LedgerError):
        restore(path, "autumn", settings=FAST)
    assert not ledger_path("autumn").exists()
    assert [one.name for one in ledger_path("autumn").parent.iterdir() if "autumn" in one.name] == []


def test_files_that_are_no_backup_are_refused(home: Path, tmp_path: Path) -> None:
    text, other, newer = tmp_path / "text", tmp_path / "other.db", tmp_path / "newer.db"
    text.write_bytes(b"\xff\xfe no ledger")
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE bets (a)")
    connection.close()
    open_ledger("spring", OPENED, settings=FAST).close()
    shutil.copy(ledger_path("spring"), newer)
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    for path, words in (
        (text, "no export"),
        (other, "no ledger"),
        (newer, "newer schema"),
        (tmp_path / "nothing", "no such file"),
    ):
        with pytest.raises(LedgerError, match=words):
            restore(path, "autumn", settings=FAST)


def test_a_backup_of_an_older_schema_is_brought_up_to_date(home: Path, tmp_path: Path) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    old = tmp_path / "old.db"
    sessions = sqlite_sessions(old, FAST, SystemClock(), create=True)
    with sessions.write() as connection:
        upgrade(connection, to=schema.VERSIONS[0])
    sessions.close()
    with sqlite3.connect(old) as connection:
        connection.execute("ATTACH ? AS new", (str(ledger_path("spring")),))
        for table in ("entries", "lease", "control", "facts"):
            connection.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")
    connection.close()
    assert restore(old, "autumn", settings=FAST).entries == 1
    look("autumn", settings=FAST).close()


def test_two_ledgers_under_one_name_are_refused(opening: Open, settings: LedgerSettings, home: Path) -> None:
    if not settings.url:
        settings = replace(settings, url="postgresql://localhost/none")
        filled(opening)
        with pytest.raises(LedgerError, match="two ledgers under one name"):
            open_ledger("spring", OPENED, settings=settings)
        return
    filled(opening)
    with pytest.raises(LedgerError, match="opened for another promotion"):
        open_ledger("spring", replace(OPENED, body={**OPENED.body, "promotion": "cd" * 16}), settings=settings)


def test_a_full_disk_is_one_line(home: Path, tmp_path: Path) -> None:
    open_ledger("spring", OPENED, settings=FAST).close()
    (tmp_path / "file").write_text("")
    (tmp_path / "damaged.db").write_bytes(ledger_path("spring").read_bytes()[:5000] + b"\xff" * 8000)
    with pytest.raises(LedgerError, match=r"the backup .*damaged.db"):
        restore(tmp_path / "damaged.db", "autumn", settings=FAST)
    store = connect("spring", FAST, SystemClock())
    with pytest.raises(LedgerFailure):
        backup(store.sessions, "spring", tmp_path / "file" / "spring.db")
    store.close()


def test_a_disk_that_fails_while_a_copy_is_written_leaves_nothing(home: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(LedgerFailure, match="File too large"), copies._new_file(tmp_path / "copy") as temporary:
            temporary.write_bytes(bytes(10_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_log_left_by_another_ledger_is_not_copied_into_the_restored_one(
    opening: Open, settings: LedgerSettings, tmp_path: Path
) -> None:
    filled(opening)
    path = tmp_path / "spring.copy"
    copied(settings, path, lines=True)
    log = Path(f"{ledger_path('autumn')}-wal")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    with pytest.raises(LedgerError, match="a log of another ledger is there"):
        restore(path, "autumn", settings=FAST)
    log.unlink()
    assert restore(path, "autumn", settings=FAST).faults == ()
