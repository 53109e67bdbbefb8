"""The kernel interpreted gives the same bits as compiled, and coverage sees its lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import sys, numpy as np
from engine.backtesting.run import columns_of, walk_one, work_for
from tests.property.tapes import random_configuration, random_tape
rows = []
for case in range(150):
    rng = np.random.default_rng((11, case))
    tape = random_tape(rng, int(rng.integers(1, 60)))
    rows.append(walk_one(columns_of(tape), work_for(tape), random_configuration(rng).params(), case))
np.save(sys.argv[1], np.array(rows))
"""


@pytest.mark.slow
def test_interpreted_and_compiled_kernels_give_the_same_bits(tmp_path: Path) -> None:
    results = []
    for name, off in (("compiled", "0"), ("interpreted", "1")):
        target = tmp_path / f"{name}.npy"
        environment = {**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-c", PROGRAM, str(target)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        results.append(target.read_bytes())
    assert results[0] == results[1]
