"""The first backtest on a machine is interpreted: nothing is compiled, and every result is that of compiled code."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.kernel import walk
from engine.kernel.folder import cache_folder
from research.commands import first_run
from research.config.compose import Composer

BEA = [sys.executable, "-c", "from research.commands.main import main; import sys; sys.exit(main())"]
WORDS = ["data=sample", "data.competitions=[SIM1]", "strategy=value", "report=false"]
#: of a run's files, the one that says when and how long it ran
NOT_EQUAL = "manifest.json"


def results(home: Path) -> dict[str, bytes]:
    """The files of the only run of a home, without its manifest."""
    (folder,) = (path for path in (home / "data" / "runs").iterdir() if path.name[0] != ".")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != NOT_EQUAL}


@pytest.mark.slow
def test_the_first_backtest_compiles_nothing_and_gives_the_same_bytes(tmp_path: Path) -> None:
    said = []
    for name, chosen in (("first", {"BEA_NUMBA_CACHE": str(tmp_path / "empty")}), ("later", {})):
        environment = os.environ | {"BEA_HOME": str(tmp_path / name)} | chosen
        done = subprocess.run([*BEA, "backtest", *WORDS], env=environment, capture_output=True, text=True, check=True)
        said.append(done.stderr)
    assert "nothing is compiled on this machine yet" in said[0] and "compiling" not in said[0]
    assert not list((tmp_path / "empty").rglob("*.nbi"))
    first, later = results(tmp_path / "first"), results(tmp_path / "later")
    assert len(first) > 3 and first == later


@pytest.fixture()
def nothing_compiled(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_NUMBA_CACHE", str(home / "compiled"))
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.delitem(sys.modules, "numba")


def switched_off(words: list[str]) -> bool:
    """Whether the compiler is off after the decision; the switch is taken back."""
    first_run.interpret_if_cold(Composer("backtest", None), words)
    return os.environ.pop("NUMBA_DISABLE_JIT", None) == "1"


@pytest.mark.usefixtures("nothing_compiled")
def test_a_large_store_an_address_and_words_that_cannot_be_read_are_left_to_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert switched_off(["data=sample"])
    assert not switched_off(["data.store=s3://bucket/prefix"])
    assert not switched_off(["data=nothing"])
    assert not switched_off(["from=last#1"])
    monkeypatch.setattr(first_run, "_PRICES", 458_999)
    assert not switched_off(["data=sample"])


@pytest.mark.usefixtures("nothing_compiled")
def test_nothing_is_switched_off_where_the_kernel_of_this_checkout_is_compiled(home: Path) -> None:
    folder = cache_folder()
    assert folder is not None and folder.is_relative_to(home)
    sources = Path(walk.__file__).parent
    for place, off in (("/elsewhere/engine/kernel", True), (str(sources), False)):
        compiled = folder / f"kernel_{hashlib.sha1(place.encode(), usedforsecurity=False).hexdigest()}"
        compiled.mkdir()
        (compiled / "walk.walk-1.py311.nbi").touch()
        assert switched_off(["data=sample"]) is off
