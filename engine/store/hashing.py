"""Hash of the rows of a frame, independent of chunks, encodings and the pieces in which the frame arrives."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.identity import text_hash

_THREADS = 2


class FrameHash:
    """SHA-256 of the column names, types, order and values of a frame that is added piece by piece.

    Texts enter as 64-bit hashes, times as integers, NaN as one bit pattern, nulls as row numbers; -0.0 equals 0.0.
    Categorical and Enum columns count as text. The hash does not depend on chunks, on how the frame was cut into
    pieces, or on the machine.
    """

    def __init__(self) -> None:
        self._columns: list[tuple[str, str]] | None = None
        self._values: list[hashlib._Hash] = []
        self._nulls: list[hashlib._Hash] = []
        self._rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Append the rows of a piece.

        Raises
        ------
        TypeError
            A column is nested.
        ValueError
            The columns differ from those of the first piece.
        """
        columns = [(name, _kind(dtype)) for name, dtype in frame.schema.items()]
        if self._columns is None:
            self._columns = columns
            self._values = [hashlib.sha256() for _ in columns]
            self._nulls = [hashlib.sha256() for _ in columns]
        elif columns != self._columns:
            raise ValueError("all pieces of a frame must have the same columns")
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._feed, range(len(columns)), frame.iter_columns()))
        self._rows += frame.height

    def hexdigest(self) -> str:
        """Hash of all pieces so far, 64 hex digits."""
        total = hashlib.sha256(f"{self._rows}\0".encode())
        for (name, kind), values, nulls in zip(self._columns or [], self._values, self._nulls, strict=True):
            total.update(f"{name}\0{kind}\0".encode() + values.digest() + nulls.digest())
        return total.hexdigest()

    def _feed(self, number: int, column: pl.Series) -> None:
        self._values[number].update(np.ascontiguousarray(_values(column)).data)
        if column.null_count():
            rows = np.flatnonzero(column.is_null().to_numpy()) + self._rows
            self._nulls[number].update(rows.astype(np.int64).data)


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
    """64-bit hash of each text, computed once per distinct text; null counts as the empty text."""
    coded = column.fill_null("").cast(pl.Categorical)
    distinct = coded.unique()
    codes = distinct.to_physical().to_numpy()
    table = np.zeros(int(codes.max(initial=0)) + 1, dtype=np.int64)
    table[codes] = [text_hash(text) for text in distinct.cast(pl.String).to_list()]
    return np.asarray(table[coded.to_physical().to_numpy()])
