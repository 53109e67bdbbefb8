"""A ledger in a home of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import open_ledger
from engine.live.ledger.settings import LedgerSettings
from tests.live.ledger.entries import FAST, OPENED

Open = Callable[..., ChainedLedger]


@pytest.fixture()
def opening(home: Path) -> Iterator[Open]:
    """Open ledgers by name; all are closed at the end."""
    opened: list[ChainedLedger] = []

    def open_one(name: str = "spring", settings: LedgerSettings = FAST, **words: object) -> ChainedLedger:
        ledger = open_ledger(name, words.pop("opened", OPENED), settings=settings, **words)  # type: ignore[arg-type]
        opened.append(ledger)
        return ledger

    yield open_one
    for ledger in opened:
        ledger.close()
