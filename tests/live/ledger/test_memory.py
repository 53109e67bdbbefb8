"""The store in memory keeps the same rules, and its faults end as a database's would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.errors import KeyConflict, Killed, LedgerError, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.control import Command
from engine.live.ledger.entries import FIRST_PREVIOUS, Entry, Kind
from engine.live.ledger.memory import MemoryDisk, MemoryStore, no_faults
from engine.live.ledger.opening import connect, make_tables, start
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.store import State, Unfinished
from tests.live.ledger.conftest import Open
from tests.live.ledger.entries import FAST, OPENED, intended, placed


def ledger_on(disk: MemoryDisk, faults: Callable[[str], None] = no_faults, *, flush: bool = True) -> ChainedLedger:
    """A ledger in memory with the lease."""
    return start(ChainedLedger(MemoryStore(disk, faults, flush=flush), SystemClock(), FAST), OPENED, "test")


def test_a_ledger_in_memory_is_the_one_in_a_database(opening: Open) -> None:
    batches = [[intended(1), intended(2)], [placed(1, "pinnacle/7")], [Entry(Kind.SENT, "sent:2:1", 9)]]
    memory, stored = ledger_on(MemoryDisk()), opening()
    for batch in batches:
        memory.append(batch)
        stored.append(batch)
    assert [row.entry for row in memory.entries()] == [row.entry for row in stored.entries()]
    assert [row.body_text for row in memory.entries(2)] == [row.body_text for row in stored.entries(2)]
    for ledger in (memory, stored):
        with pytest.raises(KeyConflict):
            ledger.append([placed(2, "pinnacle/7")])
        ledger.control(Command.KILL, person="ann", reason="odd")
        with pytest.raises(Killed):
            ledger.append([Entry(Kind.SENT, "sent:3:1", 9)], sending=True)
        ledger.control(Command.RESUME, person="ann", reason="good")
        ledger.append([Entry(Kind.SENT, "sent:3:1", 9)], sending=True)
        assert [row.number for row in ledger.controls()] == [1, 2]


@pytest.mark.parametrize("step", ["begin", "commit", "committed"])
def test_a_connection_lost_before_or_after_the_commit_leaves_the_entry_once(step: str) -> None:
    lost = [False, False]

    def lose(now: str) -> None:
        if now == step and lost == [True, False]:
            lost[1] = True
            raise Unfinished("connection lost")

    disk = MemoryDisk()
    ledger = ledger_on(disk, lose)
    lost[0] = True
    (row,) = ledger.append([intended(1)])
    assert lost[1] and [one.entry.key for one in disk.rows] == ["opened", "intended:1"] and disk.rows[1] == row


def test_after_a_failure_of_the_disk_nothing_is_asked_of_it_again() -> None:
    full = [False]

    def fill(now: str) -> None:
        if full[0] and now == "commit":
            raise LedgerFailure("the disk is full")

    disk = MemoryDisk()
    ledger = ledger_on(disk, fill)
    full[0] = True
    with pytest.raises(LedgerFailure, match="full"):
        ledger.append([intended(1)])
    full[0] = False
    with pytest.raises(LedgerFailure, match="before"):
        ledger.append([intended(2)])
    assert len(disk.rows) == 1


def test_a_ledger_in_memory_has_the_mark_of_a_restored_one() -> None:
    disk = MemoryDisk(facts={"restored": "ab" * 32})
    ledger = ledger_on(disk)
    with pytest.raises(LedgerError, match="restored from a backup"):
        ledger.append([Entry(Kind.SENT, "sent:1:1", 9)], sending=True)
    ledger.adopt()
    ledger.append([Entry(Kind.SENT, "sent:1:1", 9)], sending=True)
    assert disk.facts == {"restored": ""} and ledger.state().number == 2


def test_a_loss_of_power_takes_what_was_not_flushed_and_nothing_else() -> None:
    for flush, left in ((True, 3), (False, 0)):
        disk = MemoryDisk()
        ledger_on(disk, flush=flush).append([intended(1), placed(1, "pinnacle/7")])
        disk.lose_power()
        assert len(disk.rows) == len(disk.by_key) == left == disk.state.number
        again = ledger_on(disk)  # the dead process holds no lock, so nobody waits
        assert len(again.append([intended(3)])) == 1 and again.epoch == 2


def test_a_new_store_has_no_entry_no_holder_and_no_time_of_a_lease(home: Path, settings: LedgerSettings) -> None:
    empty = State("", epoch=0, beat=0, exclusive=False, ttl_ns=0, wall_ns=0, number=0, hash=FIRST_PREVIOUS)
    assert MemoryStore(MemoryDisk()).state() == empty
    store = connect("spring", settings, SystemClock(), create=True)
    with store.sessions.first() as connection:
        make_tables(connection, "spring")
    assert store.state() == empty
    store.close()
    with pytest.raises(FrozenInstanceError):
        empty.number = 1  # type: ignore[misc]  the head moves by a new row, never in place
