"""Findings of the leak finder, one document a tape: kept beside the runs and read by every report."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

from engine.files import read_json, write_json
from engine.paths import home


def leaks_folder() -> Path:
    """Folder of the findings."""
    return home() / "data" / "leaks"


def path_of(made_of: str) -> Path:
    """The document of one tape (`research.tapes.builder.Tapes.made_of`)."""
    return leaks_folder() / f"{made_of}.json"


def found_on(made_of: str, *fields: str) -> Any:
    """Fields of the findings on one tape (one: its value, several: a tuple); None where nobody looked.

    Raises
    ------
    DataError
        The document cannot be read.
    """
    what, todo = "findings of the leak finder cannot be read", "run `bea leakage` again with the same words"
    return read_json(path_of(made_of), itemgetter(*fields), what, todo)


def leaking(tapes: Iterable[str]) -> list[str]:
    """The tapes on which a leak was found; errors as `found_on`."""
    return [made_of for made_of in tapes if found_on(made_of, "leaks")]


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
