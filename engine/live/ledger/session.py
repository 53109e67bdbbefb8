"""The one way to a database: connections, their settings, transactions, and one way to fail.

SQLite: write-ahead log, ``synchronous=FULL``, one connection, ``BEGIN IMMEDIATE``; nobody checkpoints by itself.
PostgreSQL: SERIALIZABLE, and each transaction begins by locking the table of the lease, so that transactions exclude
each other there too.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from engine.errors import LedgerError, LedgerFailure, printable
from engine.files import flush_folder
from engine.live.clock import Clock
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.store import Unfinished

#: what goes wrong in SQLite, by the beginning of its name
_SQLITE: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "locked beyond the time-out",
    "SQLITE_LOCKED": "locked beyond the time-out",
    "SQLITE_READONLY": "the file is read-only",
    "SQLITE_IOERR": "input/output error",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is no ledger",
}
#: PostgreSQL: serialization failure, deadlock, and a server that stops, starts, or ends our connection
_AGAIN: Final = ("40001", "40P01", "57P01", "57P02", "57P03", "08")
_POSTGRES: Final = {
    "53100": "the disk is full",
    "55P03": "locked beyond the time-out",
    "57014": "a statement took longer than the time-out",
    "25006": "the database is read-only",
    "58030": "input/output error",
}

#: number of the advisory lock under which tables are made
_MAKING: Final = 7_305_213_907_281


class Sessions:
    """Connections to one database.

    Parameters
    ----------
    database : Engine
    where : str
        For messages; without a password.
    clock : Clock
    schema : str
        Of PostgreSQL.

    Attributes
    ----------
    last_commit_ns : int
        Duration of the last commit of a transaction that writes.
    sqlite : bool
    clock : Clock
    """

    def __init__(self, database: Engine, where: str, clock: Clock, schema: str = "") -> None:
        self.where, self.last_commit_ns = where, 0
        self._schema = schema
        self.sqlite = database.dialect.name == "sqlite"
        self._database, self.clock = database, clock
        self._failed = ""

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that excludes all others; commits at the end of the block.

        Raises
        ------
        Unfinished, LedgerFailure
        """
        with self._guarded(), self._database.connect() as connection:
            if not self.sqlite:  # before the first SELECT, which fixes what a serializable transaction sees
                connection.exec_driver_sql("LOCK TABLE lease IN EXCLUSIVE MODE")
            try:
                yield connection
            except BaseException:
                with contextlib.suppress(SQLAlchemyError):
                    connection.rollback()
                raise
            started_ns = self.clock.monotonic_ns()
            connection.commit()
            self.last_commit_ns = self.clock.monotonic_ns() - started_ns

    @contextlib.contextmanager
    def first(self) -> Iterator[Connection]:
        """As `write`, where the tables may still be missing: two processes that make them exclude each other."""
        with self._guarded(), self._database.connect() as connection:
            if not self.sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_lock({_MAKING})")
                connection.commit()  # the lock is of the session; what a transaction sees begins with its first SELECT
                connection.exec_driver_sql(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            try:
                yield connection
                connection.commit()
            finally:
                connection.rollback()
                if not self.sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_MAKING})")
                    connection.commit()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads. Errors as of `write`."""
        with self._guarded(), self._database.connect() as connection:
            yield connection.execution_options(begin="BEGIN")
            connection.rollback()

    def only_read(self) -> None:
        """From now on the database refuses every change through these sessions; called before they are used."""
        word = "PRAGMA query_only=ON" if self.sqlite else "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"

        @event.listens_for(self._database, "connect")
        def prepare(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute(word)
            cursor.close()
            if not self.sqlite:
                connection.commit()

    def tidy(self, checkpoint_bytes: int) -> None:
        """SQLite: copy a write-ahead log of this size into the file.

        It is done with the lock of writers (``FULL``), since a checkpoint beside a writer can damage the file in the
        versions of `has_reset_bug`. Where somebody reads or writes, it is left for later.
        """
        log = Path(f"{self.where}-wal")
        if not self.sqlite or not log.is_file() or log.stat().st_size < checkpoint_bytes:
            return
        with self._guarded(), self._database.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            (timeout_ms,) = raw.execute("PRAGMA busy_timeout").fetchone()
            raw.execute("PRAGMA busy_timeout=0")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # says that somebody is in the way, without an error
            raw.execute(f"PRAGMA busy_timeout={int(timeout_ms)}")

    def close(self) -> None:
        """Close all connections."""
        with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
            self._database.dispose()

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._failed:
            raise failure(self.where, f"{self._failed} (before; its connection is not used again)")
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            cause, again = explained(error)
            if again:
                raise Unfinished(cause) from error
            self._failed = cause
            raise failure(self.where, cause) from error
        except PoolTimeout as error:
            raise failure(self.where, "no free connection within the time-out") from error


def failure(where: str, cause: str) -> LedgerFailure:
    """The one error for a database that failed."""
    todo = "free some space" if "full" in cause else "the process ends; its next start recovers"
    return LedgerFailure("the ledger failed", where=where, found=cause, todo=todo)


@contextlib.contextmanager
def asked_once(where: str) -> Iterator[None]:
    """For what is not asked again: `Unfinished` becomes a `LedgerFailure`."""
    try:
        yield
    except Unfinished as error:
        raise failure(where, error.cause) from error


def explained(error: BaseException) -> tuple[str, bool]:
    """A driver's error in a few words, and whether asking again is safe and may help."""
    origin: Any = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(origin, "sqlite_errorname", None)
    if isinstance(origin, sqlite3.Error):
        for start, words in _SQLITE.items():
            if name and name.startswith(start):
                return words, False
        return printable(f"{name or type(origin).__name__}: {origin}", 200), False
    state = getattr(origin, "sqlstate", None)
    if state is None:
        lost = type(origin).__name__ in ("OperationalError", "InterfaceError")
        return "connection lost" if lost else printable(f"{type(origin).__name__}: {origin}", 200), lost
    if state.startswith(_AGAIN):
        return ("serialization failure" if state.startswith("40") else "connection lost"), True
    return _POSTGRES.get(state, printable(f"{state}: {origin}", 200)), False


