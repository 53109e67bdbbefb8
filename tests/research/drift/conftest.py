"""One promotion and its backtest, shared by the tests of drift."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.live.ledger.entries import Recorded
from research.promotion.deployed import Deployed
from research.tapes.builder import Tapes
from tests.research.drift.day import kept, traded


@pytest.fixture(scope="package")
def drift_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the promotion ``day``."""
    root = tmp_path_factory.mktemp("drift")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        yield root


@pytest.fixture(scope="package")
def deployed(drift_home: Path) -> Deployed:
    """The promotion, with what it stands for."""
    return kept()


@pytest.fixture(scope="package")
def tapes() -> Tapes:
    """Tapes that keep the views of the store."""
    return Tapes()


@pytest.fixture(scope="package")
def same(deployed: Deployed, tapes: Tapes) -> list[Recorded]:
    """The ledger of a day on which everything went as in the backtest."""
    return traded(deployed, tapes)
