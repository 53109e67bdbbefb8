"""The report of a run: one self-contained page, and the charts for Jupyter (`research.report.charts`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from research.records.run import RunRecord

__all__ = ["write"]


def write(run: RunRecord, path: Path) -> Path:
    """Write the report page of a run and return its path.

    The page is one file that asks for nothing outside itself; the same run gives the same bytes.

    Parameters
    ----------
    run : RunRecord
        A complete run.
    path : Path
        Where to; an existing file is replaced at once or not at all.
    """
    from engine.files import write_bytes
    from research.report.gather import gather
    from research.report.page import page

    write_bytes(path, page(gather(run)).encode("utf-8", "replace"))
    return path
