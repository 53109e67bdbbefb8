"""Schemas: the steps give what the tables say; an older one is migrated, a newer one refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect

from engine.errors import Fenced, LedgerError
from engine.live.clock import SystemClock
from engine.live.ledger import schema
from engine.live.ledger.migrate import migrate, upgrade
from engine.live.ledger.opening import connect, ledger_path, look, open_ledger, stored_version
from engine.live.ledger.session import Sessions
from engine.live.ledger.settings import LedgerSettings
from tests.live.clock import MovedClock
from tests.live.ledger.conftest import Open, change_spring
from tests.live.ledger.entries import OPENED, intended


def old_ledger(opening: Open, settings: LedgerSettings) -> list[str]:
    """A ledger `spring` of the first schema; hashes of its entries."""
    ledger = opening()
    ledger.append([intended(1)])
    hashes = [row.hash for row in ledger.entries()]
    ledger.close()
    change_spring(settings, "DROP INDEX entries_by_intent", "UPDATE alembic_version SET version_num = '0001'")
    return hashes


def tables(sessions: Sessions) -> dict[str, object]:
    """Columns, keys, indices and constraints of every table."""
    with sessions.read() as connection:
        found = inspect(connection)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
                found.get_pk_constraint(name)["constrained_columns"],
                sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(name)),
                sorted(
                    (one["name"], one["sqltext"].replace("::text", "")) for one in found.get_check_constraints(name)
                ),
                sorted((one["name"], tuple(one["column_names"])) for one in found.get_indexes(name)),
            )
            for name in schema.metadata.tables
        }


def test_the_steps_give_the_tables_of_the_schema(opening: Open, settings: LedgerSettings, home: Path) -> None:
    opening().close()
    store = connect("spring", settings, SystemClock())
    steps = connect("steps", settings, SystemClock(), create=True)
    with steps.sessions.first() as connection:
        upgrade(connection)
        assert stored_version(connection) == schema.VERSIONS[-1]
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, schema.metadata) == []
    assert tables(steps.sessions) == tables(store.sessions)
    store.close()
    steps.close()


def test_an_older_schema_is_refused_until_it_is_migrated(opening: Open, settings: LedgerSettings) -> None:
    hashes = old_ledger(opening, settings)
    for act in (lambda: open_ledger("spring", OPENED, settings=settings), lambda: look("spring", settings=settings)):
        with pytest.raises(LedgerError, match=r"older schema.*expected 0002, found 0001.*bea ledger migrate spring"):
            act()
    assert migrate("spring", settings=settings) == ("0001", "0002")
    assert migrate("spring", settings=settings) == ("0002", "0002")
    ledger = opening()
    assert [row.hash for row in ledger.entries()] == hashes
    ledger.append([intended(2)])


def test_a_newer_schema_is_refused_and_stays(opening: Open, settings: LedgerSettings) -> None:
    opening().close()
    change_spring(settings, "UPDATE alembic_version SET version_num = '0999'")
    for act in (
        lambda: open_ledger("spring", OPENED, settings=settings),
        lambda: look("spring", settings=settings),
        lambda: migrate("spring", settings=settings),
    ):
        with pytest.raises(LedgerError, match=r"newer schema.*expected 0002, found 0999"):
            act()


def test_a_migration_that_is_killed_between_steps_leaves_the_old_schema(
    opening: Open, settings: LedgerSettings
) -> None:
    opening().close()
    store = connect("fresh", settings, SystemClock(), create=True)
    names: list[str] = []

    def die(name: str) -> None:
        names.append(name)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), store.sessions.first() as connection:
        upgrade(connection, die)
    with store.sessions.first() as connection:
        assert names == ["migration.between_steps"] and stored_version(connection) == ""
        upgrade(connection)
    store.close()


def test_a_ledger_that_a_runner_holds_is_not_migrated(opening: Open, settings: LedgerSettings) -> None:
    old_ledger(opening, settings)
    change_spring(settings, "UPDATE lease SET holder = 'a', exclusive = false, beat = 1, ttl_ns = 600000000")
    clock = MovedClock()
    clock.during = lambda: change_spring(settings, "UPDATE lease SET beat = beat + 1")
    with pytest.raises(Fenced, match="holds the lease"):
        migrate("spring", settings=settings, clock=clock)


def test_a_database_of_something_else_is_no_ledger(opening: Open, settings: LedgerSettings) -> None:
    opening().close()
    change_spring(settings, "DROP TABLE alembic_version")
    with pytest.raises(LedgerError, match="no ledger"):
        open_ledger("spring", OPENED, settings=settings)
    store = connect("spring", settings, SystemClock())
    with store.sessions.write() as connection:
        schema.version.create(connection)
        connection.execute(delete(schema.version))
    store.close()
    with pytest.raises(LedgerError, match="no ledger"):
        look("spring", settings=settings)


def test_there_is_no_such_ledger(home: Path, settings: LedgerSettings) -> None:
    for act in (lambda: look("spring", settings=settings), lambda: migrate("spring", settings=settings)):
        with pytest.raises(LedgerError, match="no such ledger"):
            act()
    assert not ledger_path("spring").exists()


@pytest.mark.parametrize("name", ["", "Spring", "-spring", "spring_", "../spring", "sp ring", "a" * 49])
def test_other_names_are_no_names_of_ledgers(home: Path, name: str) -> None:
    with pytest.raises(LedgerError, match="not a name of a ledger: expected at most 48"):
        ledger_path(name)
    assert ledger_path("a" * 48).stem == "a" * 48 and ledger_path("a-b_c").stem == "a-b_c"
