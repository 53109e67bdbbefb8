"""The trial ledger: every configuration ever evaluated, counted across commands and days.

A trial is a configuration on a set of events. The ledger is one small SQLite file beside the runs; removing runs does
not touch it. The trials behind a result are the distinct configurations, whatever the command, whose events overlap
the result's own by half or more of the smaller set.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.paths import home
from research.records.event_sets import EventSet, overlap

#: what turns a ledger of one version into the next, from version 0 (a new file, or one older than versions) on;
#: the version stands in SQLite's ``user_version``
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
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
)
_SET_COLUMNS: Final = "events, sample, first_date, last_date"


@dataclass(frozen=True)
class Count:
    """Trials behind a result: distinct configurations, and how many independent ones they are worth."""

    raw: int
    effective: float


@dataclass(frozen=True)
class Evaluation:
    """One command in the ledger: what it added, and how far its events overlap those asked about."""

    run: str
    finished_at: str
    command: str
    events: int
    first_date: str
    last_date: str
    sources: str
    configurations: int
    fresh: int
    effective: float
    overlap: float


class Ledger:
    """The ledger of one home directory.

    Parameters
    ----------
    path : Path, optional
        Default ``data/trials.sqlite`` of the home directory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or home() / "data" / "trials.sqlite"

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=60.0, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            self._migrate(connection)
            yield connection
        except sqlite3.Error as error:
            raise DataError(
                "the trial ledger cannot be used",
                where=str(self.path),
                found=str(error),
                todo="restore it from a backup: without it past trials are not counted",
            ) from None
        finally:
            if connection is not None:
                connection.close()

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Bring the file to the version of this code; processes that start at once take turns."""
        if self._version(connection) == len(MIGRATIONS):
            return
        with _transaction(connection):
            for version in range(self._version(connection), len(MIGRATIONS)):
                for statement in MIGRATIONS[version]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")

    def _version(self, connection: sqlite3.Connection) -> int:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise DataError(
                "the trial ledger is of a newer version of bea",
                where=str(self.path),
                expected=f"schema version {len(MIGRATIONS)} or older",
                found=str(version),
                todo="update bea",
            )
        return version

    def fresh(self, configurations: Sequence[bytes], events: EventSet) -> NDArray[np.bool_]:
        """Which of these configurations the ledger does not have yet on this very set of events."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT configuration FROM trials JOIN event_sets ON event_sets.id = event_set WHERE hash = ?",
                (events.hash,),
            )
            known = {row[0] for row in rows}
        return np.array([configuration not in known for configuration in configurations], dtype=np.bool_)

    def record(
        self,
        configurations: Sequence[bytes],
        events: EventSet,
        *,
        run: str,
        finished_at: str,
        command: str,
        effective: float,
    ) -> int:
        """Enter the trials of one command; those already there stay as they are. Returns how many are new.

        `effective` is what the ones new on this set (`fresh`) are worth, whatever the ledger has on other sets.
        """
        with self._open() as connection, _transaction(connection):
            return _record(connection, configurations, events, (run, finished_at, command, effective))

    def count(self, sets: Sequence[str]) -> Count:
        """Trials whose events overlap any of these sets by half or more.

        The effective number is a sum over commands: the best of two sets of configurations is at most as lucky as the
        best of as many independent ones as both are worth together. Commands count in order of time. Each adds what
        its configurations were worth, but no more than the number that no earlier command tried on these events.

        Parameters
        ----------
        sets : sequence of str
            Hashes of event sets, hex; one that the ledger does not know overlaps nothing.
        """
        if not self.path.is_file():
            return Count(0, 0.0)
        with self._open() as connection:
            near = _near(connection, sets)
            marks = ", ".join("?" * len(near))
            rows = connection.execute(
                "SELECT COUNT(*), effective FROM "
                f"(SELECT MIN(evaluation) AS first FROM trials WHERE event_set IN ({marks}) GROUP BY configuration) "
                "JOIN evaluations ON evaluations.id = first GROUP BY first",
                near,
            ).fetchall()
        return Count(sum(int(new) for new, _ in rows), float(sum(min(new, worth) for new, worth in rows)))

    def evaluations(self, sets: Sequence[str] = ()) -> list[Evaluation]:
        """All commands that added trials, newest first; with `sets`, how far the events of each overlap them.

        A command over several sets of events is one line: the most events, the largest overlap, the sums of counts.
        """
        if not self.path.is_file():
            return []
        with self._open() as connection:
            wanted = [event_set for digest in sets if (event_set := _set_of(connection, digest)) is not None]
            rows = connection.execute(
                "SELECT run, finished_at, command, events, first_date, last_date, sources, configurations, fresh, "
                "effective, sample FROM evaluations JOIN event_sets ON event_sets.id = event_set "
                "ORDER BY evaluations.id DESC"
            ).fetchall()
        names = [field.name for field in fields(Evaluation)][:-1]
        commands: dict[tuple[str, str], Evaluation] = {}
        for row in rows:
            events = EventSet(int(row[3]), np.frombuffer(row[-1], "<i8"), row[4], row[5])
            shared = max((overlap(events, other) for other in wanted), default=0.0 if sets else 1.0)
            evaluation = Evaluation(**dict(zip(names, row[:-1], strict=True)), overlap=shared)
            key = evaluation.run, evaluation.finished_at
            commands[key] = _together(commands[key], evaluation) if key in commands else evaluation
        return list(commands.values())


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements inside or none; other writers wait."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _together(a: Evaluation, b: Evaluation) -> Evaluation:
    """Two sets of events of one command as one line."""
    return replace(
        a,
        events=max(a.events, b.events),
        first_date=min(a.first_date, b.first_date),
        last_date=max(a.last_date, b.last_date),
        configurations=a.configurations + b.configurations,
        fresh=a.fresh + b.fresh,
        effective=a.effective + b.effective,
        overlap=max(a.overlap, b.overlap),
    )


