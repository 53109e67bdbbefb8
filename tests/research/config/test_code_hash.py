"""The code's part of a key: every file that can change an output changes it, and no other file does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from research.config import code_hash as module
from research.config.code_hash import code_hash, import_closure
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.execute import running_code
from research.execution.spread import BLOCK
from research.tapes.builder import building_code

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
RUN = "research.execution.execute"
TAPE = "research.tapes.builder"


@pytest.fixture()
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of both packages, of which the keys are taken."""
    for package in ("engine", "research"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "_shipped"))
    monkeypatch.setattr(module, "_PACKAGES", tmp_path)
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    for function in (module._built_in_hash, module._file_of, module._imports_of, module._lazy_names):
        function.cache_clear()


def spec() -> TapeSpec:
    from research.config.compose import Composer
    from research.sweeps.planner import plan_backtest

    return tape_spec_of(plan_backtest(Composer("backtest", None), ["data=sample", "strategy=value"]).flat(1))


def keys(value: TapeSpec) -> tuple[str, str]:
    """The code's part of the key of a tape, and of the id of a run."""
    module._built_in_hash.cache_clear()
    return building_code(value), running_code([value])


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.proof)])
def test_an_edit_changes_the_keys_of_what_imports_it_and_no_other(copy: Path, step: int) -> None:
    """Every file, or one in so many, in turn: the keys move where it is imported, and stay where it is not."""
    value = spec()
    before = keys(value)
    tape = {path.relative_to(copy) for path in import_closure([TAPE, "research.strategies.value"])}
    run = {path.relative_to(copy) for path in import_closure([RUN, BLOCK, TAPE, "research.strategies.value"])}
    files = [path for path in sorted(copy.rglob("*")) if path.suffix in (".py", *module._RESOURCES)]
    assert len(files) > 200 and len(tape) > 40 and len(run) > len(tape)
    for path in files[::step]:
        text = path.read_bytes()
        path.write_bytes(text + b"\n")
        after = keys(value)
        path.write_bytes(text)
        name = path.relative_to(copy)
        assert (after[0] != before[0]) == (name in tape), name
        assert (after[1] != before[1]) == (name in run), name
    assert keys(value) == before


def test_charts_the_simulator_and_other_strategies_leave_keys_alone_and_the_kernel_does_not() -> None:
    run = {
        path.relative_to(ROOT).as_posix() for path in import_closure([RUN, BLOCK, TAPE, "research.strategies.value"])
    }
    tape = {path.relative_to(ROOT).as_posix() for path in import_closure([TAPE, "research.strategies.value"])}
    for folder in ("research/report/", "research/commands/", "research/leakage/", "engine/simulator/"):
        assert not [name for name in run if name.startswith(folder)]
    assert "research/strategies/value.py" in tape and "research/strategies/consensus.py" not in run
    for name in ("engine/kernel/settle.py", "engine/kernel/lanes/walk.py", "research/inference/superiority.py"):
        assert name in run
    for folder in ("engine/backtesting/", "research/inference/", "research/verdict/"):
        assert not [name for name in tape if name.startswith(folder)]
    assert [name for name in tape if name.endswith(".sql")]


#: what runs before a plan exists: the values that it gives are part of a run's id themselves
PLANNING = (
    "research.api", "research.commands", "research.config.compose", "research.config.guard", "research.sweeps",
    "engine.names.texts",  # the form of the words of a command
    "research.records.export",  # the overrides that stand for `from=RUN#CONFIG`
)  # fmt: skip

TRACED = """
import json, sys
import research
run = research.sweep(["data=sample", "data.competitions=[SIM1]", "strategy.edge_min=0,0.02", "report=false"])
loaded = [name for name in sys.modules if name.split(".")[0] in ("engine", "research")]
json.dump({"run": run.id, "loaded": loaded}, sys.stdout)
"""


def test_a_sweep_loads_nothing_that_its_key_leaves_out(tmp_path: Path) -> None:
    """An edit of a module that is never loaded cannot change a byte; every loaded one is in the closure."""
    environment = os.environ | {"BEA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", TRACED], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)["loaded"]
    closure = {
        path.relative_to(ROOT).as_posix() for path in import_closure([RUN, BLOCK, TAPE, "research.strategies.value"])
    }
    missing = []
    for name in loaded:
        base = name.replace(".", "/")
        planning = any(name == part or name.startswith(f"{part}.") for part in PLANNING)
        if not planning and not {f"{base}.py", f"{base}/__init__.py"} & closure:
            missing.append(name)
    assert len(loaded) > 100 and missing == []


def test_a_users_file_counts_with_its_neighbours_and_what_it_imports(copy: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    (folder / "strategies").mkdir(parents=True)
    (folder / "features").mkdir()
    strategy, feature = folder / "strategies" / "mine.py", folder / "features" / "form.py"
    strategy.write_text("from engine.betting.kelly import kelly\nfrom ..features.form import rating\n")
    feature.write_text("rating = 1\n")
    hashes = [code_hash([TAPE], [strategy])]

    def edited(path: Path, text: str) -> str:
        before = path.read_text()
        path.write_text(text)
        module._built_in_hash.cache_clear()
        after = code_hash([TAPE], [strategy])
        path.write_text(before)
        module._built_in_hash.cache_clear()
        return after

    hashes.append(edited(feature, "rating = 2\n"))
    hashes.append(edited(strategy, strategy.read_text() + "x = 1\n"))
    hashes.append(edited(copy / "engine" / "betting" / "kelly.py", "kelly = 1\n"))
    assert len(set(hashes)) == 4
    other = folder / "strategies" / "another.py"
    other.write_text("y = 1\n")
    assert code_hash([TAPE], [strategy]) == hashes[0] != code_hash([TAPE], [])


def test_imports_for_type_checking_do_not_count_and_lazy_names_do() -> None:
    closure = {path.relative_to(ROOT).as_posix() for path in import_closure(["engine.tape"])}
    assert "engine/tape/columns.py" in closure and "engine/tape/frame.py" not in closure
    assert module._lazy_home("engine.tape", "from_frame") == "engine.tape.frame"
    assert module._lazy_home("engine.tape", "Tape") == "engine.tape"
