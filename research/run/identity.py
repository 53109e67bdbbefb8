"""What a run is a function of: configuration, rows, sources, seed; and what it was made with."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = Path(__file__).resolve().parents[2]
_LIBRARIES = ("polars", "numpy", "numba", "pyarrow", "duckdb", "hydra-core")
_SUFFIXES = (".py", ".sql")


def digest(value: Any, size: int = 16) -> str:
    """Hash of a plain value in its one JSON form, hex, `size` bytes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


@cache
def source_hash() -> str:
    """Hash of the sources of both packages, 32 hex digits."""
    total = hashlib.blake2b(digest_size=16)
    for root in (_PACKAGES / "engine", _PACKAGES / "research"):
        paths = [p for p in root.rglob("*") if p.suffix in _SUFFIXES and "_shipped" not in p.parts]
        for path in sorted(paths, key=lambda p: p.relative_to(root.parent).as_posix()):
            total.update(path.relative_to(root.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


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
