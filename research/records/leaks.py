"""What the leak finder found, by what a tape is made of: kept beside the runs, read by every report."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from engine.errors import DataError
from engine.files import write_json
from engine.paths import home


def leaks_folder() -> Path:
    """Where the findings stand, one document a tape."""
    return home() / "data" / "leaks"


def path_of(made_of: str) -> Path:
    """The document of one tape (`research.tapes.builder.Tapes.made_of`)."""
    return leaks_folder() / f"{made_of}.json"


def leaking(tapes: Iterable[str]) -> list[str]:
    """Those of these tapes on which a leak was found; raises DataError for a document that cannot be read."""
    found = []
    for one in tapes:
        path = path_of(one)
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
            found.append(one)
    return found


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
