"""Everything in a ledger once more: hashes, numbers, sums, head, control rows, and the file itself."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import LedgerError, LedgerFailure, printable
from engine.live.ledger import schema
from engine.live.ledger.control import Command, Control, control_hash
from engine.live.ledger.entries import ACCOUNTS, FIRST_PREVIOUS, HASHED, row_hash
from engine.live.ledger.session import Sessions, asked_once
from engine.live.ledger.sql import SqlTransaction

#: a list of faults ends here
_MOST: Final = 20
_BLOCK: Final = 5_000
_NAMES: Final = (*HASHED, "body")
_MONEY: Final = slice(_NAMES.index(ACCOUNTS[0]), _NAMES.index(ACCOUNTS[-1]) + 1)
_SELECT: Final = text(
    f"SELECT {', '.join(_NAMES)}, hash FROM entries ORDER BY number".replace(  # noqa: S608  only names of our own
        " venue_bet,", " CASE WHEN venue_bet IS NULL THEN '-' ELSE '=' || venue_bet END,"
    )
)


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was written.

    Attributes
    ----------
    where : str
        ``entry 17``, ``control row 2``, ``head``, ``file``.
    column : str
        The column that was changed, where it can be told; else empty.
    what : str
    """

    where: str
    column: str
    what: str

    def line(self) -> str:
        """The fault in one line."""
        return f"{self.where}{f', {self.column}' if self.column else ''}: {self.what}"


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes
    ----------
    entries, controls : int
        Rows read.
    head : str
        Hash of the last entry.
    faults : tuple of Fault
        At most 20.
    totals : mapping of str to int
        Balance of each account, whole minor units.
    restored : str
        Head of the backup that the ledger was restored from, until it is adopted.
    """

    entries: int
    controls: int
    head: str
    faults: tuple[Fault, ...]
    totals: dict[str, int]
    restored: str


def verify(sessions: Sessions, name: str, head: str = "") -> Verification:
    """Check a ledger as it stands at one instant; a runner may go on writing.

    Parameters
    ----------
    sessions : Sessions
    name : str
        The name that the ledger should have.
    head : str
        A hash that was noted earlier: an entry must have it. So entries that are missing at the end are noticed too.

    Raises
    ------
    LedgerFailure
        The database cannot be reached.
    """
    with asked_once(sessions.where):
        return _verification(sessions, name, head)


def _verification(sessions: Sessions, name: str, head: str) -> Verification:
    faults: list[Fault] = []
    counts = {"entries": 0, "controls": 0}
    last, totals, restored = "", {}, ""
    try:
        with sessions.read() as connection:
            faults += _integrity(connection, sessions.sqlite)
            chain = _Chain(head)
            with _any_bytes(connection, sessions.sqlite):
                for row in _rows(connection):
                    chain.add(row)
            faults += chain.faults[:_MOST]
            counts["entries"], last = chain.position, chain.last
            faults += _head_faults(connection, chain, head)
            counts["controls"], control_faults = _control_faults(connection)
            faults += control_faults
            totals = _totals(connection)
            restored, fact_faults = _facts(connection, name)
            faults += fact_faults
    except (LedgerFailure, LedgerError, SQLAlchemyError, sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        found = error.found if isinstance(error, LedgerError) else printable(error, 120)
        if isinstance(error, LedgerFailure) and not sessions.sqlite and not found.startswith("42"):
            raise  # the server did not answer; 42...: a table or column is missing
        faults.append(Fault("file", "", f"cannot be read further: {found or type(error).__name__}"))
    return Verification(counts["entries"], counts["controls"], last, tuple(faults[:_MOST]), totals, restored)


class _Chain:
    """The walk over the entries."""

    def __init__(self, head: str) -> None:
        self.position, self.last = 0, FIRST_PREVIOUS
        self.met_head = not head
        self.faults: list[Fault] = []
        self._head = head

    def add(self, row: Sequence[Any]) -> None:
        """Check one row: the columns of `HASHED` with the venue bet in its hashed form, body, hash."""
        self.position += 1
        values, digest = row[:-1], row[-1]
        computed = row_hash(values)
        if computed == digest and values[0] == self.last and values[1] == self.position and not sum(values[_MONEY]):
            self.last = digest
        else:
            self.last = self._explain(values, digest, computed)
        if digest == self._head:
            self.met_head = True

    def _explain(self, values: Sequence[Any], digest: Any, computed: str) -> str:
        """Note what is wrong with a row; the hash that the next one should follow."""
        where = f"entry {self.position}"
        column, honest, follow = "", "", str(digest)
        if computed != digest:
            column, honest = _changed(values, digest, computed, self.last, self.position)
            follow = computed if column == "hash" else follow
            shown = f": expected {honest}, found {_found(values, digest, column)}" if column else ""
            what = f"its hash is another one{shown}"
            self._note(where, column, what)
        if values[1] != self.position and column != "number":
            self._note(where, "number", f"expected {self.position}, found {printable(values[1], 40)}")
        if values[0] != self.last and column != "previous":
            self._note(where, "previous", "does not follow the entry before: one was changed, taken out or put in")
        if all(type(amount) is int for amount in values[_MONEY]) and sum(values[_MONEY]) and column not in ACCOUNTS:
            self._note(where, "", f"the changes sum to {sum(values[_MONEY])}, expected 0")
        return follow

    def _note(self, where: str, column: str, what: str) -> None:
        if len(self.faults) < _MOST:
            self.faults.append(Fault(where, column, what))


def _found(values: Sequence[Any], digest: Any, column: str) -> str:
    return printable(digest if column == "hash" else values[_NAMES.index(column)], 80)


def _changed(values: Sequence[Any], digest: Any, computed: str, last: str, position: int) -> tuple[str, str]:
    """The column in which one bit was flipped, and what it held; empty if no single flip explains the hash."""
    if isinstance(digest, str) and any(one == computed for one in _flips(digest)):
        return "hash", computed
    for column, honest in (("previous", last), ("number", position)):
        if _hash_with(values, _NAMES.index(column), honest) == digest:
            return column, str(honest)
    for index, name in enumerate(_NAMES):
        for honest in _flips(values[index]):
            if _hash_with(values, index, honest) == digest:
                return name, printable(honest, 80)
    return "", ""


def _hash_with(values: Sequence[Any], index: int, value: Any) -> str:
    return row_hash((*values[:index], value, *values[index + 1 :]))


def _flips(value: Any) -> Iterator[Any]:
    """All values that differ in one bit: of a 64-bit whole number, or of a byte of a text."""
    if isinstance(value, int):
        for bit in range(64):
            flipped = (value & (2**64 - 1)) ^ (1 << bit)
            yield flipped - 2**64 if flipped >= 2**63 else flipped
    elif isinstance(value, str):
        raw = bytearray(value.encode("utf-8", "surrogateescape"))
        for index in range(len(raw)):
            for bit in range(8):
                raw[index] ^= 1 << bit
                yield raw.decode("utf-8", "surrogateescape")
                raw[index] ^= 1 << bit


@contextlib.contextmanager
def _any_bytes(connection: Connection, sqlite: bool) -> Iterator[None]:
    """Let SQLite hand out texts that are no UTF-8 any more, so that their change is found and not their reading."""
    raw: Any = connection.connection.dbapi_connection
    if sqlite:
        raw.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        if sqlite:
            raw.text_factory = str


def _integrity(connection: Connection, sqlite: bool) -> list[Fault]:
    if not sqlite:
        return []
    lines = connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})").scalars().all()
    return [Fault("file", "", printable(line, 200)) for line in lines if line != "ok"]


def _rows(connection: Connection) -> Iterator[Sequence[Any]]:
    with connection.execute(_SELECT, execution_options={"stream_results": True, "max_row_buffer": _BLOCK}) as result:
        for block in result.partitions(_BLOCK):
            yield from block


def _head_faults(connection: Connection, chain: _Chain, head: str) -> list[Fault]:
    state = SqlTransaction(connection).state()
    faults = []
    if (state.number, state.hash) != (chain.position, chain.last):
        found = f"the last entry is {chain.position}, {chain.last[:12]}"
        faults.append(Fault("head", "", f"expected entry {state.number}, {printable(state.hash[:12])}; {found}"))
    if not chain.met_head:
        faults.append(Fault("head", "", f"no entry has the hash {printable(head, 64)}"))
    return faults


def _control_faults(connection: Connection) -> tuple[int, list[Fault]]:
    last, position, faults = FIRST_PREVIOUS, 0, []
    for row in connection.execute(select(schema.control).order_by(schema.control.c.number)):
        position += 1
        number, wall_ns, command, digest = row[0], row[1], row[2], row[6]
        known = command in list(Command) and number == position
        if not known or control_hash(last, Control(number, wall_ns, Command(command), *row[3:6])) != digest:
            faults.append(Fault(f"control row {position}", "", "its hash or number is another one"))
        last = digest
    return position, faults


def _totals(connection: Connection) -> dict[str, int]:
    sums = connection.execute(select(*(func.sum(schema.entries.c[name]) for name in ACCOUNTS))).one()
    return {name: int(total or 0) for name, total in zip(ACCOUNTS, sums, strict=True)}


def _facts(connection: Connection, name: str) -> tuple[str, list[Fault]]:
    facts = {row.name: row.value for row in connection.execute(select(schema.facts))}
    faults = []
    if facts.get("name") != name:
        faults.append(Fault("facts", "name", f"expected {name}, found {printable(facts.get('name'), 60)}"))
    restored = facts.get("restored")
    if restored is None or (restored and not (len(restored) == 64 and set(restored) <= set("0123456789abcdef"))):
        faults.append(Fault("facts", "restored", f"expected nothing or a hash, found {printable(restored, 80)}"))
    return restored or "", faults
