"""Files written as a whole or not at all, hashes of pieces, a lock against a second process, and values as JSON."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import BeaError, DataError

_Read = TypeVar("_Read")


def write_bytes(path: Path, content: bytes | Sequence[bytes | memoryview], *, durable: bool = False) -> None:
    """Write a file atomically: after a crash there is the old file or the new one, never a part of it.

    Parameters
    ----------
    path : Path
        An existing file is replaced. The folder must exist.
    content : bytes, or sequence of bytes or memoryview
        Everything that the file holds, or its pieces in order.
    durable : bool
        Flush the file and its folder to the disk, so that the new file also survives a power failure.

    Raises
    ------
    OSError
        The file cannot be written. The old file is still there and the temporary one is removed.
    """
    name = f".{path.name.removeprefix('.')}.{os.getpid()}-{threading.get_ident()}.tmp"
    temporary = path.with_name(name)
    try:
        with temporary.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        flush_folder(path.parent)


def digest_of(pieces: Iterable[bytes | memoryview], size: int = 32) -> bytes:
    """BLAKE2b of a content that is given in pieces, in order: `size` bytes."""
    digest = hashlib.blake2b(digest_size=size)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


@contextmanager
def new_file(path: Path, *, mode: int = 0o644, durable: bool = True) -> Iterator[Path]:
    """An empty file beside `path` for the caller to fill: then it gets that name durably, and never over another file.

    Parameters
    ----------
    path : Path
        The folder must exist.
    mode : int
        Rights of the file.
    durable : bool
        Flush the file and its folder to the disk.

    Raises
    ------
    FileExistsError
        There is a file of that name. It stays as it is.
    OSError
        The file cannot be written.
    """
    made = path.with_name(f".{path.name}.{os.urandom(8).hex()}.new")
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield made
        if durable:
            with made.open("rb") as file:
                os.fsync(file.fileno())
        os.link(made, path)  # unlike a rename, this fails where there is a file
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)
    if durable:
        flush_folder(path.parent)


def write_once(path: Path, content: bytes, *, mode: int = 0o644, exists_ok: bool = False) -> None:
    """Write a file durably, as a whole or not at all, and never over another one.

    Parameters
    ----------
    path, mode
        As in `new_file`.
    content : bytes
    exists_ok : bool
        Whether an existing file is left as it is; otherwise FileExistsError.
    """
    try:
        with new_file(path, mode=mode) as made:
            made.write_bytes(content)
    except FileExistsError:
        if not exists_ok:
            raise
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the list of names in a folder to the disk, so that files created in it survive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path, refusal: BeaError | None) -> Iterator[None]:
    """Hold a lock file for this process alone. The system releases the lock when the process ends or is killed.

    Parameters
    ----------
    path : Path
        The lock file; it is created if missing and stays when the lock is released.
    refusal : BeaError or None
        Raised at once when another process holds the lock; None: wait for it.

    Raises
    ------
    OSError
        The lock file cannot be opened or locked.
    """
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if refusal is None else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise (refusal or error) from None
        yield


def read_json(path: Path, read: Callable[[Any], _Read], what: str, todo: str) -> _Read | None:
    """What a JSON document says; None if there is no such file.

    Parameters
    ----------
    path : Path
    read : callable
        Takes the document; may raise KeyError, TypeError or ValueError where it is not as expected.
    what, todo : str
        What cannot be read if the file is damaged, and what to do about it.

    Raises
    ------
    DataError
        The file is damaged.
    """
    if not path.is_file():
        return None
    try:
        return read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(what, where=str(path), found=type(error).__name__, todo=todo) from None


def write_json(path: Path, value: Any) -> None:
    """Write an indented JSON document atomically; NaN and infinities become null."""
    text = json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, text.encode("utf-8", "backslashreplace") + b"\n")


def json_line(value: Any) -> str:
    """A value as JSON in one line, without a line break at the end; NaN and infinities become null."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Convert a value to what JSON knows.

    NaN and infinities become null, tuples become lists, and paths, dates and other objects become text.
    """
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
