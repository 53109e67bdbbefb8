"""Every program of examples/ runs from a clean home and prints what its text promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
#: a text that the output of each program contains
EXPECTED = {
    "compare_two_runs": "staking.name: flat | kelly",
    "own_bets": "max_drawdown_frac",
    "own_strategy": "strategy.prob",
    "sweep_the_sample": "configurations, evidence of an edge: ",
}


def test_every_program_is_listed() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(EXPECTED)
    readme = (FOLDER / "README.md").read_text()
    assert all(str(path.relative_to(FOLDER)) in readme for path in FOLDER.rglob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_program_runs(name: str, tmp_path: Path) -> None:
    environment = os.environ | {"BEA_HOME": str(tmp_path), "COLUMNS": "200"}
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert EXPECTED[name] in done.stdout
