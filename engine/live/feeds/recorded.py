"""A recording as a feed: what a runner received, in the same order and the same batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import DataError
from engine.live.feed import Message
from engine.live.feeds.recording import files_of, pieces


class Recorded:
    """The messages of a recording.

    Parameters
    ----------
    folder : Path
        Of the recording (`engine.live.feeds.recording.Recorder`).
    name : str

    Attributes
    ----------
    is_live : bool
        False: what is replayed does not count as trading on a live feed.

    Raises
    ------
    DataError
        There is no recording.
    """

    is_live = False

    def __init__(self, folder: Path, name: str = "recorded") -> None:
        self.name = name
        self._files = files_of(folder)
        if not self._files:
            raise DataError("no recording", where=str(folder), expected="files of a runner's feed", found="none")
        self._batches = self._read()

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        """The next messages up to and with a `Mark`; None at the end. It never waits.

        Raises
        ------
        DataError
            A file is damaged.
        """
        return next(self._batches, None)

    def _read(self) -> Iterator[list[Message]]:
        for path in self._files:
            yield from pieces(path)
