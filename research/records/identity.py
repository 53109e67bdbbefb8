"""What a run was made with: the commit of the checkout, and the versions of Python and of the libraries."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from typing import Final

from engine.machine import version_of

_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_LIBRARIES: Final = ("polars", "numpy", "numba", "pyarrow", "duckdb", "hydra-core")
_TIMEOUT_S: Final = 10


def commit(checkout: Path = _CHECKOUT) -> str | None:
    """The commit that a checkout or worktree is at; None outside of one, or without git."""
    return _git(checkout, "rev-parse", "HEAD")


def is_dirty(checkout: Path = _CHECKOUT) -> bool | None:
    """Whether tracked files of a checkout differ from its commit; None outside of one, or without git."""
    changes = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return None if changes is None else changes != ""


def _git(checkout: Path, *words: str) -> str | None:
    git = shutil.which("git")
    if git is None or not (checkout / ".git").exists():
        return None
    try:
        done = subprocess.run(
            [git, "-C", str(checkout), *words], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a result depends on."""
    installed = {"python": platform.python_version()}
    return installed | {name: version_of(name) for name in _LIBRARIES}
