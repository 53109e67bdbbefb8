"""The events that were told, kept on the disk: Pinnacle lists an event no more once it is settled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from engine.errors import BeaError
from engine.files import read_json, write_bytes
from engine.live.adapters.pinnacle.events import Name
from engine.live.adapters.pinnacle.fixtures import Match

_VERSION: Final = 1


class KeptEvents:
    """A file of events and of the names under which they were told.

    Parameters
    ----------
    path : Path
        Its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def load(self) -> dict[int, tuple[Match, Name]]:
        """Both by id of Pinnacle; nothing where there is no file.

        Raises
        ------
        BeaError
            The file is damaged.
        """
        return read_json(self._path, _read, "the events of Pinnacle", "move the file away: results of what was told"
                         " before are then not read") or {}  # fmt: skip

    def save(self, matches: Iterable[Match], names: Mapping[int, Name]) -> None:
        """Replace what is kept.

        Raises
        ------
        BeaError
            It cannot be written.
        """
        rows = [[asdict(match), asdict(names[match.number])] for match in matches if match.number in names]
        text = json.dumps({"version": _VERSION, "events": rows}, separators=(",", ":"))
        try:
            write_bytes(self._path, text.encode())
        except OSError as error:
            raise BeaError(
                "the events of Pinnacle cannot be kept", where=str(self._path), found=error.strerror or "no space",
                todo="make room, or let the program write there",
            ) from None  # fmt: skip


def _read(document: Any) -> dict[int, tuple[Match, Name]]:
    if document["version"] != _VERSION:
        raise ValueError("version")
    pairs = [(Match(**match), Name(**name)) for match, name in document["events"]]
    return {match.number: (match, name) for match, name in pairs}
