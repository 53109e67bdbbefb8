"""The trial ledger: every configuration ever evaluated, counted across commands and days.

A trial is a configuration on a set of events. The ledger is one small SQLite file beside the runs; removing runs does
not touch it. The trials behind a result are the distinct configurations, whatever the command, whose events overlap
the result's own by half or more of the smaller set: its family. Each entry holds the largest null statistics of its
configurations (`research.inference.multipliers`), so that what several commands are worth together can only grow.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.paths import home
from research.inference.effective_trials import effective_trials
from research.inference.multipliers import DRAWS
from research.records.chain import Checked, append, check_chain, vector_hash
from research.records.event_sets import KEPT, EventSet, Prints, overlap
from research.records.ledger_file import opened, transaction
from research.records.looks import looks_of

_SET_COLUMNS: Final = "events, sample, first_date, last_date, prints"
#: sets with the ids of one of these
_SAME_IDS: Final = (
    "SELECT DISTINCT b.id FROM event_sets AS a JOIN event_sets AS b ON b.events = a.events AND b.sample = a.sample "
    "WHERE a.id IN ({})"
)


@dataclass(frozen=True)
class Count:
    """Trials behind a result: distinct configurations, and how many independent ones they are worth."""

    raw: int
    effective: float


@dataclass(frozen=True)
class Look:
    """Which sweep of its family a sweep is.

    Attributes
    ----------
    number : int
        From 1, in the order of entry; a repeated sweep keeps the number of the first.
    earlier : tuple of str
        Ids of the runs of the sweeps before it, oldest first.
    """

    number: int
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A command to be entered.

    Attributes
    ----------
    run : str
        Id of its run.
    finished_at : str
        ISO instant, UTC.
    command : str
    kind : str
        ``sweep`` or ``backtest``; only a sweep is a look at its family.
    look : bytes
        The same for commands that repeat one look (`research.records.looks`); empty: its run is its look.
    """

    run: str
    finished_at: str
    command: str
    kind: str = "sweep"
    look: bytes = b""


