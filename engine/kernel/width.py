"""Vectors of 512 bits where the processor has them: LLVM takes 256 on processors of Intel unless it is told otherwise.

The switch is read when numba is imported, so it is best effort: where numba is loaded already, or the user has set
``NUMBA_CPU_NAME`` or ``NUMBA_CPU_FEATURES``, nothing is changed. The width changes no bit of any result.
"""

from __future__ import annotations

import os
import sys


def prefer_wide_vectors() -> None:
    """Ask numba for the widest vectors of this processor, before it is imported."""
    if "numba" in sys.modules or "NUMBA_CPU_NAME" in os.environ or "NUMBA_CPU_FEATURES" in os.environ:
        return
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        os.environ["NUMBA_CPU_NAME"] = binding.get_host_cpu_name()
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def vector_bits() -> int:
    """Width of the vectors that the kernel is compiled to, in bits; 0 where it is not known (not an x86-64)."""
    from llvmlite import binding

    wanted = os.environ.get("NUMBA_CPU_FEATURES", "")
    have = binding.get_host_cpu_features()
    if have.get("avx512f"):
        named = binding.get_host_cpu_name()
        narrow = "-prefer-256-bit" not in wanted and not named.startswith("znver")
        return 256 if narrow or "-avx512f" in wanted.split(",") else 512
    return 256 if have.get("avx2") else 128 if have.get("sse2") else 0
