"""One promotion of a small backtest, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promoted import promoted


@pytest.fixture(scope="package")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one backtest of the sample and its promotion ``demo``."""
    root = tmp_path_factory.mktemp("promotion")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        promoted("demo")
    yield root


@pytest.fixture()
def promoted_home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, as the home of the test."""
    monkeypatch.setenv("BEA_HOME", str(shared_home))
    return shared_home
