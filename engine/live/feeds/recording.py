"""What a runner received, kept message by message: its own history, which can be played again.

It is no way back after a restart: a feed that listens to the world begins with its next messages, as does the market.

One file a UTC day, lines of JSON in gzip. Each `Mark` ends a piece that is compressed by itself, so that a file which a
killed process left with half a piece loses that piece only; the next recorder cuts it off.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.errors import DataError, LedgerFailure
from engine.live.feed import Fixture, Gap, Mark, Message, Quote, Result, Ruling
from engine.schema import ALL_EVENTS, INSTANT_DTYPE

_ENDING: Final = ".jsonl.gz"
_KINDS: Final[dict[str, type[Message]]] = {
    "fixture": Fixture, "quote": Quote, "result": Result, "gap": Gap, "mark": Mark,
}  # fmt: skip
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
#: zlib: with the header of gzip
_GZIP: Final = 31
#: bytes that are looked at together
_CHUNK: Final = 4_096


def to_plain(message: Message) -> dict[str, Any]:
    """A message as plain JSON; instants and dates as ISO texts."""
    plain = {"message": _NAMES[type(message)], **vars(message)}
    if "values" in plain:
        plain["values"] = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in plain["values"].items()
        }
    if rulings := plain.pop("rulings", ()):
        plain["rulings"] = [vars(ruling) for ruling in rulings]
    return plain


def from_plain(plain: Mapping[str, Any]) -> Message:
    """The message that `to_plain` gave; raises KeyError, TypeError or ValueError for what is none."""
    fields = {name: value for name, value in plain.items() if name != "message"}
    if "values" in fields:
        fields["values"] = {name: _value(name, value) for name, value in fields["values"].items()}
    if "rulings" in fields:
        fields["rulings"] = tuple(Ruling(**ruling) for ruling in fields["rulings"])
    message: Message = _KINDS[plain["message"]](**fields)
    return message


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if ALL_EVENTS.get(name) == INSTANT_DTYPE:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name == "date" else value


class Recorder:
    """Keeps every message; call it with each one, in order.

    A replay that starts again gives the same messages again: what is known up to the last `Mark` on file is not kept
    twice.

    Parameters
    ----------
    folder : Path
        Of this feed; made if it is missing.
    sync : callable, optional
        Called with the file's number before a piece counts as kept; `os.fsync` outlasts a loss of power.

    Raises
    ------
    LedgerFailure
        A piece cannot be written: a runner that cannot keep what it saw must end.
    """

    def __init__(self, folder: Path, sync: Callable[[int], None] = os.fsync) -> None:
        self.folder, self._sync = folder, sync
        self._waiting: list[Message] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._kept_ns: int | None = None
        for path in reversed(files_of(folder)):  # of a file with half a piece alone nothing is left
            self._kept_ns = _cut(path)
            if self._kept_ns is not None:
                break

    def __call__(self, message: Message) -> None:
        """Keep a message; with a `Mark`, all of its piece."""
        self._waiting.append(message)
        if isinstance(message, Mark):
            if self._kept_ns is None or message.known_at_ns > self._kept_ns:
                self._write(message.known_at_ns)
            self._waiting.clear()

    def _write(self, at_ns: int) -> None:
        day = datetime.fromtimestamp(at_ns // SECOND_NS, UTC).date()
        path = self.folder / f"{day.isoformat()}{_ENDING}"
        piece = gzip.compress("".join(map(_line, self._waiting)).encode(), 6, mtime=0)
        try:
            with path.open("ab") as file:
                file.write(piece)
                file.flush()
                self._sync(file.fileno())
        except OSError as error:
            raise LedgerFailure(
                "what the feed gave cannot be kept", where=str(path), found=error.strerror or str(error),
                todo="free the disk, then start again",
            ) from error  # fmt: skip


def _line(message: Message) -> str:
    return json.dumps(to_plain(message), separators=(",", ":"), allow_nan=True, default=str) + "\n"


def files_of(folder: Path) -> list[Path]:
    """The files of a recording, in the order of their days; of one day, where it is the file of that day."""
    if folder.is_file():
        return [folder]
    return sorted(folder.glob(f"*{_ENDING}")) if folder.is_dir() else []


def pieces(path: Path) -> Iterator[list[Message]]:
    """The messages of the whole pieces of a file, each ending with a `Mark`. Half a piece at the end is left out.

    Raises
    ------
    DataError
        The file is damaged before its last piece.
    """
    for text, begin, _ in _texts(path):
        yield _messages(text, path, begin)


def _messages(text: bytes, path: Path, begin: int) -> list[Message]:
    try:
        return [from_plain(json.loads(line)) for line in text.splitlines()]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(path, begin, error) from None


def _texts(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """The text of each whole piece of a file, and where the piece begins and ends in the file."""
    content, at = memoryview(path.read_bytes()), 0
    while at < len(content):
        reader, texts, low = zlib.decompressobj(_GZIP), list[bytes](), at
        try:
            while not reader.eof and low < len(content):
                texts.append(reader.decompress(content[low : low + _CHUNK]))
                low = min(low + _CHUNK, len(content))
        except zlib.error as error:
            raise _damaged(path, at, error) from None
        if not reader.eof:
            return
        begin, at = at, low - len(reader.unused_data)
        yield b"".join(texts), begin, at


def _damaged(path: Path, begin: int, error: Exception) -> DataError:
    return DataError("a recording is damaged", where=f"{path} at byte {begin}", found=str(error))


def _cut(path: Path) -> int | None:
    """Cut half a piece off the end of a file; returns the instant of the last `Mark` that is left.

    Only the last piece is read: a day has a great many.
    """
    last, begin, end = b"", 0, 0
    for last, begin, end in _texts(path):  # noqa: B007
        pass
    if end < path.stat().st_size:
        with path.open("r+b") as file:
            file.truncate(end)
    return _messages(last, path, begin)[-1].known_at_ns if last else None


def not_synced(number: int) -> None:
    """For a replay: what a loss of power takes can be replayed."""
