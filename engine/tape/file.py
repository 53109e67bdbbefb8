"""A tape as one file: a format marker, the SHA-256 of the rest, and an Arrow IPC table with one row of lists."""

from __future__ import annotations

import hashlib
import io
import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from engine.errors import TapeError
from engine.files import write_bytes
from engine.tape.columns import Tape, slim

_MAGIC: Final = b"BEATAPE4"
_DIGEST: Final = 32
#: bytes of a file whose columns are read at the same time
_AT_ONCE: Final = 4_000_000
_FRAMES: Final = ("rows", "events", "refused")
_SCALARS: Final = ("first_midnight", "zone", "hash")


def content_hash(arrays: Mapping[str, NDArray[Any]], frames: Mapping[str, pl.DataFrame], text: str) -> str:
    """Hash of the content of arrays, frames and a text: 32 hex digits, independent of machine and library version."""
    digest = hashlib.blake2b(text.encode(), digest_size=16)
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
        texts = codes.unique(maintain_order=True)
        numbers = codes.replace_strict(texts, range(len(texts)), return_dtype=pl.Int64)
        lengths = texts.str.len_bytes().cast(pl.Int64)
        return [null, numbers.to_numpy().tobytes(), lengths.to_numpy().tobytes(), "".join(texts).encode()]
    if column.dtype == pl.Float64:
        return [null, column.fill_null(0.0).to_numpy().tobytes()]
    if column.is_empty():
        return [null]
    return [null, column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().tobytes()]


def save(tape: Tape, path: str | Path) -> None:
    """Write a tape to a file atomically, creating its folder.

    Raises
    ------
    TapeError
        The file cannot be written.
    """
    path = Path(path)
    columns = [pl.Series(name, [pl.Series(getattr(tape, name))]) for name in _array_names()]
    for name in _FRAMES:
        frame = getattr(tape, name).with_columns(pl.col(pl.Categorical).cast(pl.String))
        columns += [pl.Series(f"{name}.{c.name}", [c]) for c in frame]
    columns += [pl.Series(name, [getattr(tape, name)]) for name in _SCALARS]
    stream = io.BytesIO()
    pl.DataFrame(columns).write_ipc(stream, compression="lz4")
    payload = stream.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, _MAGIC + hashlib.sha256(payload).digest() + payload, durable=True)
    except OSError as error:
        raise TapeError("cannot write the tape", where=str(path), found=error.strerror or str(error)) from None


def load(path: str | Path) -> Tape:
    """Read a tape that `save` wrote.

    Raises
    ------
    TapeError
        The file is missing, is not a tape of this version, or is damaged.
    """
    path = Path(path)
    try:
        mapped = _checked(path)
    except OSError as error:
        raise TapeError("cannot read the tape", where=str(path), found=error.strerror or str(error)) from None
    values, columns = dict[str, Any](), dict[str, list[pl.Series | pl.Expr]]()
    for name, column in _columns(mapped):
        frame, _, part = name.partition(".")
        if part:
            series = _series(column, part)
            columns.setdefault(frame, []).append(_slim(series) if frame in columns else series)  # the first: its height
        else:
            values[name] = column[0].as_py() if name in _SCALARS else slim(_series(column, name).to_numpy())
    for name, (first, *others) in columns.items():
        values[name] = pl.DataFrame([first]).with_columns(others)
    if (values["filled"].view(np.int64) == values["quoted"].view(np.int64)).all():
        values["filled"] = values["quoted"]
    tape = Tape(**values)
    values.clear()
    pa.default_memory_pool().release_unused()
    return tape


def _checked(path: Path) -> mmap.mmap:
    """Map a file into memory after checking its format and hash; raises `TapeError` or `OSError`."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            where, expected = str(path), _MAGIC.decode()
            todo = "build it again"
            raise TapeError(
                "not a tape of this version", where=where, expected=expected, found="another file", todo=todo
            )
        expected_digest = file.read(_DIGEST)
        if hashlib.file_digest(file, "sha256").digest() != expected_digest:
            raise TapeError(
                "the tape is damaged", where=str(path), expected="the hash it was written with", todo="delete it"
            )
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _payload(mapped: mmap.mmap) -> pa.Buffer:
    return pa.py_buffer(memoryview(mapped)[len(_MAGIC) + _DIGEST :])


def _columns(mapped: mmap.mmap) -> Iterator[tuple[str, pa.Array]]:
    """Read and decompress the columns in their order, all of a small tape at once, and those of a large one singly."""
    names = pa.ipc.open_file(_payload(mapped)).schema.names
    at_once = max(len(names) * _AT_ONCE // len(mapped), 1)
    for low in range(0, len(names), at_once):
        some = list(range(low, min(low + at_once, len(names))))
        options = pa.ipc.IpcReadOptions(included_fields=some)
        columns = pa.ipc.open_file(_payload(mapped), options=options).get_batch(0).columns
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)
        pa.default_memory_pool().release_unused()  # buffers of earlier columns with a single value
        while columns:
            yield names[some.pop(0)], columns.pop(0)


def _series(column: pa.Array, name: str) -> pl.Series:
    """The list in the only row of a column, as a series."""
    return pl.Series(name, pl.from_arrow(column.values))


def _slim(series: pl.Series) -> pl.Series | pl.Expr:
    """The same series, or, if it repeats one value, an expression that takes no memory for it in a frame."""
    if len(series) < 2 or 0 < series.null_count() < len(series) or not series.eq_missing(series[0]).all():
        return series
    return pl.lit(series[0], dtype=series.dtype).alias(series.name)


def _array_names() -> list[str]:
    return [name for name in Tape.__dataclass_fields__ if name not in (*_FRAMES, *_SCALARS)]
