"""Making, opening and looking into a ledger by its name."""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, inspect, select

from engine.errors import LedgerError, printable
from engine.live.clock import Clock, SystemClock
from engine.live.crash_points import Probe, no_probe
from engine.live.ledger import schema
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.session import asked_once, has_reset_bug, postgres_sessions, sqlite_sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.sql import SqlStore
from engine.live.ledger.store import State
from engine.logs.setup import logger
from engine.paths import home

_LOG = logger(__name__)

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,46}[a-z0-9])?")
#: what a ledger is opened for, once and for all, and what an entry that does not say it means
_BOUND: Final = {"promotion": None, "currency": None, "mode": None, "venue": "paper"}


def ledger_path(name: str) -> Path:
    """The SQLite file of a ledger, whether it is there or not.

    Raises
    ------
    LedgerError
        The name is not made of lower-case letters, digits, hyphens and underscores, at most 48.
    """
    if not _NAME.fullmatch(name):
        expected = "at most 48 lower-case letters, digits, - and _, a letter or digit at both ends"
        raise LedgerError("not a name of a ledger", expected=expected, found=repr(printable(name, 60)))
    return home() / "data" / "ledger" / f"{name}.db"


def ledger_names(settings: LedgerSettings) -> list[str]:
    """Names of the ledgers that there are, in a file each or in the database of the settings.

    Raises
    ------
    LedgerFailure
        The database cannot be reached.
    """
    url = database_url(settings)
    if not url:
        files = (home() / "data" / "ledger").glob("*.db")
        return sorted(path.stem for path in files if _NAME.fullmatch(path.stem))
    sessions = postgres_sessions(url, "public", settings, SystemClock())
    try:
        with asked_once(sessions.where), sessions.read() as connection:
            schemas = inspect(connection).get_schema_names()
    finally:
        sessions.close()
    return sorted(name.removeprefix("bea_") for name in schemas if name.startswith("bea_"))


def database_url(settings: LedgerSettings) -> str:
    """The address of the PostgreSQL database: that of the settings, or of ``BEA_LEDGER_URL``; empty: SQLite."""
    return settings.url or os.environ.get("BEA_LEDGER_URL", "")


def open_ledger(
    name: str,
    opened: Entry,
    *,
    settings: LedgerSettings | None = None,
    clock: Clock | None = None,
    holder: str = "",
    probe: Probe = no_probe,
) -> ChainedLedger:
    """Open a ledger for writing, and make it if it is not there.

    Parameters
    ----------
    name : str
    opened : Entry
        The first entry, of kind OPENED. It is written into a new ledger; promotion, currency, mode and venue of its
        body are compared with those of one that is there.
    settings, clock : LedgerSettings and Clock, optional
    holder : str
        Name of the holder of the lease, by default machine and process.
    probe : Probe

    Returns
    -------
    ChainedLedger
        With the lease.

    Raises
    ------
    Fenced
        Another runner holds the lease and renews it.
    LedgerError
        The ledger has another promotion, currency or venue, or a schema of another version, or it is damaged.
    LedgerFailure
        The database failed.
    """
    settings, clock = settings or LedgerSettings(), clock or SystemClock()
    store = connect(name, settings, clock, create=True)
    if store.sessions.sqlite and has_reset_bug():
        _LOG.warning(
            "sqlite_reset_bug", version=sqlite3.sqlite_version,
            meaning="this SQLite can damage a database that two programs write at once; fixed in 3.51.3",
            advice="open the ledger with bea only, or install a newer SQLite",
        )  # fmt: skip
    try:
        _prepare(store, name)
    except BaseException:
        store.close()
        raise
    return start(ChainedLedger(store, clock, settings, probe), opened, holder)


def start(ledger: ChainedLedger, opened: Entry, holder: str = "") -> ChainedLedger:
    """Take the lease of a ledger over any store, and write or check its first entry; as `open_ledger`."""
    try:
        _check_owner(ledger, opened)  # before the lease is taken from anybody
        ledger.take(holder)
        if ledger.state().number == 0:
            ledger.append([opened])
        _check_owner(ledger, opened)
    except BaseException:
        ledger.close()
        raise
    return ledger


