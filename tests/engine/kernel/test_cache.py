"""Compiled code is cached under the hash of its sources; the kernel imports nothing else of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.backtesting import precompile, run
from engine.backtesting.plan import LEAST
from engine.kernel import cache, folder


def test_an_edit_of_any_rule_changes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kernel"
    shutil.copytree(Path(folder.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(folder, "_PACKAGE", package)
    seen = {folder.source_hash()}
    for path in (package / "stake.py", package / "codes.py", package / "lanes" / "rules.py"):
        path.write_text(path.read_text() + "\n# edited\n")
        seen.add(folder.source_hash())
    assert len(seen) == 4


def test_the_folder_is_set_by_the_user_or_lies_in_their_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEA_NUMBA_CACHE", str(tmp_path / "chosen"))
    assert folder.cache_folder() == tmp_path / "chosen" / folder.source_hash()
    monkeypatch.delenv("BEA_NUMBA_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert folder.cache_folder() == tmp_path / "xdg" / "bea" / "numba" / folder.source_hash()


def test_without_a_writable_folder_nothing_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BEA_NUMBA_CACHE", str(tmp_path / "file" / "below"))
    assert folder.cache_folder() is None


@pytest.mark.parametrize("folder", [None, Path("somewhere")])
def test_a_compilation_is_announced_in_one_line(
    folder: Path | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "is_cold", lambda module: True)
    monkeypatch.setattr(run, "CACHE_FOLDER", folder)
    run.announce_compilation("engine.kernel.walk")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("compiling the kernel")


def test_the_kernel_is_compiled_without_fast_math() -> None:
    for option in ("fastmath", "parallel", "boundscheck"):
        assert option not in cache._OPTIONS
    assert cache._OPTIONS["error_model"] == "numpy"
    assert cache._OPTIONS["nogil"] is True


#: packages that importing the kernel must not load (Numba itself loads PyYAML)
ABSENT = {"polars", "pyarrow", "duckdb", "pandas", "hydra", "omegaconf", "research"}


@pytest.mark.parametrize("module", ["engine.kernel.decide", "engine.kernel.walk", "engine.kernel.lanes.walk"])
def test_the_kernel_imports_numpy_numba_and_itself_only(module: str) -> None:
    code = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code, module], capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert not {name.split(".")[0] for name in names} & ABSENT
    engine = {name for name in names if name.split(".")[0] == "engine"}
    assert {name for name in engine if not name.startswith("engine.kernel")} == {"engine"}


@pytest.mark.slow
def test_a_second_process_loads_the_compiled_code() -> None:
    code = """
from engine.backtesting.precompile import compile_part
from engine.kernel.lanes.walk import walk_lanes
from engine.kernel.walk import walk
compile_part("walk")
compile_part("lanes")
print(*(sum(kernel.stats.cache_hits.values()) for kernel in (walk, walk_lanes)))
print(*(sum(kernel.stats.cache_misses.values()) for kernel in (walk, walk_lanes)))
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split("\n")[:2] == ["1 1", "0 0"]


def test_lanes_are_compiled_only_where_enough_configurations_walk_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "is_cold", lambda module: True)
    assert precompile.cold_parts({None: LEAST - 1}) == [["walk"]]
    assert precompile.cold_parts({None: LEAST}) == [["walk"], ["lanes"]]
    monkeypatch.setattr(cache, "is_cold", lambda module: module.endswith("lanes.walk"))
    assert precompile.cold_parts({None: LEAST}) == [["lanes"]]


def twice(value: float) -> float:
    """Compiled by the tests below."""
    return 2.0 * value


def _twice(printed: pytest.CaptureFixture[str]) -> str:
    """Call a new dispatcher of `twice`, which loads or compiles; what it printed."""
    cache._note_damage.cache_clear()
    assert cache.compiled(twice)(21.0) == 42.0
    return printed.readouterr().err


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "longer", "missing", "folder"])
def test_damaged_code_is_compiled_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    damage: str,
) -> None:
    monkeypatch.setattr(cache.numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "CACHE_FOLDER", tmp_path)
    assert _twice(capsys) == ""
    (path,) = tmp_path.rglob(f"*.{suffix}")
    content = path.read_bytes()
    if damage in ("missing", "folder"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        flipped = (
            content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 4]) + content[len(content) // 2 + 1 :]
        )
        changed = {"empty": b"", "cut": content[:-7], "flipped": flipped, "longer": content + b"x"}
        if damage in changed:
            path.write_bytes(changed[damage])
    noted = _twice(capsys)
    if damage == "folder":
        assert "cannot be kept" in noted or "compiled again" in noted
        return
    assert noted.count("\n") == (damage != "missing")
    assert damage == "missing" or noted.startswith(f"compiled code in {path.parent} is damaged and is compiled again")
    assert path.read_bytes() == content or suffix == "nbc"
    assert _twice(capsys) == "", "the repaired files are loaded"


def test_sound_code_is_loaded_and_not_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "CACHE_FOLDER", tmp_path)
    first, second = cache.compiled(twice), cache.compiled(twice)
    assert first(1.0) == second(1.0) == 2.0
    assert sum(first.stats.cache_misses.values()) == 1 and sum(second.stats.cache_hits.values()) == 1
    assert sum(second.stats.cache_misses.values()) == 0


def test_code_that_cannot_be_kept_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(cache, "CACHE_FOLDER", tmp_path)
    monkeypatch.setattr(cache._MarkedFiles, "_write", full)
    assert _twice(capsys).endswith(": No space left on device\n")
