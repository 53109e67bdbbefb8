"""The rules of a ledger over any store: keys, chain, lease, kill switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from engine.errors import Fenced, KeyConflict, Killed, LedgerError, printable
from engine.live.clock import Clock
from engine.live.crash_points import Probe, no_probe
from engine.live.ledger import lease
from engine.live.ledger.control import Command, Control, control_hash
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind, Recorded, body_text, entry_hash, fault_of
from engine.live.ledger.settings import MS_NS, LedgerSettings
from engine.live.ledger.store import State, Store, Transaction, Unfinished, insist

_Result = TypeVar("_Result")

_RECEIPTS: Final = frozenset({Kind.PENDING, Kind.PLACED, Kind.PARTIAL, Kind.REJECTED, Kind.LAPSED})
_SETTLEMENTS: Final = frozenset({Kind.SETTLED, Kind.VOID, Kind.REVERSED})
#: the fact that holds what a runner said of itself at its last renewal
PULSE: Final = "pulse"


@dataclass(frozen=True)
class _Prepared:
    entry: Entry
    text: str


class ChainedLedger:
    """A `Ledger` (engine/live/ledger/ledger.py) over a store. One process and one thread.

    Parameters
    ----------
    store : Store
    clock : Clock
    settings : LedgerSettings
    probe : Probe

    Attributes
    ----------
    epoch : int
        Of our lease; 0 before `take` and for one that only reads.
    """

    def __init__(self, store: Store, clock: Clock, settings: LedgerSettings, probe: Probe = no_probe) -> None:
        self.epoch = 0
        self._store, self._clock, self._settings, self._probe = store, clock, settings, probe
        self._holder = ""
        self._deadline_ns = 0
        self._renewed_ns = 0
        self._restored = False

    def take(self, holder: str = "") -> None:
        """Take the lease; errors as `engine.live.ledger.lease.take`."""
        holder = holder or lease.this_process()
        tried: set[int] = set()
        state, self._deadline_ns = self._again(
            lambda: lease.take(self._store, self._clock, self._settings, holder, self._probe, tried)
        )
        self._renewed_ns = self._deadline_ns - state.ttl_ns
        self._holder, self.epoch = holder, state.epoch
        self._restored = bool(self.restored())

    @property
    def last_commit_ns(self) -> int:
        """Duration of the last commit, which is the flush to the disk, in nanoseconds of the monotonic clock."""
        return self._store.last_commit_ns

    @property
    def where(self) -> str:
        """The file or database, without a password."""
        return self._store.where

    def append(self, entries: Sequence[Entry], *, sending: bool = False) -> Sequence[Recorded]:
        """As `Ledger.append`; a batch of which only a part is there already is a `KeyConflict`."""
        prepared = [self._prepare(entry) for entry in entries]
        if not prepared:
            return ()
        keys = [item.entry.key for item in prepared]
        bets = [item.entry.venue_bet for item in prepared if item.entry.venue_bet is not None]
        for what, names in (("key", keys), ("venue bet", bets)):
            if len(set(names)) < len(names):
                raise KeyConflict(f"one {what} twice in one batch", where=self.where, found=_first_repeated(names))
        return self._again(lambda: self._append(prepared, sending))

    def entries(self, after: int = 0) -> Iterator[Recorded]:
        """As `Ledger.entries`; each with its hash computed anew, so that nothing rests on a damaged entry."""
        last = "" if after else FIRST_PREVIOUS
        for row in self._store.entries(after):
            computed = entry_hash(row.previous, row.number, row.epoch, row.wall_ns, row.entry, row.body_text)
            if computed != row.hash or (last and row.previous != last):
                raise LedgerError(
                    "a damaged entry",
                    where=self.where,
                    expected=f"entry {row.number} with the hash of its content, after the one before",
                    found=row.hash,
                    todo="bea ledger verify NAME; restore a backup",
                )
            last = row.hash
            yield row

    def controls(self, after: int = 0) -> Sequence[Control]:
        """As `Ledger.controls`."""
        return self._store.controls(after)

    def state(self) -> State:
        """The lease and the head of the chain, as they stand in the database."""
        return self._store.state()

    def pulse(self) -> str:
        """What the runner said of itself at its last renewal; empty: nothing."""
        return self._store.fact(PULSE)

    def control(self, command: Command, *, subject: str = "", person: str, reason: str) -> Control:
        """As `Ledger.control`. Characters that cannot be printed are replaced: a kill is refused for no text."""
        wall_ns = self._clock.wall_ns()
        subject, person, reason = printable(subject), printable(person), printable(reason)

        def add() -> Control:
            if command is Command.KILL:
                self._probe("kill.before_commit")
            with self._store.transaction() as transaction:
                last = transaction.last_control()
                number, previous = (last[0].number, last[1]) if last is not None else (0, FIRST_PREVIOUS)
                control = Control(number + 1, wall_ns, command, subject, person, reason)
                if last is not None and replace(control, number=number) == last[0]:
                    return last[0]  # the commit of the attempt before came about
                transaction.add_control(control, control_hash(previous, control))
            if command is Command.KILL:
                self._probe("kill.after_commit")
            return control

        return self._again(add)

    def restored(self) -> str:
        """Head of the backup that this ledger was restored from; empty if it was not, or once it is adopted.

        While it is not empty nothing may be sent: the venue may know bets that the backup does not hold.
        """

        def read() -> str:
            with self._store.transaction() as transaction:
                return transaction.fact("restored")

        return self._again(read)

    def adopt(self) -> None:
        """Take the mark of a restored ledger away, under the lease: a person has compared it with the venue."""

        def clear() -> None:
            with self._store.transaction() as transaction:
                lease.check(transaction.state(), self._holder, self.epoch)
                transaction.put_fact("restored", "")

        self._again(clear)
        self._restored = False

    def renew(self, pulse: str = "") -> None:
        """As `Ledger.renew`. A lease that has run out is renewed too, as long as nobody has taken it."""
        if not self.epoch:
            raise Fenced("no lease", where=self.where, todo="open the ledger to write first")
        self._probe("lease.renew")
        exclusive = self._store.alone()

        def again() -> int:
            started_ns = self._clock.monotonic_ns()
            with self._store.transaction() as transaction:
                state = transaction.state()
                lease.check(state, self._holder, self.epoch)
                transaction.put_state(lease.renewed(state, self._clock.wall_ns(), exclusive))
                if pulse:
                    transaction.put_fact(PULSE, pulse)
            return started_ns

        self._held_since(self._again(again))
        self._store.tidy()

    def holder_ended(self) -> bool:
        """As `engine.live.ledger.store.Store.holder_ended`: a killed runner shows at once on its own machine."""
        return self._store.holder_ended()

    def lease_left_ns(self) -> int:
        """As `Ledger.lease_left_ns`; not below 0."""
        return max(0, self._deadline_ns - self._clock.monotonic_ns())

    def close(self) -> None:
        """Release the lease, if we have it and the store still works, and close the store."""
        if self.epoch:
            with suppress(LedgerError, Unfinished), self._store.transaction() as transaction:
                state = transaction.state()
                if (state.holder, state.epoch) == (self._holder, self.epoch):
                    transaction.put_state(replace(state, holder="", exclusive=False))
            self.epoch, self._deadline_ns = 0, 0
        self._store.close()

    def _prepare(self, entry: Entry) -> _Prepared:
        fault = fault_of(entry)
        try:
            text = body_text(entry.body)
        except (TypeError, ValueError) as error:
            fault, text = f"a body that is no plain JSON ({error})", ""
        if fault:
            found = printable(f"{fault}, kind {entry.kind}", 200)
            raise LedgerError("an entry cannot be stored", where=self.where, found=found)
        return _Prepared(entry, text)

    def _append(self, prepared: Sequence[_Prepared], sending: bool) -> Sequence[Recorded]:
        started_ns = self._clock.monotonic_ns()
        if started_ns >= self._deadline_ns:
            todo = "this process ends; its next start takes the lease again"
            raise Fenced("the lease has run out" if self.epoch else "no lease", where=self.where, todo=todo)
        renewing = started_ns - self._renewed_ns >= self._settings.renew_after_ms * MS_NS
        with self._store.transaction() as transaction:
            state = transaction.state()
            lease.check(state, self._holder, self.epoch)
            if sending and transaction.killed():
                raise Killed("the kill switch is set: nothing is sent", where=self.where, todo="bea resume frees it")
            if sending and self._restored:
                todo = "compare it with the venue: bea reconcile --adopt"
                raise LedgerError("the ledger was restored from a backup: nothing is sent", where=self.where, todo=todo)
            there = self._there(transaction, prepared)
            if there is not None:
                return there
            wall_ns = self._clock.wall_ns()
            rows = _chain(state, self.epoch, wall_ns, prepared)
            self._insert(transaction, rows)
            last = replace(state, number=rows[-1].number, hash=rows[-1].hash)
            transaction.put_state(lease.renewed(last, wall_ns, state.exclusive) if renewing else last)
        if renewing:
            self._held_since(started_ns)
        return rows

    def _there(self, transaction: Transaction, prepared: Sequence[_Prepared]) -> Sequence[Recorded] | None:
        """The stored entries if all of them are there; None if none is.

        Raises
        ------
        KeyConflict
        """
        venue_bets = [item.entry.venue_bet for item in prepared if item.entry.venue_bet is not None]
        found = transaction.find([item.entry.key for item in prepared], venue_bets)
        by_key = {row.entry.key: row for row in found}
        by_bet = {row.entry.venue_bet: row for row in found if row.entry.venue_bet is not None}
        for item in prepared:
            row = by_key.get(item.entry.key)
            if row is not None and (replace(row.entry, body={}), row.body_text) != (
                replace(item.entry, body={}),
                item.text,
            ):
                raise self._conflict("a key is there with other content", item.entry.key, row)
            claimed = by_bet.get(item.entry.venue_bet or "")
            if claimed is not None and claimed.entry.key != item.entry.key:
                raise self._conflict("a venue bet belongs to another entry", str(item.entry.venue_bet), claimed)
        stored = [by_key.get(item.entry.key) for item in prepared]
        if all(row is None for row in stored):
            return None
        rows = [row for row in stored if row is not None]
        if len(rows) < len(prepared):
            raise self._conflict("a part of a batch is there already", rows[0].entry.key, rows[0])
        return rows

    def _conflict(self, what: str, name: str, row: Recorded) -> KeyConflict:
        return KeyConflict(what, where=self.where, expected=name, found=f"entry {row.number}, {row.entry.kind}")

    def _insert(self, transaction: Transaction, rows: Sequence[Recorded]) -> None:
        if len(rows) > 1 and rows[0].entry.kind in _SETTLEMENTS:
            transaction.insert(rows[:1])
            self._probe("settlement.between_rows")
            rows = rows[1:]
        transaction.insert(rows)
        if rows[0].entry.kind in _RECEIPTS:
            self._probe("receipt.inside_commit")

    def _held_since(self, started_ns: int) -> None:
        self._renewed_ns = started_ns
        self._deadline_ns = started_ns + self._settings.lease_ttl_ms * MS_NS

    def _again(self, act: Callable[[], _Result]) -> _Result:
        return insist(act, self._clock, self._settings, self.where)


def _chain(state: State, epoch: int, wall_ns: int, prepared: Sequence[_Prepared]) -> list[Recorded]:
    rows: list[Recorded] = []
    previous, number = state.hash, state.number
    for item in prepared:
        number += 1
        digest = entry_hash(previous, number, epoch, wall_ns, item.entry, item.text)
        rows.append(Recorded(number, epoch, wall_ns, item.entry, item.text, previous, digest))
        previous = digest
    return rows


def _first_repeated(names: Sequence[str]) -> str:
    return next(name for index, name in enumerate(names) if name in names[:index])
