"""What this process may use of the machine, the memory it has used, and the versions of installed packages."""

from __future__ import annotations

import os
import platform
import resource
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["cores", "peak_bytes", "processor", "version_of"]


def peak_bytes() -> int:
    """Peak resident memory of this process so far, in bytes.

    On Linux this is `VmHWM`, the peak of the current address space. The peak of `getrusage` survives exec, so the child
    of a large process would start with the peak of its parent.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def cores() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The kind of processor, such as ``x86_64 AMD EPYC 7B13``: libraries choose their instructions by it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{platform.machine()} {model}".strip()


def version_of(name: str) -> str:
    """Version of an installed package; ``absent`` where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
