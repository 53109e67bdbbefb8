"""A store in SQLite or PostgreSQL (`engine.live.ledger.session`)."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, insert, or_, select, update

from engine.errors import LedgerError, printable
from engine.live.ledger import schema
from engine.live.ledger.control import Command, Control
from engine.live.ledger.entries import ACCOUNTS, Entry, Kind, Money, Recorded
from engine.live.ledger.session import Sessions
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.store import State, insist

#: rows that are read at a time; no transaction stays open while the caller works on them
_BLOCK: Final = 2_000
_ENTRIES, _LEASE, _CONTROL = schema.entries, schema.lease, schema.control
_COLUMNS: Final = [_ENTRIES.c[name] for name in schema.ENTRY_COLUMNS]
_BY_ONE_KEY = select(*_COLUMNS).where(_ENTRIES.c.key == bindparam("key"))
_BY_KEY = select(*_COLUMNS).where(_ENTRIES.c.key.in_(bindparam("keys", expanding=True)))
_BY_BET = select(*_COLUMNS).where(_ENTRIES.c.venue_bet.in_(bindparam("bets", expanding=True)))
_AFTER = select(*_COLUMNS).where(_ENTRIES.c.number > bindparam("after")).order_by(_ENTRIES.c.number).limit(_BLOCK)
_STATE = select(*(_LEASE.c[one.name] for one in fields(State)))
_PUT_STATE = update(_LEASE).where(_LEASE.c.id == 1)
_INSERT = insert(_ENTRIES)
_ROWS = [_CONTROL.c[name] for name in ("number", "wall_ns", "command", "subject", "person", "reason")]
_CONTROLS = select(*_ROWS).where(_CONTROL.c.number > bindparam("after")).order_by(_CONTROL.c.number)
_LAST_CONTROL = select(*_ROWS, _CONTROL.c.hash).order_by(_CONTROL.c.number.desc()).limit(1)
_SWITCH = (
    select(_CONTROL.c.command)
    .where(
        or_(
            _CONTROL.c.command == Command.KILL.value,
            (_CONTROL.c.command == Command.RESUME.value) & (_CONTROL.c.subject == ""),
        )
    )
    .order_by(_CONTROL.c.number.desc())
    .limit(1)
)


class SqlTransaction:
    """As `engine.live.ledger.store.Transaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> State:
        """As in the protocol."""
        return State(*self._connection.execute(_STATE).one())

    def put_state(self, state: State) -> None:
        """As in the protocol."""
        self._connection.execute(_PUT_STATE, vars(state))

    def find(self, keys: Sequence[str], venue_bets: Sequence[str]) -> Sequence[Recorded]:
        """As in the protocol; an entry may come twice."""
        if len(keys) == 1:  # as nearly always: a list of values is put into the statement anew each time
            rows = list(self._connection.execute(_BY_ONE_KEY, {"key": keys[0]}))
        else:
            rows = list(self._connection.execute(_BY_KEY, {"keys": list(keys)}))
        if venue_bets:
            rows += self._connection.execute(_BY_BET, {"bets": list(venue_bets)})
        return [recorded(row) for row in rows]

    def insert(self, rows: Sequence[Recorded]) -> None:
        """As in the protocol."""
        self._connection.execute(_INSERT, [columns(row) for row in rows])

    def fact(self, name: str) -> str:
        """As in the protocol."""
        query = select(schema.facts.c.value).where(schema.facts.c.name == name)
        return str(self._connection.execute(query).scalar() or "")

    def put_fact(self, name: str, value: str) -> None:
        """As in the protocol."""
        changed = self._connection.execute(update(schema.facts).where(schema.facts.c.name == name), {"value": value})
        if not changed.rowcount:
            self._connection.execute(insert(schema.facts), {"name": name, "value": value})

    def killed(self) -> bool:
        """As in the protocol."""
        return bool(self._connection.execute(_SWITCH).scalar() == Command.KILL.value)

    def last_control(self) -> tuple[Control, str] | None:
        """As in the protocol."""
        row = self._connection.execute(_LAST_CONTROL).first()
        return None if row is None else (_control(row[:-1]), row[-1])

    def add_control(self, control: Control, digest: str) -> None:
        """As in the protocol."""
        values = vars(control) | {"command": control.command.value, "hash": digest}
        self._connection.execute(insert(_CONTROL), values)


class SqlStore:
    """As `engine.live.ledger.store.Store`.

    Parameters
    ----------
    sessions : Sessions
    settings : LedgerSettings
    lock : Path or None
        The file that a runner locks for as long as it lives; None where there is no common file system.
    """

    def __init__(self, sessions: Sessions, settings: LedgerSettings, lock: Path | None = None) -> None:
        self.sessions, self.where = sessions, sessions.where
        self._settings, self._lock = settings, lock
        self._file: io.TextIOBase | None = None

    @property
    def last_commit_ns(self) -> int:
        """As in the protocol."""
        return self.sessions.last_commit_ns

    def read(self, query: Callable[[Connection], Any]) -> Any:
        """What a query gives in a transaction that only reads; asked again where that is safe and may help.

        Raises
        ------
        LedgerFailure
        """

        def once() -> Any:
            with self.sessions.read() as connection:
                return query(connection)

        return self.insist(once)

    def insist(self, act: Callable[[], Any]) -> Any:
        """`engine.live.ledger.store.insist` with the settings of this store."""
        return insist(act, self.sessions.clock, self._settings, self.where)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """As in the protocol."""
        with self.sessions.write() as connection:
            yield SqlTransaction(connection)

    def alone(self) -> bool:
        """As in the protocol."""
        if self._lock is None or self._file is not None:
            return self._file is not None
        file = self._lock.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def holder_ended(self) -> bool:
        """As in the protocol."""
        if self._lock is None or self._file is not None or not self._lock.exists():
            return False
        with self._lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return False
            return True

    def entries(self, after: int) -> Iterator[Recorded]:
        """As in the protocol."""
        while True:
            rows = self._rows(_AFTER, after)
            yield from map(recorded, rows)
            if len(rows) < _BLOCK:
                return
            after = rows[-1][0]

    def controls(self, after: int) -> Sequence[Control]:
        """As in the protocol."""
        return [_control(row) for row in self._rows(_CONTROLS, after)]

    def state(self) -> State:
        """As in the protocol."""
        state: State = self.read(lambda connection: SqlTransaction(connection).state())
        return state

    def fact(self, name: str) -> str:
        """As in the protocol."""
        value: str = self.read(lambda connection: SqlTransaction(connection).fact(name))
        return value

    def _rows(self, query: Select[Any], after: int) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self.read(lambda connection: connection.execute(query, {"after": after}).all())
        return rows

    def tidy(self) -> None:
        """As in the protocol."""
        self.sessions.tidy(self._settings.checkpoint_bytes)

    def close(self) -> None:
        """As in the protocol."""
        self.sessions.close()
        if self._file is not None:
            self._file.close()
            self._file = None


def recorded(row: Sequence[Any]) -> Recorded:
    """An entry from the columns of `engine.live.ledger.schema.ENTRY_COLUMNS`.

    Raises
    ------
    LedgerError
        The row is damaged.
    """
    number, epoch, wall_ns, kind, key, at_ns, intent, venue_bet, bookmaker, *amounts, body, previous, digest = row
    try:
        entry = Entry(Kind(kind), key, at_ns, intent, venue_bet, bookmaker, Money(*amounts), json.loads(body))
    except (ValueError, TypeError) as error:
        found = printable(f"entry {number}: {error}", 200)
        raise LedgerError("a damaged entry", found=found, todo="bea ledger verify NAME; restore a backup") from error
    return Recorded(number, epoch, wall_ns, entry, body, previous, digest)


def columns(row: Recorded) -> dict[str, Any]:
    """The columns of an entry by name."""
    entry = row.entry
    amounts = {name: getattr(entry.money, name) for name in ACCOUNTS}
    return {
        "number": row.number, "epoch": row.epoch, "wall_ns": row.wall_ns, "kind": entry.kind.value, "key": entry.key,
        "at_ns": entry.at_ns, "intent": entry.intent, "venue_bet": entry.venue_bet, "bookmaker": entry.bookmaker,
        **amounts, "body": row.body_text, "previous": row.previous, "hash": row.hash,
    }  # fmt: skip


def _control(row: Sequence[Any]) -> Control:
    number, wall_ns, command, subject, person, reason = row
    return Control(number, wall_ns, Command(command), subject, person, reason)
