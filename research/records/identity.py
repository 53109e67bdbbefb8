"""What a run is a function of: configuration, rows, sources, seed; and what it was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from engine.identity import _PACKAGES

_LIBRARIES = ("polars", "numpy", "numba", "pyarrow", "duckdb", "hydra-core")


def commit() -> str | None:
    """The commit that a checkout stands on; None outside of one."""
    root = _PACKAGES
    try:
        head = (root / ".git" / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = root / ".git" / name
        if loose.is_file():
            return loose.read_text().strip()
        packed = (root / ".git" / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except OSError:
        return None


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a result passes through."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
