"""What is known of the events that were told, kept on the disk: Pinnacle lists an event no more once it is settled.

The file is of a sport, not of a promotion: events of all that listened here stay in it, each under the name it had at
first. The process that may ask for odds of the sport writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.errors import BeaError
from engine.files import read_json, write_bytes
from engine.live.adapters.pinnacle.events import Name
from engine.live.adapters.pinnacle.fixtures import Ended, Match

#: the first version had no results
_VERSIONS: Final = (1, 2)


@dataclass(frozen=True)
class Kept:
    """What is kept.

    Attributes
    ----------
    matches : mapping of int to Match
        By id of Pinnacle.
    names : mapping of int to Name
        Under which they were told; of every match.
    ended : mapping of tuple of (int, int) to Ended
        By event and number of the period.
    settled_since : int or None
        ``since`` of the next request of results.
    """

    matches: Mapping[int, Match] = field(default_factory=dict)
    names: Mapping[int, Name] = field(default_factory=dict)
    ended: Mapping[tuple[int, int], Ended] = field(default_factory=dict)
    settled_since: int | None = None


class KeptEvents:
    """A file of events.

    Parameters
    ----------
    path : Path
        Its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path

    def load(self) -> Kept:
        """What is kept; nothing where there is no file.

        Raises
        ------
        BeaError
            The file is damaged.
        """
        return read_json(self._path, _read, "the events of Pinnacle", "move the file away: results of what was told"
                         " before are then not read") or Kept()  # fmt: skip

    def save(self, kept: Kept) -> None:
        """Replace what is kept.

        Raises
        ------
        BeaError
            It cannot be written.
        """
        periods: dict[int, list[Any]] = {number: [] for number in kept.matches}
        for (number, period), ended in kept.ended.items():
            periods[number].append((period, *astuple(ended)))
        rows = [(asdict(one), asdict(kept.names[number]), periods[number]) for number, one in kept.matches.items()]
        document = {"version": _VERSIONS[-1], "settled_since": kept.settled_since, "events": rows}
        try:
            write_bytes(self._path, json.dumps(document, separators=(",", ":")).encode())
        except OSError as error:
            raise BeaError(
                "the events of Pinnacle cannot be kept", where=str(self._path), found=error.strerror or "no space",
                todo="make room, or let the program write there",
            ) from None  # fmt: skip


def _read(document: Any) -> Kept:
    if document["version"] not in _VERSIONS:
        raise ValueError("version")
    found = [(Match(**match), Name(**name), *(more or [[]])) for match, name, *more in document["events"]]
    return Kept(
        {match.number: match for match, _, _ in found},
        {match.number: name for match, name, _ in found},
        {
            (match.number, period): Ended(status, _pair(scores), _pair(sets))
            for match, _, periods in found
            for period, status, scores, sets in periods
        },
        document.get("settled_since"),
    )


def _pair(scores: list[int] | None) -> tuple[int, int] | None:
    return None if scores is None else (scores[0], scores[1])
