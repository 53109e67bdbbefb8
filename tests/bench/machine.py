"""The machine and the versions that figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.environment import REQUIREMENTS

_PEERS = ("vectorbt", "backtestbuddy", "sports-betting", "penaltyblog")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, load before the run, versions."""
    pins = dict(line.split(" ;")[0].split("==") for line in REQUIREMENTS.read_text().splitlines() if line)
    return {
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "numba", "polars")},
        "peers": {name: pins[name] for name in _PEERS},
        "commit": commit(Path(__file__).parent),
    }


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def commit(folder: Path) -> str | None:
    """Short hash of the commit of a checkout; None without git."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    try:
        process = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return process.stdout.strip() or None
