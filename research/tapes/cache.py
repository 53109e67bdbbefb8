"""The folder of built tapes: loaded where one was built before, the least recently used ones removed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from engine.errors import ConfigurationError, TapeError, printable
from engine.paths import home
from engine.tape import Tape
from engine.tape.file import load

_CACHE_MB: Final = 4_096
_VARIABLE: Final = "BEA_CACHE_MB"


def cache_folder() -> Path:
    """Where tapes are kept."""
    return home() / "data" / "cache" / "tapes"


def load_tape(path: Path) -> Tape | None:
    """A tape that was built before, marked as just used; None if there is none, or a damaged one."""
    if not path.is_file():
        return None
    try:
        tape = load(path)
    except TapeError:
        path.unlink(missing_ok=True)
        return None
    os.utime(path)
    return tape


def evict(limit_mb: int | None = None, keep: Path | None = None) -> int:
    """Remove the least recently used tapes beyond a limit; returns how many.

    Parameters
    ----------
    limit_mb : int, optional
        Default: the variable ``BEA_CACHE_MB``, else 4096.
    keep : Path, optional
        A tape that stays.

    Raises
    ------
    ConfigurationError
        The variable is not a whole number of 0 or more.
    """
    limit = (_limit_mb() if limit_mb is None else limit_mb) * 1_000_000
    tapes = []
    for path in cache_folder().glob("*.arrow"):
        with contextlib.suppress(OSError):
            status = path.stat()
            tapes.append((status.st_mtime, status.st_size, path))
    total, removed = sum(size for _, size, _ in tapes), 0
    for _, size, path in sorted(tapes):
        if total <= limit or path == keep:
            continue
        path.unlink(missing_ok=True)
        total, removed = total - size, removed + 1
    return removed


def _limit_mb() -> int:
    text = os.environ.get(_VARIABLE, "")
    if not text:
        return _CACHE_MB
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(
            "not a size of the cache of tapes", where=f"{_VARIABLE} of the environment",
            expected="whole megabytes, such as 4096", found=printable(text, 40),
        )  # fmt: skip
    return int(text)
