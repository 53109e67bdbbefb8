"""The file of the trial ledger: its tables, their migrations, and transactions."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from engine.errors import DataError
from research.records.chain import chain_all

Step = str | Callable[[sqlite3.Connection], None]

#: what turns a ledger of one version into the next, from version 0 (a new file, or one older than versions) on;
#: the version stands in SQLite's ``user_version``
MIGRATIONS: Final[tuple[tuple[Step, ...], ...]] = (
    (
        """CREATE TABLE IF NOT EXISTS event_sets (
            id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, events INTEGER NOT NULL, sample BLOB NOT NULL,
            first_date TEXT NOT NULL, last_date TEXT NOT NULL, sources TEXT NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS evaluations (
            id INTEGER PRIMARY KEY, run TEXT NOT NULL, finished_at TEXT NOT NULL, command TEXT NOT NULL,
            event_set INTEGER NOT NULL REFERENCES event_sets(id),
            configurations INTEGER NOT NULL, fresh INTEGER NOT NULL, effective REAL NOT NULL)""",
        """CREATE TABLE IF NOT EXISTS trials (
            configuration BLOB NOT NULL, event_set INTEGER NOT NULL REFERENCES event_sets(id),
            evaluation INTEGER NOT NULL REFERENCES evaluations(id),
            PRIMARY KEY (configuration, event_set)) WITHOUT ROWID""",
        "CREATE INDEX IF NOT EXISTS trials_by_set ON trials(event_set)",
    ),
    (
        # prints of the matches; kind of the command; what makes two commands one look; null maxima; hash chain
        "ALTER TABLE event_sets ADD COLUMN prints BLOB",
        "ALTER TABLE evaluations ADD COLUMN kind TEXT NOT NULL DEFAULT 'sweep'",
        "ALTER TABLE evaluations ADD COLUMN look BLOB",
        "ALTER TABLE evaluations ADD COLUMN vector BLOB",
        "ALTER TABLE evaluations ADD COLUMN head BLOB",
        "CREATE TABLE vectors (hash BLOB PRIMARY KEY, maxima BLOB NOT NULL)",
        "CREATE INDEX trials_by_evaluation ON trials(evaluation)",
        "UPDATE evaluations SET kind = 'backtest' WHERE command LIKE 'bea backtest%'",
        chain_all,
    ),
)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the ledger, in the version of this code; raises DataError for a file that is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=60.0, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        _migrate(connection, path)
        yield connection
    except sqlite3.Error as error:
        raise DataError(
            "the trial ledger cannot be used",
            where=str(path),
            found=str(error),
            todo="restore it from a backup: without it past trials are not counted",
        ) from None
    finally:
        if connection is not None:
            connection.close()


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the version of this code; processes that start at once take turns."""
    if _version(connection, path) == len(MIGRATIONS):
        return
    with transaction(connection):
        for version in range(_version(connection, path), len(MIGRATIONS)):
            for step in MIGRATIONS[version]:
                if callable(step):
                    step(connection)
                else:
                    connection.execute(step)
            connection.execute(f"PRAGMA user_version = {version + 1}")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise DataError(
            "the trial ledger is of a newer version of bea",
            where=str(path),
            expected=f"schema version {len(MIGRATIONS)} or older",
            found=str(version),
            todo="update bea",
        )
    return version


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements inside or none; other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
