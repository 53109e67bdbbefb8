"""What a judgement keeps: ``BEA_HOME/data/judge/ID`` with forecasts.parquet, judgement.json and report.html."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from engine.files import json_line, write_bytes
from engine.identity import digest
from engine.paths import home
from research.judging.judgement import Judgement, forecasts_frame

__all__ = ["folder_of", "keep"]


def folder_of(judgement: Judgement) -> Path:
    """Folder of a judgement: by what was asked, of what data, and by what came out."""
    return home() / "data" / "judge" / digest([judgement.settings.store_folder, judgement.document()])[:12]


def keep(judgement: Judgement, command: Sequence[str], *, page: bool) -> dict[str, str]:
    """Write the files; returns their paths by name.

    Parameters
    ----------
    judgement : Judgement
    command : sequence of str
        Words after `bea`.
    page : bool
        Whether to write report.html.
    """
    folder = folder_of(judgement)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"forecasts": folder / "forecasts.parquet"}
    forecasts = io.BytesIO()
    forecasts_frame(judgement).write_parquet(forecasts)
    write_bytes(paths["forecasts"], forecasts.getvalue())
    document = {"command": list(command), **judgement.document()}
    write_bytes(folder / "judgement.json", json_line(document).encode())
    if page:
        from research.judging.page import page as drawn

        paths["page"] = folder / "report.html"
        write_bytes(paths["page"], drawn(judgement, command, folder.name).encode("utf-8", "replace"))
    return {name: str(path) for name, path in paths.items()}
