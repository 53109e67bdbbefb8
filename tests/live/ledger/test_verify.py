"""Any bit of any column that is flipped is found and named, and so are entries that are missing or forged."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from engine.errors import LedgerError, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger.control import Command
from engine.live.ledger.entries import ACCOUNTS, FIRST_PREVIOUS, Entry, Kind, Money, entry_hash
from engine.live.ledger.opening import connect, ledger_path, look, make_tables
from engine.live.ledger.schema import ENTRY_COLUMNS
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.verify import Verification, verify
from tests.live.ledger.conftest import Open, change_spring
from tests.live.ledger.entries import FAST, intended, placed


def filled(opening: Open) -> None:
    """A ledger `spring` with seven entries and two control rows, closed."""
    ledger = opening()
    ledger.append([intended(1), intended(2, stake=700)])
    ledger.append([placed(1, "pinnacle/7")])
    ledger.append([Entry(Kind.READ, "read:2:1", 44, intended(2).intent)])
    money = Money(cash=900, stakes=-500, pnl=-410, tax=10)
    ledger.append([Entry(Kind.SETTLED, "settled:1:1", 99, intended(1).intent, None, "pinnacle", money, {"version": 1})])
    ledger.append([Entry(Kind.CAPITAL, "capital:1", 100, money=Money(cash=10_000, capital=-10_000))])
    ledger.control(Command.KILL, person="ann", reason="odd")
    ledger.control(Command.RESUME, person="ann", reason="good")
    ledger.close()


def checked(settings: LedgerSettings, head: str = "") -> Verification:
    """What `verify` says of the ledger `spring`."""
    store = connect("spring", settings, SystemClock())
    try:
        return verify(store.sessions, "spring", head)
    finally:
        store.close()


def test_a_sound_ledger_is_good_and_its_balances_are_sums(opening: Open, settings: LedgerSettings) -> None:
    filled(opening)
    found = checked(settings)
    assert found.faults == () and (found.entries, found.controls, found.restored) == (7, 2, "")
    balances = {"cash": 9700, "reserved": 700, "stakes": 0, "pnl": -410, "tax": 10, "capital": -10_000}
    assert found.totals == dict.fromkeys(ACCOUNTS, 0) | balances
    assert checked(settings, found.head).faults == ()


@pytest.mark.parametrize("column", ENTRY_COLUMNS)
def test_a_bit_flipped_in_any_column_is_found_and_named(column: str, home: Path, file_with: Path) -> None:
    rng, named = random.Random(column), 0
    for trial in range(6):
        path = ledger_path("spring")
        shutil.copy(file_with, path)
        number = 4 if column == "venue_bet" else rng.randint(1, 7)
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA ignore_check_constraints=1")
            query = f"SELECT {column} FROM entries WHERE number = ?"
            (value,) = connection.execute(query, (number,)).fetchone()
            changed = flipped(value, rng)
            connection.execute(f"UPDATE entries SET {column} = ? WHERE number = ?", (changed, number))
        connection.close()
        found = checked(FAST)
        assert found.faults, (column, number, value, changed, trial)
        here = [fault for fault in found.faults if fault.where == f"entry {number}"]
        named += any(fault.column == column for fault in here)
    empty = {"intent", "bookmaker"}  # where nothing is, a whole letter is put in
    assert named == 6 or column in {*empty, "number"}  # a number that moves changes the order of the rows


def flipped(value: Any, rng: random.Random) -> Any:
    """One bit of a value is another one."""
    if isinstance(value, int):
        return value ^ (1 << rng.randrange(62))
    raw = bytearray((value or "x").encode())
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(7)
    return raw.decode()


@pytest.fixture()
def file_with(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the file of `filled`."""
    from engine.live.ledger.opening import open_ledger
    from tests.live.ledger.entries import OPENED

    filled(lambda: open_ledger("spring", OPENED, settings=FAST))
    path = tmp_path_factory.mktemp("copy") / "spring.db"
    shutil.copy(ledger_path("spring"), path)
    return path


def dump(path: Path) -> list[str] | None:
    """Every row of the tables whose content counts; None if the file cannot be read."""
    try:
        connection = sqlite3.connect(path)
        connection.text_factory = bytes
        tables = ("entries", "control", "facts")
        try:
            return [repr(row) for table in tables for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]
        finally:
            connection.close()
    except sqlite3.Error:
        return None


def test_a_bit_flipped_anywhere_in_the_file_is_found_if_it_changes_a_row(file_with: Path) -> None:
    rng, good = random.Random(7), file_with.read_bytes()
    content, path, found, harmless = dump(file_with), ledger_path("spring"), 0, 0
    used = [index for index, byte in enumerate(good) if byte]
    for _ in range(150):
        raw = bytearray(good)
        raw[rng.choice(used)] ^= 1 << rng.randrange(8)
        path.write_bytes(raw)
        if checked(FAST).faults:
            found += 1
        else:
            assert dump(path) == content
            harmless += 1
    assert found > 75 and found + harmless == 150


