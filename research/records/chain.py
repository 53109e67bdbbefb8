"""The hash chain of the trial ledger: each entry hashes the one before it and all of its own content.

An edit of any row, or a removed one, breaks the chain where it is. A chain that was cut at its end, or made anew, is
found by the runs: the manifest of each holds the head of the chain as it was after its own entry.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_ENTRY: Final = (
    "SELECT evaluations.id, run, finished_at, command, kind, configurations, fresh, effective, look, vector, head, "
    "event_set, event_sets.hash, events, sample, first_date, last_date, sources, prints "
    "FROM evaluations LEFT JOIN event_sets ON event_sets.id = event_set"
)
#: place of the head among the columns of `_ENTRY`; it is the hash of the others
_HEAD: Final = 10


@dataclass(frozen=True)
class Checked:
    """What a check of the chain found.

    Attributes
    ----------
    entries : int
    head : str
        Hash of the last entry, hex; empty for an empty ledger.
    faults : tuple of str
        One line each; empty: nothing was changed.
    """

    entries: int
    head: str
    faults: tuple[str, ...]


def vector_hash(maxima: bytes) -> bytes:
    """Hash of a stored vector, 16 bytes."""
    return hashlib.blake2b(maxima, digest_size=16).digest()


def entry_hash(connection: sqlite3.Connection, entry: int, before: bytes) -> bytes:
    """Hash of one entry after the one with the hash `before` (empty: the first), 32 bytes."""
    (row,) = connection.execute(f"{_ENTRY} WHERE evaluations.id = ?", (entry,)).fetchall()
    return _hash(connection, row, before)


def _hash(connection: sqlite3.Connection, row: tuple[object, ...], before: bytes) -> bytes:
    digest = hashlib.blake2b(before, digest_size=32)
    for value in (*row[:_HEAD], *row[_HEAD + 1 :]):
        part = _plain(value)
        digest.update(len(part).to_bytes(8, "little") + part)
    # the trials that the entry added
    trials = "SELECT configuration, event_set FROM trials WHERE evaluation = ? ORDER BY event_set, configuration"
    for configuration, event_set in connection.execute(trials, (row[0],)):
        digest.update(_plain(configuration))
        digest.update(event_set.to_bytes(8, "little", signed=True) if isinstance(event_set, int) else _plain(event_set))
    return digest.digest()


def _plain(value: object) -> bytes:
    """A value of any type as bytes, so that an edit of any kind is hashed."""
    return value if isinstance(value, bytes) else (value.hex() if isinstance(value, float) else repr(value)).encode()


def last_head(connection: sqlite3.Connection) -> bytes:
    """Hash of the last entry; empty if there is none."""
    row = connection.execute("SELECT head FROM evaluations ORDER BY id DESC LIMIT 1").fetchone()
    return b"" if row is None or row[0] is None else bytes(row[0])


def append(connection: sqlite3.Connection, entry: int) -> bytes:
    """Give the newest entry its hash, after all of its content is written; returns the hash."""
    row = connection.execute("SELECT head FROM evaluations WHERE id < ? ORDER BY id DESC LIMIT 1", (entry,)).fetchone()
    head = entry_hash(connection, entry, b"" if row is None else row[0])
    connection.execute("UPDATE evaluations SET head = ? WHERE id = ?", (head, entry))
    return head


def chain_all(connection: sqlite3.Connection) -> None:
    """Chain the entries of a ledger of an earlier version, which had no hashes."""
    for (entry,) in connection.execute("SELECT id FROM evaluations ORDER BY id").fetchall():
        append(connection, entry)


def check_chain(connection: sqlite3.Connection, heads: Mapping[str, str]) -> Checked:
    """Compare every entry with its hash, and the heads that runs hold with the chain.

    Parameters
    ----------
    connection : sqlite3.Connection
    heads : mapping of str to str
        Head of the chain after the entry of each stored run, hex, by the id of the run.
    """
    faults, chain = list[str](), set[str]()
    before, last, rows = b"", 0, connection.execute(f"{_ENTRY} ORDER BY evaluations.id").fetchall()
    for row in rows:
        name = f"entry {row[0]} (run {str(row[1])[:12]}, {row[2]})"
        if row[0] != last + 1:
            gone = f"entry {last + 1} is" if row[0] == last + 2 else f"entries {last + 1} to {row[0] - 1} are"
            faults.append(f"{gone} missing before {name}")
        elif not isinstance(row[_HEAD], bytes) or _hash(connection, row, before) != row[_HEAD]:
            faults.append(
                f"{name} is not as it was written: its hash differs from its content or from the entry before"
            )
        before, last = row[_HEAD] if isinstance(row[_HEAD], bytes) else b"", row[0]
        chain.add(before.hex())
    faults += _loose_rows(connection)
    faults += [
        f"run {run[:12]} was entered and its entry is not in the ledger: its end was cut off, or it is another ledger"
        for run, head in sorted(heads.items())
        if head not in chain
    ]
    return Checked(len(rows), before.hex(), tuple(faults))


def _loose_rows(connection: sqlite3.Connection) -> Iterator[str]:
    """Trials of no entry, and vectors that are missing or are not as they were written."""
    (loose,) = connection.execute(
        "SELECT COUNT(*) FROM trials WHERE evaluation NOT IN (SELECT id FROM evaluations)"
    ).fetchone()
    if loose:
        yield f"{loose:,} trial{'s' * (loose != 1)} of entries that are not in the ledger"
    (absent,) = connection.execute(
        "SELECT COUNT(*) FROM evaluations WHERE vector IS NOT NULL AND vector NOT IN (SELECT hash FROM vectors)"
    ).fetchone()
    if absent:
        yield f"the null maxima of {absent:,} entr{'y' if absent == 1 else 'ies'} are missing"
    for number, key, maxima in connection.execute("SELECT rowid, hash, maxima FROM vectors ORDER BY rowid"):
        if not isinstance(maxima, bytes) or vector_hash(maxima) != key:
            yield f"null maxima {number} are not as they were written"
