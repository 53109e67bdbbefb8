"""A ledger in a home of its own, in a file or in a real PostgreSQL server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import open_ledger
from engine.live.ledger.settings import LedgerSettings
from tests.live.ledger.entries import FAST, OPENED
from tests.live.ledger.postgres import server

Open = Callable[..., ChainedLedger]
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server."""
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> Iterator[LedgerSettings]:
    """Settings of each kind of database, which is empty."""
    if request.param == "sqlite":
        yield FAST
        return
    url = request.getfixturevalue("postgres")
    name = f"ledgers_{next(_NUMBERS)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield replace(
        FAST, url=str(engine.url.set(database=name).render_as_string(hide_password=False)), lock_timeout_ms=200
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


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