def _set_of(connection: sqlite3.Connection, digest: str) -> EventSet | None:
    query = f"SELECT {_SET_COLUMNS} FROM event_sets WHERE hash = ?"
    row = connection.execute(query, (bytes.fromhex(digest),)).fetchone()
    return None if row is None else EventSet(row[0], np.frombuffer(row[1], "<i8"), *row[2:])


def _near(connection: sqlite3.Connection, sets: Sequence[str]) -> list[int]:
    """Numbers of the sets in the ledger that overlap any of these by half or more."""
    known = [event_set for event_set in map(partial(_set_of, connection), sets) if event_set is not None]
    return sorted({number for event_set in known for number in _overlapping(connection, event_set)})


def _overlapping(connection: sqlite3.Connection, wanted: EventSet) -> Iterator[int]:
    """Numbers of the sets that overlap by half or more."""
    for number, events, sample, *dates in connection.execute(f"SELECT id, {_SET_COLUMNS} FROM event_sets").fetchall():
        if overlap(wanted, EventSet(events, np.frombuffer(sample, "<i8"), *dates)) >= 0.5:
            yield number


def _record(
    connection: sqlite3.Connection,
    configurations: Sequence[bytes],
    events: EventSet,
    facts: tuple[str, str, str, float],
) -> int:
    run, finished_at, command, effective = facts
    connection.execute(
        "INSERT OR IGNORE INTO event_sets(hash, events, sample, first_date, last_date, sources) VALUES (?,?,?,?,?,?)",
        (
            events.hash,
            events.events,
            events.sample.astype("<i8").tobytes(),
            events.first_date,
            events.last_date,
            ", ".join(events.sources),
        ),
    )
    (number,) = connection.execute("SELECT id FROM event_sets WHERE hash = ?", (events.hash,)).fetchone()
    evaluation = connection.execute(
        "INSERT INTO evaluations(run, finished_at, command, event_set, configurations, fresh, effective) "
        "VALUES (?,?,?,?,?,0,?)",
        (run, finished_at, command, number, len(configurations), effective),
    ).lastrowid
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO trials(configuration, event_set, evaluation) VALUES (?,?,?)",
        ((configuration, number, evaluation) for configuration in configurations),
    )
    added = connection.total_changes - before
    if added:
        connection.execute("UPDATE evaluations SET fresh = ? WHERE id = ?", (added, evaluation))
    else:
        connection.execute("DELETE FROM evaluations WHERE id = ?", (evaluation,))
    return added
