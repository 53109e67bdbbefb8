"""The report of a run: one self-contained page, and the charts for Jupyter (`research.report.charts`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from research.records.run import RunRecord

__all__ = ["is_current", "write"]

_STAMP = "<!-- written by code {} -->"


def write(run: RunRecord, path: Path) -> Path:
    """Write the report page of a run and return its path.

    The page is one file that loads nothing from outside. The same run and the same code give the same bytes; the last
    line of the file names the code that wrote it.

    Parameters
    ----------
    run : RunRecord
        A complete run.
    path : Path
        Where to; an existing file is replaced as a whole or not at all.
    """
    from engine.files import write_bytes
    from research.report.gather import gather
    from research.report.page import page

    write_bytes(path, f"{page(gather(run)).rstrip()}\n{_stamp()}\n".encode("utf-8", "replace"))
    return path


def is_current(path: Path) -> bool:
    """Whether a page is there and was written by the code as it is now."""
    try:
        with path.open("rb") as file:
            file.seek(-min(path.stat().st_size, 200), os.SEEK_END)
            return file.read().decode("utf-8", "replace").rstrip().endswith(_stamp())
    except OSError:
        return False


def _stamp() -> str:
    from research.config.code_hash import code_hash

    return _STAMP.format(code_hash(["research.report.page", "research.report.gather"]))