def has_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether a version of SQLite can damage a file in WAL mode when two connections write and checkpoint at once.

    3.7.0 to 3.51.2, but not 3.44.6 and 3.50.7 with their later corrections (sqlite.org/wal.html, "The WAL-reset bug").
    """
    if not (3, 7, 0) <= version < (3, 51, 3):
        return False
    return not ((3, 44, 6) <= version < (3, 45) or (3, 50, 7) <= version < (3, 51))


def sqlite_sessions(path: Path, settings: LedgerSettings, clock: Clock, *, create: bool = False) -> Sessions:
    """Sessions on a file.

    Parameters
    ----------
    path : Path
    settings : LedgerSettings
    clock : Clock
    create : bool
        Make the file, readable for its owner only, and set its mode, if it is not there.

    Raises
    ------
    LedgerError
        There is no such file.
    LedgerFailure
        It cannot be opened.
    """
    if create:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            flush_folder(path.parent)
        except OSError as error:
            raise failure(str(path), error.strerror or type(error).__name__) from error
    elif not path.is_file():
        raise LedgerError("no such ledger", where=str(path), todo="bea paper NAME makes one")

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            path, timeout=settings.busy_timeout_ms / 1e3, isolation_level=None, check_same_thread=False
        )

    database = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=1
    )

    @event.listens_for(database, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA synchronous=FULL")
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal":
            mode = _switched_on(connection, settings.busy_timeout_ms / 1e3)
        if mode != "wal":  # a failed write or flush is told in no other way
            raise failure(str(path), f"the write-ahead log cannot be switched on, journal mode {mode}")

    @event.listens_for(database, "begin")
    def begin(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        raw.execute(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))

    return Sessions(database, str(path), clock)


def _switched_on(connection: Any, timeout_s: float) -> str:
    """Switch to the write-ahead log. SQLite's own time-out does not hold for this, and another process may be at it."""
    ends_s = time.monotonic() + timeout_s
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if not str(error.sqlite_errorname).startswith("SQLITE_BUSY") or time.monotonic() >= ends_s:
                raise
        time.sleep(0.01)


def postgres_sessions(url: str, schema: str, settings: LedgerSettings, clock: Clock) -> Sessions:
    """Sessions on a schema of a PostgreSQL database.

    Raises
    ------
    LedgerError
        The address is none, or the driver is missing.
    """
    try:
        address = make_url(url)
        if address.get_backend_name() != "postgresql":
            raise LedgerError(
                "unknown database", where="ledger.url", expected="postgresql://...", found=address.get_backend_name()
            )
        options = (
            f'-c search_path="{schema}" -c statement_timeout={settings.statement_timeout_ms}'
            f" -c lock_timeout={settings.lock_timeout_ms} -c synchronous_commit=on"
        )
        database = create_engine(
            address,
            isolation_level="SERIALIZABLE",
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=settings.connect_timeout_ms / 1e3,
            connect_args={"options": options, "connect_timeout": max(2, -(-settings.connect_timeout_ms // 1000))},
        )
    except ArgumentError as error:
        raise LedgerError("not an address of a database", where="ledger.url", expected="postgresql://...") from error
    except ModuleNotFoundError as error:
        todo = "pip install 'betting-expert-advisor[postgres]'"
        raise LedgerError("the driver of PostgreSQL is missing", where="ledger.url", todo=todo) from error
    return Sessions(database, f"{address.render_as_string(hide_password=True)}#{schema}", clock, schema)
