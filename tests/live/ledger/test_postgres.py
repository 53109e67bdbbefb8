"""What PostgreSQL can do to a ledger: connections lost in COMMIT, conflicts, time-outs, a server that is away."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from engine.errors import LedgerError, LedgerFailure
from engine.live.clock import SystemClock
from engine.live.ledger.control import Command
from engine.live.ledger.opening import connect, ledger_names, open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.store import Unfinished
from engine.live.ledger.verify import verify
from research.commands.main import main
from tests.live.ledger.conftest import Open
from tests.live.ledger.cut import Cut
from tests.live.ledger.entries import OPENED, intended, placed
from tests.live.ledger.postgres import crash, own_server

pytestmark = pytest.mark.parametrize("settings", ["postgres"], indirect=True)


@pytest.fixture()
def cut(settings: LedgerSettings) -> Iterator[Cut]:
    """A connection that breaks when it is told to."""
    folder = Path(mkdtemp(prefix="bea-cut-"))
    between = Cut(folder, settings.url)
    yield between
    between.close()
    rmtree(folder)


def run(settings: LedgerSettings, statement: str) -> Any:
    """Run one statement as somebody else."""
    engine = create_engine(settings.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        return connection.exec_driver_sql(statement).all()


OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"


@pytest.mark.parametrize("at", ["before", "after"])
def test_an_entry_whose_commit_had_no_answer_is_there_once(
    opening: Open, settings: LedgerSettings, cut: Cut, at: str
) -> None:
    ledger = opening(settings=replace(settings, url=cut.url))
    cut.at = at
    written = ledger.append([intended(1), placed(1, "pinnacle/7")])
    assert cut.breaks == 1
    assert [row.entry.key for row in ledger.entries(1)] == ["intended:1", "placed:1"]
    assert list(ledger.entries(1)) == list(written)
    cut.at = at
    ledger.renew()
    cut.at = at
    ledger.control(Command.KILL, person="ann", reason="odd")
    assert cut.breaks == 3 and [row.number for row in ledger.controls()] == [1]
    ledger.close()
    cut.at = at  # also that of the lease itself
    assert opening(settings=replace(settings, url=cut.url, lease_ttl_ms=60_000)).epoch == 2 and cut.breaks == 4


def test_a_server_that_ends_our_connection_within_a_transaction_is_asked_again(
    opening: Open, settings: LedgerSettings
) -> None:
    ended = [0]

    def end(name: str) -> None:
        if name == "receipt.inside_commit" and ended[0] < 2:
            ended[0] += 1
            run(settings, OTHERS)

    ledger = opening(probe=end)
    ledger.append([placed(1, "pinnacle/7")])
    assert ended == [2] and [row.entry.key for row in ledger.entries(1)] == ["placed:1"]


def test_what_is_read_after_a_lost_connection_is_asked_again(opening: Open, settings: LedgerSettings) -> None:
    ledger = opening()
    for read in (lambda: list(ledger.entries()), ledger.controls, ledger.state, ledger.restored, ledger.renew):
        run(settings, OTHERS)
        read()
    assert len(list(ledger.entries())) == 1


@pytest.mark.parametrize(
    ("state", "again", "words"),
    [
        ("40001", True, "serialization failure"),
        ("40P01", True, "serialization failure"),
        ("08006", True, "connection lost"),
        ("57P01", True, "connection lost"),
        ("53100", False, "the disk is full"),
        ("58030", False, "input/output error"),
        ("25006", False, "read-only"),
        ("22012", False, "22012"),
    ],
)
def test_errors_of_the_server_end_the_process_or_are_asked_again(
    opening: Open, settings: LedgerSettings, state: str, again: bool, words: str
) -> None:
    opening().close()
    store = connect("spring", settings, SystemClock())
    fail = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(Unfinished if again else LedgerFailure, match=words), store.sessions.write() as connection:
        connection.exec_driver_sql(fail)
    if again:
        with store.transaction() as transaction:
            assert transaction.state().epoch == 1
    else:
        with pytest.raises(LedgerFailure, match="not used again"), store.transaction():
            pass
    store.close()


def test_locks_and_statements_have_time_outs(opening: Open, settings: LedgerSettings) -> None:
    ledger = opening(settings=replace(settings, statement_timeout_ms=300))
    engine = create_engine(settings.url, poolclass=NullPool)
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE bea_spring.lease IN EXCLUSIVE MODE")
        with pytest.raises(LedgerFailure, match="locked beyond the time-out"):
            ledger.append([intended(1)])
        other.rollback()
    store = connect("spring", replace(settings, statement_timeout_ms=100), SystemClock())
    with pytest.raises(LedgerFailure, match="longer than the time-out"), store.sessions.write() as connection:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    store.close()


def test_transactions_are_serializable_and_flushed(opening: Open, settings: LedgerSettings) -> None:
    opening().close()
    store = connect("spring", settings, SystemClock())
    with store.sessions.write() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("transaction_isolation", "fsync")]
        assert [*shown, connection.exec_driver_sql("SHOW synchronous_commit").scalar()] == ["serializable", "on", "on"]
    store.close()


def test_a_server_that_is_away_is_one_line_without_the_password(settings: LedgerSettings, home: Path) -> None:
    away = replace(settings, url=f"postgresql://ann:secret@/none?host={home}", retries=1)
    with pytest.raises(LedgerError) as caught:
        open_ledger("spring", OPENED, settings=away)
    assert "connection lost" in caught.value.line() and "secret" not in caught.value.line()
    store = connect("spring", away, SystemClock())
    for act in (lambda: verify(store.sessions, "spring"), lambda: ledger_names(away), lambda: store.state()):
        with pytest.raises(LedgerFailure, match="connection lost"):
            act()
    store.close()


def test_the_driver_can_be_missing(settings: LedgerSettings, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(LedgerError, match=r"driver of PostgreSQL is missing.*\[postgres\]"):
        open_ledger("spring", OPENED, settings=replace(settings, url="postgresql://localhost/x"))


@pytest.mark.parametrize(
    ("url", "words"), [("mysql://localhost/x", "unknown database"), ("nonsense", "not an address of a database")]
)
def test_other_addresses_are_refused(settings: LedgerSettings, home: Path, url: str, words: str) -> None:
    with pytest.raises(LedgerError, match=words):
        open_ledger("spring", OPENED, settings=replace(settings, url=url))


def test_the_status_of_all_ledgers_has_those_of_the_database(
    opening: Open, settings: LedgerSettings, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "live").mkdir(parents=True)
    (home / "live" / "ledger.yaml").write_text(f"url: {json.dumps(settings.url)}\n", encoding="utf-8")
    opening("autumn")
    assert main(["status", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["ledgers"]] == ["autumn"]


def test_the_address_can_come_from_the_environment(
    opening: Open, settings: LedgerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEA_LEDGER_URL", settings.url)
    ledger = opening(settings=replace(settings, url=""))
    assert ledger.where.startswith("postgresql://")


@pytest.mark.slow
def test_a_server_that_dies_within_a_commit_and_comes_back_has_lost_nothing(
    home: Path, settings: LedgerSettings
) -> None:
    with own_server() as own:
        died: list[int] = []

        def die(name: str) -> None:
            if name == "receipt.inside_commit" and len(died) < 2:
                died.append(own.get_pid())
                crash(own)

        patient = replace(settings, url=own.get_uri(), retry_wait_ms=100, lease_ttl_ms=60_000)
        ledger = open_ledger("spring", OPENED, settings=patient, probe=die)
        told = [*ledger.append([intended(1)]), *ledger.append([placed(1, "pinnacle/7")])]
        crash(own)
        told += [*ledger.append([intended(2)])]
        assert len(died) == 2 and list(ledger.entries(1)) == told
        ledger.close()
        store = connect("spring", patient, SystemClock())
        assert verify(store.sessions, "spring").faults == ()
        store.close()
