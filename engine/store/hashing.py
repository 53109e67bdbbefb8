"""A hash of what a frame holds: the same rows give the same hash whatever their chunks or encodings."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from engine.identity import hash_texts


def frame_hash(frame: pl.DataFrame) -> str:
    """SHA-256, hex, of names, types, order and values of a frame.

    Texts go in by their own 64-bit hashes, times as integers, NaN as one bit pattern, nulls by their places; -0.0
    equals 0.0. Chunks, dictionaries (Categorical, Enum count as texts) and the machine leave no trace.
    Raises ``TypeError`` for nested columns.
    """
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        text = column.dtype in (pl.String, pl.Categorical) or isinstance(column.dtype, pl.Enum)
        kind = "String" if text else str(column.dtype)
        digest.update(f"{column.name}\0{kind}\0{len(column)}\0{column.null_count()}\0".encode())
        if column.null_count():
            digest.update(np.packbits(column.is_null().to_numpy()).data)
        digest.update(_values(column.cast(pl.String) if text else column).data)
    return digest.hexdigest()


def _values(column: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    dtype = column.dtype
    if dtype == pl.String:
        return np.ascontiguousarray(hash_texts(column))
    if dtype == pl.Boolean:
        column = column.fill_null(False).cast(pl.UInt8)
    elif dtype.is_float():
        column = column.fill_null(0.0).fill_nan(float("nan")) + 0.0
    elif dtype.is_integer() or dtype.is_temporal():
        column = column.to_physical().fill_null(0)
    else:
        raise TypeError(f"column {column.name!r} of type {dtype} cannot be hashed")
    return np.ascontiguousarray(column.rechunk().to_numpy())