def test_an_empty_ledger_is_sound(home: Path, settings: LedgerSettings) -> None:
    store = connect("spring", settings, SystemClock(), create=True)
    with store.sessions.first() as connection:
        make_tables(connection, "spring")
    found = verify(store.sessions, "spring")
    store.close()
    assert found == Verification(0, 0, FIRST_PREVIOUS, (), dict.fromkeys(ACCOUNTS, 0), "")


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["DELETE FROM entries WHERE number = 3"], "entry 3, number: expected 3, found 4"),
        (["DELETE FROM entries WHERE number = 7"], "head: expected entry 7"),
        (["UPDATE lease SET number = 6"], "head: expected entry 6"),
        (["UPDATE control SET reason = 'better' WHERE number = 1"], "control row 1: its hash"),
        (["DELETE FROM control WHERE number = 1"], "control row 1: its hash or number"),
        (["UPDATE facts SET value = 'autumn' WHERE name = 'name'"], "facts, name: expected spring, found autumn"),
        (["UPDATE facts SET value = 'yes' WHERE name = 'restored'"], "facts, restored"),
        (["UPDATE facts SET value = 'abcd' WHERE name = 'restored'"], "facts, restored"),
        ([f"UPDATE facts SET value = '{'z' * 64}' WHERE name = 'restored'"], "facts, restored"),
        (["DELETE FROM facts WHERE name = 'restored'"], "facts, restored: expected nothing or a hash, found None"),
        (["DROP TABLE control"], "file: cannot be read further"),
    ],
)
def test_rows_that_are_missing_or_changed_are_named(
    opening: Open, settings: LedgerSettings, statements: list[str], words: str
) -> None:
    filled(opening)
    change_spring(settings, *statements)
    lines = [fault.line() for fault in checked(settings).faults]
    assert any(words in line for line in lines), lines


def test_a_chain_with_a_gap_is_told_line_by_line(opening: Open, settings: LedgerSettings) -> None:
    filled(opening)
    rows = {row.number: row.hash for row in opening().entries()}
    change_spring(settings, "DELETE FROM entries WHERE number = 6", "UPDATE entries SET number = 6 WHERE number = 7")
    last = f"the last entry is 6, {rows[7][:12]}"
    assert [fault.line() for fault in checked(settings).faults] == [
        "entry 6, number: its hash is another one: expected 7, found 6",
        "entry 6, previous: does not follow the entry before: one was changed, taken out or put in",
        f"head: expected entry 7, {rows[7][:12]}; {last}",
    ]
    change_spring(settings, f"UPDATE entries SET previous = '{rows[5]}' WHERE number = 6")
    assert [fault.line() for fault in checked(settings).faults] == [
        "entry 6: its hash is another one",
        f"head: expected entry 7, {rows[7][:12]}; {last}",
    ]


def test_a_row_that_does_not_sum_to_zero_is_named_though_its_hash_is_right(opening: Open) -> None:
    if "postgres" in opening().where:
        pytest.skip("PostgreSQL has no way around its constraints")
    ledger = opening("other")
    (row,) = ledger.append([intended(1)])
    ledger.close()
    forged = SimpleNamespace(**{name: getattr(row.entry.money, name) for name in ACCOUNTS} | {"cash": -499})
    entry = SimpleNamespace(**row.entry.__dict__ | {"money": forged})
    digest = entry_hash(row.previous, row.number, row.epoch, row.wall_ns, entry, row.body_text)  # type: ignore[arg-type]
    with sqlite3.connect(ledger_path("other")) as connection:
        connection.execute("PRAGMA ignore_check_constraints=1")
        connection.execute("UPDATE entries SET cash = -499, hash = ? WHERE number = 2", (digest,))
        connection.execute("UPDATE lease SET hash = ?", (digest,))
    connection.close()
    store = connect("other", FAST, SystemClock())
    lines = [fault.line() for fault in verify(store.sessions, "other").faults]
    store.close()
    assert "entry 2: the changes sum to 1, expected 0" in lines


def test_a_row_that_cannot_be_read_is_a_damaged_entry(opening: Open, settings: LedgerSettings) -> None:
    filled(opening)
    change_spring(settings, "UPDATE entries SET kind = 'lost' WHERE number = 2")
    other = look("spring", settings=settings)
    with pytest.raises(LedgerError, match=r"a damaged entry.*entry 2.*bea ledger verify"):
        list(other.entries())
    other.close()


def test_a_shortened_chain_is_noticed_by_a_head_that_was_noted(opening: Open, settings: LedgerSettings) -> None:
    filled(opening)
    head = checked(settings).head
    (row,) = [one for one in opening().entries() if one.number == 6]
    change_spring(settings, "DELETE FROM entries WHERE number = 7", f"UPDATE lease SET number = 6, hash = '{row.hash}'")
    assert checked(settings).faults == ()
    assert [fault.line() for fault in checked(settings, head).faults] == [f"head: no entry has the hash {head}"]


def test_faults_end_after_twenty(opening: Open, settings: LedgerSettings) -> None:
    ledger = opening()
    ledger.append([intended(number) for number in range(1, 60)])
    change_spring(settings, "UPDATE entries SET epoch = epoch + 3")
    assert len(checked(settings).faults) == 20


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE entries SET body = '{"version"\\:2}' WHERE number = 6""",
        "UPDATE entries SET cash = cash + 1, capital = capital - 1 WHERE number = 7",
        "UPDATE entries SET key = key || 'x' WHERE number = 5",
        "DELETE FROM entries WHERE number = 5",
        "DELETE FROM entries WHERE number = 1",
    ],
)
def test_nothing_folds_a_damaged_entry(opening: Open, settings: LedgerSettings, change: str) -> None:
    filled(opening)
    for damaged in (False, True):
        if damaged:
            change_spring(settings, change)
        with closing(look("spring", settings=settings)) as ledger:
            if damaged:
                with pytest.raises(LedgerError, match="a damaged entry"):
                    list(ledger.entries())
            else:
                assert len(list(ledger.entries())) == 7


@pytest.mark.parametrize("settings", ["postgres"], indirect=True)
def test_a_ledger_that_somebody_locks_is_not_called_damaged(opening: Open, settings: LedgerSettings) -> None:
    filled(opening)
    engine = create_engine(settings.url, poolclass=NullPool)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE bea_spring.entries IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(LedgerFailure, match="locked beyond the time-out"):
            checked(settings)
    assert checked(settings).faults == ()
