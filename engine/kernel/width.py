"""Vectors of 512 bits if the processor has them. By default LLVM uses 256 bits on Intel processors.

Numba reads the setting when it is imported. Nothing is changed if Numba is already loaded, or if the user has set
``NUMBA_CPU_NAME`` or ``NUMBA_CPU_FEATURES``. The width changes no bit of any result.
"""

from __future__ import annotations

import os
import sys
from typing import Final

#: targets that several kinds of processor can run, and the widest vectors that are used there, in bits
COMMON: Final = {"x86-64": 128, "x86-64-v2": 128, "x86-64-v3": 256, "x86-64-v4": 256, "generic": 128}
_NEEDS: Final = {
    "x86-64-v2": ("sse4.2", "popcnt"),
    "x86-64-v3": ("avx2", "fma", "bmi2"),
    "x86-64-v4": ("avx512f", "avx512vl"),
}


def prefer_wide_vectors() -> None:
    """Set Numba's variables for the widest vectors of this processor; effective only before Numba is imported."""
    if "numba" in sys.modules or "NUMBA_CPU_NAME" in os.environ or "NUMBA_CPU_FEATURES" in os.environ:
        return
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        os.environ["NUMBA_CPU_NAME"] = binding.get_host_cpu_name()
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def choose(target: str) -> str:
    """Compile for one of `COMMON` instead of this processor.

    Returns
    -------
    str
        What stands against it; empty: nothing does.
    """
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    missing = [name for name in _NEEDS.get(target, ()) if not features.get(name)]
    if missing:
        return f"this processor has no {', '.join(missing)}"
    if (os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")) != (target, ""):
        if "numba" in sys.modules:
            return (
                f"the compiler is loaded already; start with NUMBA_CPU_NAME={target} NUMBA_CPU_FEATURES= as variables"
            )
        os.environ["NUMBA_CPU_NAME"], os.environ["NUMBA_CPU_FEATURES"] = target, ""
    return ""


def compiled_for() -> tuple[str, str]:
    """Name and features of the processor that the kernel is compiled for."""
    from llvmlite import binding

    prefer_wide_vectors()
    name = os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name()
    features = os.environ.get("NUMBA_CPU_FEATURES")
    return name, binding.get_host_cpu_features().flatten() if features is None else features


def vector_bits() -> int:
    """Width of the vectors that the kernel is compiled to, in bits; 0 if it is not known (not an x86-64)."""
    from llvmlite import binding

    prefer_wide_vectors()
    if os.environ.get("NUMBA_CPU_NAME") in COMMON:
        return COMMON[os.environ["NUMBA_CPU_NAME"]]
    chosen = os.environ.get("NUMBA_CPU_FEATURES", "")
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        processor = binding.get_host_cpu_name()
        narrow = "-prefer-256-bit" not in chosen and not processor.startswith("znver")
        return 256 if narrow or "-avx512f" in chosen.split(",") else 512
    return 256 if features.get("avx2") else 128 if features.get("sse2") else 0
