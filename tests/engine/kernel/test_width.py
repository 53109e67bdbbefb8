"""The setting for 512-bit vectors is made before Numba is imported, and never against the user's choice."""

from __future__ import annotations

import subprocess
import sys

import pytest
from llvmlite import binding

from engine.kernel import width

WIDE = bool(binding.get_host_cpu_features().get("avx512f"))


def run(code: str) -> str:
    script = f"import os; os.environ.pop('NUMBA_CPU_NAME', 0); os.environ.pop('NUMBA_CPU_FEATURES', 0)\n{code}"
    script = f"{script}\nprint(os.environ.get('NUMBA_CPU_FEATURES', 'unset')[-15:])"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(not WIDE, reason="the processor has no vectors of 512 bits")
def test_importing_the_kernel_sets_it() -> None:
    assert run("import engine.backtesting.run") == "-prefer-256-bit"


@pytest.mark.slow
def test_a_loaded_numba_and_the_users_setting_are_left_alone() -> None:
    assert run("import numba, engine.backtesting.run") == "unset"
    assert run("os.environ['NUMBA_CPU_NAME'] = 'generic'\nimport engine.kernel.walk") == "unset"


def test_the_width_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    bits = {"avx512f": True, "avx2": True, "sse2": True}
    monkeypatch.setattr(binding, "get_host_cpu_features", lambda: bits)
    monkeypatch.setattr(binding, "get_host_cpu_name", lambda: "rocketlake")
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx512f,-prefer-256-bit")
    assert width.vector_bits() == 512
    monkeypatch.delenv("NUMBA_CPU_FEATURES")
    assert width.vector_bits() == 256
    monkeypatch.setattr(binding, "get_host_cpu_name", lambda: "znver5")
    assert width.vector_bits() == 512
    bits["avx512f"] = False
    assert width.vector_bits() == 256
    bits["avx2"] = False
    assert width.vector_bits() == 128
    bits["sse2"] = False
    assert width.vector_bits() == 0
