"""Findings of the leak finder, one document a tape: kept beside the runs and read by every report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.files import write_json
from engine.paths import home


def leaks_folder() -> Path:
    """Folder of the findings."""
    return home() / "data" / "leaks"


def path_of(made_of: str) -> Path:
    """The document of one tape (`research.tapes.builder.Tapes.made_of`)."""
    return leaks_folder() / f"{made_of}.json"


def leaking(tapes: Iterable[str]) -> list[str]:
    """The tapes on which a leak was found; raises DataError for a document that cannot be read."""
    leaking_tapes = []
    for made_of in tapes:
        path = path_of(made_of)
        if not path.is_file():
            continue
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            leaks = document["leaks"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                "findings of the leak finder cannot be read",
                where=str(path),
                found=type(error).__name__,
                todo="run `bea leakage` again with the same words",
            ) from None
        if leaks:
            leaking_tapes.append(made_of)
    return leaking_tapes


def keep(made_of: str, document: dict[str, Any]) -> Path:
    """Write the findings for one tape, in place of earlier ones; returns the path.

    Findings with too few decisions to judge never replace findings with a leak.
    """
    path = path_of(made_of)
    if not document["judged"] and leaking([made_of]):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document)
    return path
