"""A tape as one file: a magic word, the hash of all that follows, and an Arrow IPC table of one row of lists."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import TapeError
from engine.tape.columns import Tape

_MAGIC: Final = b"BEATAPE2"
_DIGEST: Final = 32
_FRAMES: Final = ("rows", "events", "refused")
_WORDS: Final = ("first_midnight", "zone", "hash")


def content_hash(arrays: Mapping[str, NDArray[Any]], frames: Mapping[str, pl.DataFrame], words: str) -> str:
    """Hash of arrays, frames and words by content, 32 hex digits: the same on every machine and library version."""
    digest = hashlib.blake2b(words.encode(), digest_size=16)
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    for name, frame in frames.items():
        digest.update(f"{name} {frame.shape}".encode())
        for column in frame:
            digest.update(f"{column.name} {column.dtype}".encode())
            for part in _bytes_of(column):
                digest.update(part)
    return digest.hexdigest()


def _bytes_of(column: pl.Series) -> list[bytes]:
    null = column.is_null().to_numpy().tobytes()
    if column.dtype == pl.String and len(column):
        codes = column.fill_null("")
        words = codes.unique(maintain_order=True)
        numbers = codes.replace_strict(words, range(len(words)), return_dtype=pl.Int64)
        lengths = words.str.len_bytes().cast(pl.Int64)
        return [null, numbers.to_numpy().tobytes(), lengths.to_numpy().tobytes(), "".join(words).encode()]
    if column.dtype == pl.Float64:
        return [null, column.fill_null(0.0).to_numpy().tobytes()]
    if column.is_empty():
        return [null]
    return [null, column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().tobytes()]


def save(tape: Tape, path: str | Path) -> None:
    """Write a tape to one file, atomically: a kill leaves the old file or the new one.

    Raises
    ------
    TapeError
        Where the file cannot be written.
    """
    path = Path(path)
    columns = [pl.Series(name, [pl.Series(getattr(tape, name))]) for name in _array_names()]
    for name in _FRAMES:
        columns += [pl.Series(f"{name}.{c.name}", [c]) for c in getattr(tape, name)]
    columns += [pl.Series(name, [getattr(tape, name)]) for name in _WORDS]
    stream = io.BytesIO()
    pl.DataFrame(columns).write_ipc(stream, compression="lz4")
    payload = stream.getvalue()
    kept = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with kept.open("wb") as file:
            file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
            file.flush()
            os.fsync(file.fileno())
        kept.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            kept.unlink()
        raise TapeError("cannot write the tape", where=str(path), found=error.strerror or str(error)) from None


def load(path: str | Path) -> Tape:
    """Read a tape that `save` wrote.

    Raises
    ------
    TapeError
        Where the file is missing, is no tape of this version, or its bytes do not have the hash they were written with.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TapeError("cannot read the tape", where=str(path), found=error.strerror or str(error)) from None
    head = len(_MAGIC) + _DIGEST
    if content[: len(_MAGIC)] != _MAGIC:
        raise TapeError("not a tape of this version", where=str(path), expected=_MAGIC.decode(), found="another file")
    payload = content[head:]
    if hashlib.sha256(payload).digest() != content[len(_MAGIC) : head]:
        raise TapeError(
            "the tape is damaged", where=str(path), expected="the hash it was written with", todo="delete it"
        )
    table = pl.read_ipc(io.BytesIO(payload), use_pyarrow=False)
    values: dict[str, Any] = {name: np.ascontiguousarray(table[name][0].to_numpy()) for name in _array_names()}
    for name in _FRAMES:
        named = [c for c in table.columns if c.startswith(f"{name}.")]
        values[name] = pl.DataFrame([table[c][0].alias(c.removeprefix(f"{name}.")) for c in named])
    return Tape(**values, **{name: table[name][0] for name in _WORDS})


def _array_names() -> list[str]:
    return [name for name in Tape.__dataclass_fields__ if name not in (*_FRAMES, *_WORDS)]
