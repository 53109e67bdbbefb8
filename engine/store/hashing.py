"""A hash of what frames hold: the same rows give the same hash whatever their chunks, encodings or cuts."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.identity import text_hash

_THREADS = 2


class FrameHash:
    """SHA-256 of names, types, order and values of a frame that is given in pieces, one below the other.

    Texts go in by their own 64-bit hashes, times as integers, NaN as one bit pattern, nulls by their places; -0.0
    equals 0.0. Chunks, dictionaries (Categorical, Enum count as texts), the places where the frame was cut and the
    machine leave no trace.
    """

    def __init__(self) -> None:
        self._columns: list[tuple[str, str]] | None = None
        self._values: list[hashlib._Hash] = []
        self._nulls: list[hashlib._Hash] = []
        self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Put a piece below the others.

        Raises ``TypeError`` for nested columns, ``ValueError`` where the columns are not those of the first piece.
        """
        columns = [(name, _kind(dtype)) for name, dtype in frame.schema.items()]
        if self._columns is None:
            self._columns = columns
            self._values = [hashlib.sha256() for _ in columns]
            self._nulls = [hashlib.sha256() for _ in columns]
        elif columns != self._columns:
            raise ValueError("pieces of one frame have the same columns")
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._feed, range(len(columns)), frame.iter_columns()))
        self._rows += frame.height

    def hexdigest(self) -> str:
        """The hash of all pieces so far."""
        whole = hashlib.sha256(f"{self._rows}\0".encode())
        for (name, kind), values, nulls in zip(self._columns or [], self._values, self._nulls, strict=True):
            whole.update(f"{name}\0{kind}\0".encode() + values.digest() + nulls.digest())
        return whole.hexdigest()

    def _feed(self, place: int, column: pl.Series) -> None:
        self._values[place].update(np.ascontiguousarray(_values(column)).data)
        if column.null_count():
            rows = np.flatnonzero(column.is_null().to_numpy()) + self._rows
            self._nulls[place].update(rows.astype(np.int64).data)


def _kind(dtype: pl.DataType) -> str:
    return "String" if _is_text(dtype) else str(dtype)


def _is_text(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Categorical) or isinstance(dtype, pl.Enum)


def _values(column: pl.Series) -> NDArray[np.generic]:
    dtype = column.dtype
    if _is_text(dtype):
        return _texts(column.cast(pl.String))
    if dtype == pl.Boolean:
        column = column.fill_null(False).cast(pl.UInt8)
    elif dtype.is_float():
        column = column.fill_null(0.0).fill_nan(float("nan")) + 0.0
    elif dtype.is_integer() or dtype.is_temporal():
        column = column.to_physical().fill_null(0)
    else:
        raise TypeError(f"column {column.name!r} of type {dtype} cannot be hashed")
    return column.rechunk().to_numpy()


def _texts(column: pl.Series) -> NDArray[np.int64]:
    """The 64-bit hash of each text, looked up by the number of its dictionary; a null counts as the empty text."""
    coded = column.fill_null("").cast(pl.Categorical)
    distinct = coded.unique()
    codes = distinct.to_physical().to_numpy()
    table = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    table[codes] = [text_hash(text) for text in distinct.cast(pl.String).to_list()]
    return np.asarray(table[coded.to_physical().to_numpy()])