def look(
    name: str, *, settings: LedgerSettings | None = None, clock: Clock | None = None, read_only: bool = False
) -> ChainedLedger:
    """Open a ledger without the lease: to read, and to append control rows, unless it is `read_only`.

    Raises
    ------
    LedgerError
        There is no such ledger, or its schema has another version.
    LedgerFailure
        The database failed.
    """
    settings, clock = settings or LedgerSettings(), clock or SystemClock()
    return ChainedLedger(open_store(name, settings, clock, read_only=read_only), clock, settings)


def open_store(name: str, settings: LedgerSettings, clock: Clock, *, read_only: bool = False) -> SqlStore:
    """The store of a ledger that is there, with the schema of this version of the program; errors as `look`."""
    store = connect(name, settings, clock)
    if read_only:
        store.sessions.only_read()
    try:
        check_version(store, name)
    except BaseException:
        store.close()
        raise
    return store


def connect(name: str, settings: LedgerSettings, clock: Clock, *, create: bool = False) -> SqlStore:
    """The store of a ledger, without a look at what is in it.

    Raises
    ------
    LedgerError
        There is none and it is not to be made; or a file of this name is there beside the database.
    LedgerFailure
        It cannot be opened.
    """
    path, url = ledger_path(name), database_url(settings)
    if not url:
        return SqlStore(sqlite_sessions(path, settings, clock, create=create), settings, path.with_suffix(".lock"))
    if path.is_file():
        todo = f"bea ledger backup {name} without the address of the database, then move the file away"
        raise LedgerError("two ledgers under one name", where=str(path), found="a file and a database", todo=todo)
    return SqlStore(postgres_sessions(url, f"bea_{name}", settings, clock), settings)


def stored_version(connection: Connection) -> str:
    """Version of the schema; empty where there is no table yet.

    Raises
    ------
    LedgerError
        There are tables, but none that holds the version.
    """
    names = inspect(connection).get_table_names()
    if not names:
        return ""
    found = None
    if schema.version.name in names:
        found = connection.execute(select(schema.version.c.version_num)).scalar()
    if not found:
        raise LedgerError("the database is no ledger", found=printable(", ".join(sorted(names)), 200))
    return str(found)


def check_version(store: SqlStore, name: str) -> None:
    """Raise `LedgerError` unless the schema is the one of this version of the program."""
    found = store.read(stored_version)
    newest = schema.VERSIONS[-1]
    if found == newest:
        return
    if not found:
        raise LedgerError("no such ledger", where=store.where, todo="bea paper NAME makes one")
    known = found in schema.VERSIONS
    raise LedgerError(
        "the ledger has an older schema" if known else "the ledger has a newer schema",
        where=store.where,
        expected=newest,
        found=printable(found, 40),
        todo=f"bea ledger migrate {name}" if known else "use the version of bea that wrote it, or a later one",
    )


def make_tables(connection: Connection, name: str) -> None:
    """All tables of the newest version, and their first rows, in the transaction of `connection`."""
    schema.metadata.create_all(connection, checkfirst=False)
    schema.version.create(connection, checkfirst=False)
    connection.execute(insert(schema.version), {"version_num": schema.VERSIONS[-1]})
    connection.execute(insert(schema.lease), {"id": 1, **asdict(State())})
    connection.execute(insert(schema.facts), [{"name": "name", "value": name}, {"name": "restored", "value": ""}])


def _prepare(store: SqlStore, name: str) -> None:
    def make() -> None:
        with store.sessions.first() as connection:
            if not stored_version(connection):
                make_tables(connection, name)

    store.insist(make)
    check_version(store, name)


def _check_owner(ledger: ChainedLedger, opened: Entry) -> None:
    """Raise `LedgerError` if the first entry is of another promotion, currency or mode."""
    first = next(iter(ledger.entries()), None)
    if first is None:
        return
    for field, unsaid in _BOUND.items():
        expected, found = opened.body.get(field, unsaid), first.entry.body.get(field, unsaid)
        if first.entry.kind is not Kind.OPENED or expected != found:
            raise LedgerError(
                f"the ledger was opened for another {field}",
                where=ledger.where,
                expected=printable(expected, 60),
                found=printable(found, 60),
                todo="give this one another name; one ledger has one promotion, one currency and one venue",
            )