@dataclass(frozen=True)
class Part:
    """The configurations of a command on one set of events.

    Attributes
    ----------
    configurations : sequence of bytes
        Their hashes (`research.records.trial_hashes`).
    events : EventSet
    maxima : float32 (draws,)
        Their largest null statistics (`research.inference.multipliers.null_maxima`).
    """

    configurations: Sequence[bytes]
    events: EventSet
    maxima: NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """One command in the ledger: what it added, and how far its events overlap those asked about."""

    run: str
    finished_at: str
    command: str
    kind: str
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

    def record(self, entry: Entry, parts: Sequence[Part]) -> str:
        """Enter the trials of one command, all or nothing; those already there stay as they are.

        Returns
        -------
        str
            The head of the chain after it (`research.records.chain`), hex.
        """
        head = b""
        with opened(self.path) as connection, transaction(connection):
            for part in parts:
                head = _record(connection, entry, part)
        return head.hex()

    def count(self, sets: Sequence[str]) -> Count:
        """Trials whose events overlap any of these sets by half or more, and their effective number.

        The effective number is that of the elementwise maximum of the null maxima of all these commands, at most the
        number of distinct configurations. Configurations that only an earlier version of the ledger evaluated have no
        maxima. Each then adds its share: what its command was worth over the number of configurations that were new in
        it, the largest over all such commands. A command was worth at least one trial.

        Parameters
        ----------
        sets : sequence of str
            Hashes of event sets, hex; one that the ledger does not know overlaps nothing.
        """
        if not self.path.is_file():
            return Count(0, 0.0)
        with opened(self.path) as connection:
            near = _near(connection, sets)
            marks = ", ".join("?" * len(near))
            raw = _number(
                connection, f"SELECT COUNT(DISTINCT configuration) FROM trials WHERE event_set IN ({marks})", near
            )
            measured = (
                "SELECT configuration FROM trials JOIN evaluations ON evaluations.id = evaluation "
                f"WHERE trials.event_set IN ({marks}) AND vector IS NOT NULL"
            )
            with_vector = _number(connection, f"SELECT COUNT(DISTINCT configuration) FROM ({measured})", near)
            rest = _number(
                connection,
                "SELECT SUM(share) FROM (SELECT MAX(MIN(1.0, MAX(effective, 1.0) / MAX(fresh, 1))) AS share "
                "FROM trials JOIN evaluations ON evaluations.id = evaluation "
                f"WHERE trials.event_set IN ({marks}) AND vector IS NULL AND configuration NOT IN ({measured}) "
                "GROUP BY configuration)",
                near * 2,
            )
            maxima = _largest(connection, near)
        worth = 0.0 if maxima is None else max(effective_trials(maxima, int(with_vector)), 1.0)
        return Count(int(raw), min(float(raw), worth + rest))

    def look(self, sets: Sequence[str], run: str, finished_at: str = "", kind: str = "sweep") -> Look:
        """Which sweep of its family the run of a sweep is; later sweeps do not change it.

        Parameters
        ----------
        sets : sequence of str
            Hashes of the event sets of the run, hex.
        run : str
            Its id. A run that the ledger does not hold comes after all that finished before it.
        finished_at : str
            ISO instant, UTC; empty: not known, after all.
        kind : str
            ``backtest``: which backtest it is, of the backtests.
        """
        if not self.path.is_file():
            return Look(1)
        with opened(self.path) as connection:
            near = _near(connection, sets)
            rows = connection.execute(
                "SELECT run, finished_at, look FROM evaluations WHERE kind = ? AND "
                f"event_set IN ({', '.join('?' * len(near))}) ORDER BY id",
                [kind, *near],
            ).fetchall()
            looks = looks_of(connection, rows)
        own = {look for look, row in zip(looks, rows, strict=True) if row[0] == run}
        earlier: dict[object, str] = {}
        for look, row in zip(looks, rows, strict=True):
            if (look in own) if own else (finished_at and row[1] > finished_at):
                break
            earlier.setdefault(look, row[0])
        return Look(len(earlier) + 1, tuple(earlier.values()))

    def evaluations(self, sets: Sequence[str] = ()) -> list[Evaluation]:
        """All commands, newest first; with `sets`, how far the events of each overlap them.

        A command over several sets of events is one line: the most events, the largest overlap, the sums of counts.
        """
        if not self.path.is_file():
            return []
        with opened(self.path) as connection:
            wanted = [event_set for digest in sets if (event_set := _set_of(connection, digest)) is not None]
            shared = {
                number: max((overlap(_event_set(*row), other) for other in wanted), default=0.0 if sets else 1.0)
                for number, *row in connection.execute(f"SELECT id, {_SET_COLUMNS} FROM event_sets")
            }
            rows = connection.execute(
                "SELECT run, finished_at, command, kind, events, first_date, last_date, sources, configurations, "
                "fresh, effective, event_set FROM evaluations JOIN event_sets ON event_sets.id = event_set "
                "ORDER BY evaluations.id DESC"
            ).fetchall()
        names = [field.name for field in fields(Evaluation)][:-1]
        commands: dict[tuple[str, str, int], Evaluation] = {}
        entered = Counter[tuple[str, str, int]]()
        for row in rows:
            evaluation = Evaluation(**dict(zip(names, row[:-1], strict=True)), overlap=shared[row[-1]])
            run, finished_at, event_set = evaluation.run, evaluation.finished_at, row[-1]
            key = run, finished_at, entered[run, finished_at, event_set]  # a set that comes again is another command
            entered[run, finished_at, event_set] += 1
            commands[key] = _together(commands[key], evaluation) if key in commands else evaluation
        return list(commands.values())

    def holds(self, head: str) -> bool:
        """Whether the chain has this head, hex: an entry that a run holds is there, or was removed."""
        if not self.path.is_file():
            return False
        with opened(self.path) as connection:
            query = "SELECT COUNT(*) FROM evaluations WHERE head = ?"
            return bool(connection.execute(query, (bytes.fromhex(head),)).fetchone()[0])

    def check(self, heads: dict[str, str]) -> Checked:
        """Whether every entry is as it was written; `heads` are those that runs hold (`chain.check_chain`)."""
        if not self.path.is_file() and not heads:
            return Checked(0, "", ())
        with opened(self.path) as connection:
            return check_chain(connection, heads)


def _number(connection: sqlite3.Connection, query: str, values: Sequence[int]) -> float:
    return float(connection.execute(query, values).fetchone()[0] or 0.0)


def _largest(connection: sqlite3.Connection, near: Sequence[int]) -> NDArray[np.float32] | None:
    """Elementwise maximum of the vectors of all entries on these sets; None if there is none."""
    rows = connection.execute(
        "SELECT maxima FROM vectors WHERE hash IN (SELECT vector FROM evaluations WHERE event_set IN "
        f"({', '.join('?' * len(near))}))",
        near,
    )
    largest: NDArray[np.float32] | None = None
    for (content,) in rows:
        if not isinstance(content, bytes) or len(content) != np.dtype("<f4").itemsize * 2 * DRAWS:
            raise sqlite3.DataError("null maxima that are none: see `bea trials verify`")
        maxima = np.frombuffer(content, "<f4")
        largest = maxima if largest is None else np.maximum(largest, maxima)
    return largest


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


