"""Where compiled code is kept: under the hash of its sources, or nowhere, but never in the way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.backtesting import run
from engine.kernel import cache


def test_an_edit_of_any_rule_makes_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kernel"
    shutil.copytree(Path(cache.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "_PACKAGE", package)
    seen = {cache.source_hash()}
    for path in (package / "stake.py", package / "codes.py", package / "lanes" / "rules.py"):
        path.write_text(path.read_text() + "\n# edited\n")
        seen.add(cache.source_hash())
    assert len(seen) == 4


def test_the_folder_is_named_by_the_user_or_in_their_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_NUMBA_CACHE", str(tmp_path / "mine"))
    assert cache.cache_folder() == tmp_path / "mine" / cache.source_hash()
    monkeypatch.delenv("BEA_NUMBA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.cache_folder() == tmp_path / "xdg" / "bea" / "numba" / cache.source_hash()


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BEA_NUMBA_CACHE", str(tmp_path / "file" / "below"))
    assert cache.cache_folder() is None


@pytest.mark.parametrize("folder", [None, Path("somewhere")])
def test_a_compilation_is_announced_in_one_line(
    folder: Path | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "is_cold", lambda module: True)
    monkeypatch.setattr(run, "CACHE_FOLDER", folder)
    run.say_if_cold("engine.kernel.walk")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("compiling the kernel")


def test_the_rules_know_no_fast_math() -> None:
    for option in ("fastmath", "parallel", "boundscheck"):
        assert option not in cache._OPTIONS
    assert cache._OPTIONS["error_model"] == "numpy"
    assert cache._OPTIONS["nogil"] is True
