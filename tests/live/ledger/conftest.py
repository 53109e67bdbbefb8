"""A ledger in a home of its own, in a file or in a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from engine.live.clock import SystemClock
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import connect, open_ledger
from engine.live.ledger.settings import LedgerSettings
from tests.live.ledger.entries import FAST, OPENED
from tests.live.ledger.postgres import server

Open = Callable[..., ChainedLedger]


def change_spring(settings: LedgerSettings, *statements: str) -> None:
    """Change the database behind the back of the ledger `spring`."""
    store = connect("spring", settings, SystemClock())
    with store.sessions.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
    store.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server."""
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> Iterator[LedgerSettings]:
    """Settings of each kind of database, without a ledger."""
    if request.param == "sqlite":
        yield FAST
        return
    url = request.getfixturevalue("postgres")
    yield replace(FAST, url=url, lock_timeout_ms=200)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for name in inspect(connection).get_schema_names():
            if name.startswith("bea_"):
                connection.exec_driver_sql(f'DROP SCHEMA "{name}" CASCADE')


@pytest.fixture()
def opening(home: Path, settings: LedgerSettings) -> Iterator[Open]:
    """Open ledgers by name; all are closed at the end."""
    opened: list[ChainedLedger] = []

    def open_one(name: str = "spring", **words: object) -> ChainedLedger:
        words = {"opened": OPENED, "settings": settings} | words
        ledger = open_ledger(name, **words)  # type: ignore[arg-type]
        opened.append(ledger)
        return ledger

    yield open_one
    for ledger in opened:
        ledger.close()
