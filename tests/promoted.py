"""Promotions for tests: a backtest of the sample, every failed gate acknowledged."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

import research
from engine.live.ledger.entries import Recorded
from engine.live.ledger.opening import look
from engine.promotion import Promotion
from research.promotion.freeze import Wanted, prepare, promote
from research.promotion.settings import read_settings

#: one league of the sample: a tape of about 4,600 opportunities
WORDS: Final = ("data=sample", "data.competitions=[SIM1]", "report=false")
#: 1 January 2025, UTC nanoseconds: after the last event of the sample
NOW_NS: Final = 1_735_689_600_000_000_000


def promoted(
    name: str, words: Sequence[str] = WORDS, now_ns: int = NOW_NS, currency: str = "EUR", reason: str = "a test"
) -> Promotion:
    """A signed promotion in ``BEA_HOME``, from a backtest that is run there if it is not stored.

    Parameters
    ----------
    name : str
    words : sequence of str
        Of `bea backtest`.
    now_ns : int
        When it is made; it lives for 90 days.
    currency, reason : str
        The reason acknowledges every gate that fails.
    """
    run = research.backtest(list(words))
    settings = read_settings("paper")
    wanted = Wanted(name, settings, currency, {})
    closed = [gate.name for gate in prepare(run, 1, wanted).closed]
    wanted = Wanted(name, settings, currency, dict.fromkeys(closed, reason))
    return promote(prepare(run, 1, wanted), wanted, now_ns)


def own_copy(home: Path, folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """A copy of a home in a folder, as ``BEA_HOME`` at `NOW_NS`: a test may change it."""
    copy = folder / "home"
    shutil.copytree(home, copy)
    patch.setenv("BEA_HOME", str(copy))
    patch.setattr("time.time_ns", lambda: NOW_NS)
    return copy


def entries(name: str = "demo") -> list[Recorded]:
    """All entries of a ledger."""
    with closing(look(name)) as ledger:
        return list(ledger.entries())
