"""The lines of the stream, kept for `bea data import betfair_history`: one packed file for each start."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.live.clock import Clock

#: lines between two writes to the disk: what a crash may cost
FLUSH_LINES: Final = 100


class Recording:
    """A file of lines as they came. Market definitions get the names that the stream leaves out; nothing else changes.

    Parameters
    ----------
    folder : Path
    clock : Clock
        Names the file: ``stream-YYYYMMDDTHHMMSSnnnnnnnnn.jsonl.gz``, UTC.
    completed : callable
        As of `engine.live.adapters.betfair.feed.BetfairFeed`.
    """

    def __init__(
        self, folder: Path, clock: Clock, completed: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        seconds, rest = divmod(clock.wall_ns(), SECOND_NS)
        self.path = folder / f"stream-{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}{rest:09d}.jsonl.gz"
        self._file = gzip.open(self.path, "ab")  # noqa: SIM115  # it ends with the adapter
        self._completed, self._lines = completed, 0

    def take(self, line: bytes) -> None:
        """Keep a line."""
        self._file.write(self._named(line) if b'"marketDefinition"' in line else line)
        self._file.write(b"\n")
        self._lines += 1
        if self._lines % FLUSH_LINES == 0:
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _named(self, line: bytes) -> bytes:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):  # kept as it came
            return line
        changes = message.get("mc") if isinstance(message, dict) else None
        for change in changes if isinstance(changes, list) else ():
            definition = change.get("marketDefinition") if isinstance(change, dict) else None
            if isinstance(definition, dict) and isinstance(change.get("id"), str):
                change["marketDefinition"] = self._completed(change["id"], definition)
        return json.dumps(message, separators=(",", ":")).encode()