def _event_set(events: int, sample: bytes, first_date: str, last_date: str, prints: bytes | None) -> EventSet:
    """A set of events from its columns; raises sqlite3.DataError for what is none."""
    try:
        read = EventSet(events, np.frombuffer(sample, "<i8"), first_date, last_date, (), Prints.from_plain(prints))
        if len(read.sample) != min(int(events), KEPT):
            raise ValueError
    except (TypeError, ValueError):
        raise sqlite3.DataError("a set of events that is none: see `bea trials verify`") from None
    return read


def _set_of(connection: sqlite3.Connection, digest: str) -> EventSet | None:
    query = f"SELECT {_SET_COLUMNS} FROM event_sets WHERE hash = ?"
    row = connection.execute(query, (bytes.fromhex(digest),)).fetchone()
    return None if row is None else _event_set(*row)


def _near(connection: sqlite3.Connection, sets: Sequence[str]) -> list[int]:
    """Numbers of the sets in the ledger that overlap any of these by half or more, or have the ids of one that does.

    Versions make other prints of the same ids; what any of them finds, all have found.
    """
    wanted = [event_set for event_set in map(partial(_set_of, connection), sets) if event_set is not None]
    stored = connection.execute(f"SELECT id, {_SET_COLUMNS} FROM event_sets ORDER BY id").fetchall() if wanted else []
    near = [number for number, *row in stored if _overlaps_any(_event_set(*row), wanted)]
    same = _SAME_IDS.format(", ".join("?" * len(near)))
    return sorted(number for (number,) in connection.execute(same, near))


def _overlaps_any(stored: EventSet, wanted: Sequence[EventSet]) -> bool:
    """Whether a set overlaps any of these by half or more."""
    return any(overlap(one, stored) >= 0.5 for one in wanted)


def _record(connection: sqlite3.Connection, entry: Entry, part: Part) -> bytes:
    """Enter one part of a command; returns the head of the chain after it."""
    number, vector = _entered_set(connection, part.events), part.maxima.astype("<f4").tobytes()
    connection.execute("INSERT OR IGNORE INTO vectors(hash, maxima) VALUES (?,?)", (vector_hash(vector), vector))
    values: dict[str, Any] = {
        "run": entry.run,
        "finished_at": entry.finished_at,
        "command": entry.command,
        "event_set": number,
        "configurations": len(part.configurations),
        "fresh": 0,
        "effective": effective_trials(part.maxima, len(set(part.configurations))),
        "kind": entry.kind,
        "look": entry.look or None,
        "vector": vector_hash(vector),
    }
    marks = ", ".join("?" * len(values))
    made = connection.execute(f"INSERT INTO evaluations({', '.join(values)}) VALUES ({marks})", [*values.values()])
    connection.executemany(
        "INSERT OR IGNORE INTO trials(configuration, event_set, evaluation) VALUES (?,?,?)",
        ((configuration, number, made.lastrowid) for configuration in part.configurations),
    )
    # a trial is new if it was not tried on these ids, whatever version made the prints of the set
    known = f"SELECT configuration FROM trials WHERE event_set IN ({_SAME_IDS.format('?1')}) AND evaluation < ?2"
    new = f"SELECT COUNT(*) FROM trials WHERE evaluation = ?2 AND configuration NOT IN ({known})"
    connection.execute(f"UPDATE evaluations SET fresh = ({new}) WHERE id = ?2", (number, made.lastrowid))
    return append(connection, int(made.lastrowid or 0))


def _entered_set(connection: sqlite3.Connection, events: EventSet) -> int:
    """Number of a set of events, entered if it is not there yet."""
    connection.execute(
        "INSERT OR IGNORE INTO event_sets(hash, events, sample, first_date, last_date, sources, prints) "
        "VALUES (?,?,?,?,?,?,?)",
        (
            events.hash,
            events.events,
            events.sample.astype("<i8").tobytes(),
            events.first_date,
            events.last_date,
            ", ".join(events.sources),
            events.prints.plain() if events.prints.matches else None,
        ),
    )
    (number,) = connection.execute("SELECT id FROM event_sets WHERE hash = ?", (events.hash,)).fetchone()
    return int(number)
