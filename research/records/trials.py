"""The trial ledger: every configuration ever evaluated, counted across commands and days.

A trial is a configuration on a set of events. The ledger is one small SQLite file beside the runs; removing runs does
not touch it. How many trials stand behind a result is the number of distinct configurations, whatever the command,
whose events overlap its own by half or more of the smaller set.
"""

from __future__ import annotations

import contextlib
import hashlib
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

Hashes = NDArray[np.int64]

#: event ids of a set that are kept, those with the smallest hashes: of a larger set a fair sample (K minimum values,
#: Beyer et al., "On synopses for distinct-value estimation", SIGMOD 2007); an overlap of one half is known to 1.6 %
KEPT: Final = 4_096
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS event_sets (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, events INTEGER NOT NULL, sample BLOB NOT NULL,
    first_date TEXT NOT NULL, last_date TEXT NOT NULL, sources TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS evaluations (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, finished_at TEXT NOT NULL, command TEXT NOT NULL,
    event_set INTEGER NOT NULL REFERENCES event_sets(id),
    configurations INTEGER NOT NULL, fresh INTEGER NOT NULL, effective REAL NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    configuration BLOB NOT NULL, event_set INTEGER NOT NULL REFERENCES event_sets(id),
    evaluation INTEGER NOT NULL REFERENCES evaluations(id),
    PRIMARY KEY (configuration, event_set)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trials_by_set ON trials(event_set);
"""
_OF_A_SET: Final = "events, sample, first_date, last_date"


@dataclass(frozen=True)
class EventSet:
    """Events that configurations were evaluated on.

    Attributes
    ----------
    events : int
        How many.
    sample : int64 (at most KEPT,)
        The smallest hashes of their ids, ascending.
    first_date, last_date : str
        ISO dates.
    sources : tuple of str
    """

    events: int
    sample: Hashes
    first_date: str = ""
    last_date: str = ""
    sources: tuple[str, ...] = ()

    @classmethod
    def of_hashes(cls, hashes: Hashes, first_date: str, last_date: str, sources: Sequence[str]) -> EventSet:
        """From 64-bit hashes of the ids of all events, in any order, each once."""
        mixed = np.unique(hashes)
        return cls(len(mixed), mixed[:KEPT].copy(), first_date, last_date, tuple(sources))

    @property
    def hash(self) -> bytes:
        """Of the content."""
        return hashlib.blake2b(self.sample.astype("<i8").tobytes() + str(self.events).encode(), digest_size=16).digest()


def overlap(a: EventSet, b: EventSet) -> float:
    """Common events over those of the smaller set, 0 to 1; exact where both hold at most `KEPT`, else estimated.

    Of a set so small against one so large that no event of it could be in the sample nothing is known: then it is 1
    where their dates meet, else 0, so that no trial is lost.
    """
    if not a.events or not b.events:
        return 0.0
    small, large = (a, b) if a.events <= b.events else (b, a)
    ends = [one.sample[-1] for one in (small, large) if one.events > len(one.sample)]
    mine = small.sample[small.sample <= min(ends)] if ends else small.sample
    return float(np.isin(mine, large.sample).mean()) if len(mine) else float(_meet(a, b))


def _meet(a: EventSet, b: EventSet) -> bool:
    """Whether the dates of two sets overlap, or are not known."""
    known = a.first_date and b.first_date
    return not known or (a.first_date <= b.last_date and b.first_date <= a.last_date)


@dataclass(frozen=True)
class Count:
    """Trials that stand behind a result: distinct configurations, and how many independent ones they are worth."""

    raw: int
    effective: float


@dataclass(frozen=True)
class Evaluation:
    """One command in the ledger: what it added, and how its events overlap those asked about."""

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
            connection.executescript(_SCHEMA)
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

    def fresh(self, configurations: Sequence[bytes], own: EventSet) -> NDArray[np.bool_]:
        """Which of these configurations do not stand in the ledger on this very set of events yet."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT configuration FROM trials JOIN event_sets ON event_sets.id = event_set WHERE hash = ?",
                (own.hash,),
            )
            known = {row[0] for row in rows}
        return np.array([one not in known for one in configurations], dtype=np.bool_)

    def record(
        self,
        configurations: Sequence[bytes],
        own: EventSet,
        *,
        run: str,
        finished_at: str,
        command: str,
        effective: float,
    ) -> int:
        """Write the trials of one command; those that are there already stay as they are. Returns how many are new.

        `effective` is what those that are new on this set (`fresh`) are worth, whatever stands on other sets.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                added = _record(connection, configurations, own, (run, finished_at, command, effective))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        return added

    def count(self, sets: Sequence[str]) -> Count:
        """Trials whose events overlap any of these sets by half or more.

        The effective number is a sum over commands: the best of two sets of configurations is at most as lucky as the
        best of as many independent ones as both are worth together. Commands are asked in the order of time; each gives
        what its configurations were worth, and at most as many as no command before it tried on these events.

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

        Of a command over several sets of events: the most events, the largest overlap, the sums of all counts.
        """
        if not self.path.is_file():
            return []
        with self._open() as connection:
            asked = [one for one in map(partial(_set_of, connection), sets) if one is not None]
            rows = connection.execute(
                "SELECT run, finished_at, command, events, first_date, last_date, sources, configurations, fresh, "
                "effective, sample FROM evaluations JOIN event_sets ON event_sets.id = event_set "
                "ORDER BY evaluations.id DESC"
            ).fetchall()
        names = [one.name for one in fields(Evaluation)][:-1]
        found: dict[tuple[str, str], Evaluation] = {}
        for row in rows:
            own = EventSet(int(row[3]), np.frombuffer(row[-1], "<i8"), row[4], row[5])
            shared = max((overlap(own, one) for one in asked), default=0.0 if sets else 1.0)
            told = dict(zip(names, row[:-1], strict=True))
            one = Evaluation(**told, overlap=shared)
            key = one.run, one.finished_at
            found[key] = _together(found[key], one) if key in found else one
        return list(found.values())


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
    asked = f"SELECT {_OF_A_SET} FROM event_sets WHERE hash = ?"
    found = connection.execute(asked, (bytes.fromhex(digest),)).fetchone()
    return None if found is None else EventSet(found[0], np.frombuffer(found[1], "<i8"), *found[2:])


def _near(connection: sqlite3.Connection, sets: Sequence[str]) -> list[int]:
    """Numbers of the sets in the ledger that overlap any of these by half or more."""
    known = [one for one in map(partial(_set_of, connection), sets) if one is not None]
    return sorted({number for own in known for number in _overlapping(connection, own)})


def _overlapping(connection: sqlite3.Connection, own: EventSet) -> Iterator[int]:
    """Numbers of the sets that overlap by half or more."""
    for number, events, sample, *dates in connection.execute(f"SELECT id, {_OF_A_SET} FROM event_sets").fetchall():
        if overlap(own, EventSet(events, np.frombuffer(sample, "<i8"), *dates)) >= 0.5:
            yield number


def _record(
    connection: sqlite3.Connection,
    configurations: Sequence[bytes],
    own: EventSet,
    told: tuple[str, str, str, float],
) -> int:
    run, finished_at, command, effective = told
    connection.execute(
        "INSERT OR IGNORE INTO event_sets(hash, events, sample, first_date, last_date, sources) VALUES (?,?,?,?,?,?)",
        (
            own.hash,
            own.events,
            own.sample.astype("<i8").tobytes(),
            own.first_date,
            own.last_date,
            ", ".join(own.sources),
        ),
    )
    (number,) = connection.execute("SELECT id FROM event_sets WHERE hash = ?", (own.hash,)).fetchone()
    evaluation = connection.execute(
        "INSERT INTO evaluations(run, finished_at, command, event_set, configurations, fresh, effective) "
        "VALUES (?,?,?,?,?,0,?)",
        (run, finished_at, command, number, len(configurations), effective),
    ).lastrowid
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO trials(configuration, event_set, evaluation) VALUES (?,?,?)",
        ((one, number, evaluation) for one in configurations),
    )
    added = connection.total_changes - before
    if added:
        connection.execute("UPDATE evaluations SET fresh = ? WHERE id = ?", (added, evaluation))
    else:
        connection.execute("DELETE FROM evaluations WHERE id = ?", (evaluation,))
    return added
