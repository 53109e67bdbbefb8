"""Vectors of 512 bits if the processor has them. By default LLVM uses 256 bits on Intel processors.

Numba reads the setting when it is imported. Nothing is changed if Numba is already loaded, or if the user has set
``NUMBA_CPU_NAME`` or ``NUMBA_CPU_FEATURES``. The width changes no bit of any result.
"""

from __future__ import annotations

import os
import sys


def prefer_wide_vectors() -> None:
    """Set Numba's variables for the widest vectors of this processor; effective only before Numba is imported."""
    if "numba" in sys.modules or "NUMBA_CPU_NAME" in os.environ or "NUMBA_CPU_FEATURES" in os.environ:
        return
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        os.environ["NUMBA_CPU_NAME"] = binding.get_host_cpu_name()
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def vector_bits() -> int:
    """Width of the vectors that the kernel is compiled to, in bits; 0 if it is not known (not an x86-64)."""
    from llvmlite import binding

    prefer_wide_vectors()
    chosen = os.environ.get("NUMBA_CPU_FEATURES", "")
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        processor = binding.get_host_cpu_name()
        narrow = "-prefer-256-bit" not in chosen and not processor.startswith("znver")
        return 256 if narrow or "-avx512f" in chosen.split(",") else 512
    return 256 if features.get("avx2") else 128 if features.get("sse2") else 0
