"""Fixtures for all tests."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.once import once

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # hundreds of thousands of small queries; two processes run tests
os.environ.setdefault("NUMBA_NUM_THREADS", "2")

settings.register_profile("no-deadline", deadline=None)  # no test depends on how fast the machine is
settings.load_profile("no-deadline")

ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Ten thousand tests are objects that stay: the garbage collector does not walk over them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """Folder of independent results and real data: `BEA_REFERENCE_DIR`, by default ../shared beside the project."""
    path = Path(os.environ.get("BEA_REFERENCE_DIR", ROOT.parent / "shared"))
    if not (path / "reference").is_dir():
        pytest.skip(f"no reference data at {path} (set BEA_REFERENCE_DIR)")
    return path


@pytest.fixture(scope="session")
def accepted(reference_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The acceptance checks of the reference folder, run once.

    ``answer.json`` has their exit status, stdout and stderr; each folder of ``work`` has the imported `store`.
    """
    script = reference_dir / "accept" / "run"
    if not script.is_file():
        pytest.skip(f"no acceptance checks at {script}")

    def run(folder: Path) -> None:
        from tests.warm import run_script

        answer = run_script(["bash", str(script), str(folder / "work")], folder / "home")
        (folder / "answer.json").write_text(json.dumps(answer))

    return once(tmp_path_factory, "accepted", run)


@pytest.fixture()
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as `BEA_HOME`, for stores, runs and caches."""
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def _key_of_promotions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A key of the tests' own signs promotions: the user's is never read and never made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_PROMOTION_KEY", str(tmp_path_factory.mktemp("key") / "promotion.key"))
        yield
