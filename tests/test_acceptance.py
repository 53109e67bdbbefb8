"""Acceptance checks of the reference folder: the command line must reproduce independent results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_reference_rule_is_reproduced(reference_dir: Path, tmp_path: Path) -> None:
    script = reference_dir / "accept" / "run"
    if not script.is_file():
        pytest.skip(f"no acceptance checks at {script}")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "BEA_HOME": str(tmp_path / "home"),
    }
    command = ["bash", str(script), str(tmp_path / "work")]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = process.stdout.strip().splitlines()
    assert process.returncode == 0, process.stdout + process.stderr
    assert len(lines) == 4
    for line in lines:
        assert "; worst" in line or " of " in line
        counts = line.replace("margin removal:", "").split("within")[0].split(":")[-1].split("rules")[0]
        reproduced, total = (int(word) for word in counts.split() if word.isdigit())
        assert reproduced == total > 0, line
