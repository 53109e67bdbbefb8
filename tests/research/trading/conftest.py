"""One promotion of a strategy of the user, shared by the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promoted import WORDS, promoted

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="package")
def promoted_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the promotion ``demo``, not traded yet; it is not to be changed."""
    root = tmp_path_factory.mktemp("trading")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        (root / "strategies").mkdir()
        shutil.copy(ROOT / "examples" / "strategies" / "level_draws.py", root / "strategies")
        promoted("demo", [*WORDS, "strategy=level_draws"])
    yield root
