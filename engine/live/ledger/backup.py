"""Copies of a ledger, out and back: an SQLite file, or lines of JSON that any database takes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from engine.errors import LedgerError, LedgerFailure, printable
from engine.files import flush_folder, new_file
from engine.live.clock import Clock, SystemClock
from engine.live.ledger import schema
from engine.live.ledger.migrate import upgrade
from engine.live.ledger.opening import connect, database_url, ledger_path, make_tables, stored_version
from engine.live.ledger.session import Sessions, asked_once, failure, sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.sql import SqlTransaction
from engine.live.ledger.store import State
from engine.live.ledger.verify import Verification, verify

_FORMAT: Final = "bea ledger 1"
_BLOCK: Final = 5_000
_SQLITE_HEAD: Final = b"SQLite format 3\x00"
_STATE: Final = f"SELECT {', '.join(asdict(State()))} FROM {schema.lease.name}"  # noqa: S608  only names of our own
_COPIED: Final = ((schema.entries, schema.ENTRY_COLUMNS), (schema.control, tuple(schema.control.c.keys())))


def export(sessions: Sessions, name: str, path: Path) -> State:
    """Write a ledger as lines of JSON: one for the ledger, one a row, one at the end. A runner may go on writing.

    Parameters
    ----------
    sessions : Sessions
    name : str
    path : Path
        Must not exist.

    Returns
    -------
    State
        With number and hash of the last entry written.

    Raises
    ------
    LedgerError
        The file is there.
    LedgerFailure
        Database or disk failed.
    """
    with _new_file(path) as temporary, temporary.open("w", encoding="ascii") as file, _read(sessions) as connection:
        state = SqlTransaction(connection).state()
        head = {"format": _FORMAT, "schema": schema.VERSIONS[-1], "name": name, "epoch": state.epoch}
        file.write(json.dumps(head) + "\n")
        counts = []
        for table, columns in _COPIED:
            counts.append(0)
            for block in _blocks(connection, table, columns):
                file.writelines(json.dumps({table.name: values}, separators=(",", ":")) + "\n" for values in block)
                counts[-1] += len(block)
        file.write(json.dumps({"end": {"entries": counts[0], "control": counts[1], "head": state.hash}}) + "\n")
    return state


def backup(sessions: Sessions, name: str, path: Path) -> State:
    """Copy a ledger while a runner may go on writing: SQLite as a file, PostgreSQL as `export`; errors as there."""
    if not sessions.sqlite:
        return export(sessions, name, path)
    with _new_file(path) as temporary:
        try:
            with (
                contextlib.closing(sqlite3.connect(sessions.where)) as source,
                contextlib.closing(sqlite3.connect(temporary)) as target,
            ):
                source.execute("PRAGMA wal_autocheckpoint=0")
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file; nothing opens it after this
                state = State(*target.execute(_STATE).fetchone())
        except sqlite3.Error as error:
            raise failure(sessions.where, printable(error, 120)) from error
    return state


def restore(
    path: Path, name: str, *, settings: LedgerSettings | None = None, clock: Clock | None = None
) -> Verification:
    """Make a ledger of a backup or an export, in the database of the settings. It is marked as restored.

    A restored ledger does not know what was bet after the backup, so recovery lets nothing be sent until a person has
    adopted what the venue holds.

    Returns
    -------
    Verification
        Of the new ledger.

    Raises
    ------
    LedgerError
        A ledger of this name is there; the file is none, is cut off, or does not verify.
    LedgerFailure
        The database failed.
    """
    settings, clock = settings or LedgerSettings(), clock or SystemClock()
    target = ledger_path(name)
    _refuse_existing(name, settings, clock)
    if not path.is_file():
        raise LedgerError("no such file", where=str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{name}-", dir=target.parent))
    try:
        copy = folder / "copy.db"
        try:
            _to_file(path, copy, clock)
            found = _marked(copy, name, clock)
        except LedgerFailure as error:
            raise LedgerError("the backup cannot be read", where=str(path), found=error.found) from error
        if found.faults:
            first = found.faults[0].line()
            raise LedgerError("the backup is damaged", where=str(path), found=first, todo="take another backup")
        if database_url(settings):
            _to_postgres(copy, name, settings, clock)
        else:
            with copy.open("rb") as file:
                os.fsync(file.fileno())
            os.link(copy, target)  # fails if a ledger of this name came in the meantime
            flush_folder(target.parent)
        return found
    except FileExistsError as error:
        raise LedgerError("a ledger of this name is there", where=str(target)) from error
    except OSError as error:
        raise failure(str(target), error.strerror or type(error).__name__) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_existing(name: str, settings: LedgerSettings, clock: Clock) -> None:
    there, where = ledger_path(name).exists(), str(ledger_path(name))
    if database_url(settings):
        store = connect(name, settings, clock)  # refuses a file of this name
        with _read(store.sessions) as connection:
            there, where = bool(stored_version(connection)), store.where
        store.close()
    if there:
        raise LedgerError("a ledger of this name is there", where=where, todo="restore under another name")
    target = ledger_path(name)
    for left in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-journal")):
        if left.exists():  # SQLite would copy it into the restored file
            raise LedgerError("a log of another ledger is there", where=str(left), todo="move it to its ledger")


def _to_file(path: Path, copy: Path, clock: Clock) -> None:
    """The content of a backup as an SQLite file of the newest schema."""
    with path.open("rb") as file:
        sqlite = file.read(len(_SQLITE_HEAD)) == _SQLITE_HEAD
    if sqlite:
        shutil.copy(path, copy)
    sessions = sqlite_sessions(copy, LedgerSettings(), clock, create=not sqlite)
    try:
        with sessions.write() as connection:
            if not sqlite:
                _fill(connection, path)
            found = stored_version(connection)
            if found not in schema.VERSIONS:
                raise LedgerError("the backup has a newer schema", where=str(path), found=printable(found, 40))
            if found != schema.VERSIONS[-1]:
                upgrade(connection)
    finally:
        sessions.close()


def _fill(connection: Connection, path: Path) -> None:
    """Put the lines of an export into new tables."""
    wrong = LedgerError("the file is no export of a ledger, or is cut off", where=str(path), todo="take another backup")
    counts = {table.name: 0 for table, _ in _COPIED}
    tables = {table.name: (table, columns) for table, columns in _COPIED}
    pending: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    head: dict[str, Any] = {}
    end: dict[str, Any] = {}
    try:
        with path.open(encoding="ascii") as file:
            head = json.loads(file.readline())
            if head.get("format") != _FORMAT or head.get("schema") not in schema.VERSIONS:
                raise wrong
            make_tables(connection, str(head["name"]))
            for line in file:
                ((kind, values),) = json.loads(line).items()
                if kind == "end":
                    end = values
                    continue
                table, columns = tables[kind]
                pending[kind].append(dict(zip(columns, values, strict=True)))
                counts[kind] += 1
                if len(pending[kind]) >= _BLOCK:
                    connection.execute(insert(table), pending.pop(kind))
                    pending[kind] = []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise wrong from error
    for name, rows in pending.items():
        if rows:
            connection.execute(insert(tables[name][0]), rows)
    if (end.get("entries"), end.get("control")) != (counts["entries"], counts["control"]):
        raise wrong
    last = State(epoch=head["epoch"], number=counts["entries"], hash=str(end["head"]))
    SqlTransaction(connection).put_state(last)


def _marked(copy: Path, name: str, clock: Clock) -> Verification:
    """Verify a copy, free its lease, and write name and mark into it."""
    sessions = sqlite_sessions(copy, LedgerSettings(), clock)
    try:
        with sessions.read() as connection:
            old = SqlTransaction(connection).fact("name")
        found = verify(sessions, old)
        with sessions.write() as connection:
            transaction = SqlTransaction(connection)
            transaction.put_state(replace(transaction.state(), holder="", exclusive=False))
            transaction.put_fact("name", name)
            transaction.put_fact("restored", found.head)
        return replace(found, restored=found.head)
    finally:
        sessions.close()


def _to_postgres(copy: Path, name: str, settings: LedgerSettings, clock: Clock) -> None:
    source, store = sqlite_sessions(copy, LedgerSettings(), clock), connect(name, settings, clock)
    try:
        with asked_once(store.where), _read(source) as reading, store.sessions.first() as writing:
            make_tables(writing, name)
            for table, columns in _COPIED:
                for block in _blocks(reading, table, columns):
                    writing.execute(insert(table), [dict(zip(columns, values, strict=True)) for values in block])
            state = SqlTransaction(reading).state()
            SqlTransaction(writing).put_state(state)
            SqlTransaction(writing).put_fact("restored", state.hash)
    finally:
        source.close()
        store.close()


@contextlib.contextmanager
def _read(sessions: Sessions) -> Iterator[Connection]:
    with asked_once(sessions.where), sessions.read() as connection:
        yield connection


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file beside `path` that gets its name once it is whole; an existing one is not overwritten."""
    if path.exists():
        raise LedgerError("the file is there already", where=str(path), todo="give another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise failure(str(path), error.strerror or type(error).__name__) from error
    try:
        with new_file(path, mode=0o600) as temporary:
            yield temporary
    except FileExistsError as error:
        raise LedgerError("the file is there already", where=str(path), todo="give another name") from error
    except OSError as error:
        raise failure(str(path), error.strerror or type(error).__name__) from error


def _blocks(connection: Connection, table: Any, columns: Sequence[str]) -> Iterator[list[list[Any]]]:
    query = select(*(table.c[name] for name in columns)).order_by(table.c.number)
    with connection.execute(query, execution_options={"stream_results": True, "max_row_buffer": _BLOCK}) as result:
        for block in result.partitions(_BLOCK):
            yield [list(row) for row in block]
