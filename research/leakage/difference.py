"""Bitwise comparison of two frames: in which columns, and in which rows, they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: stands for the column of a row that only one of the frames has
ROW: Final = "(row)"
OFFERED, ABSENT = "offered", "absent"


def differences(whole: pl.DataFrame, other: pl.DataFrame, key: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The cells in which two frames differ.

    Parameters
    ----------
    whole, other : polars.DataFrame
        Rows in any order, unique in `key`.
    key : sequence of str
        Columns of both frames that identify a row.

    Returns
    -------
    dict of str to polars.DataFrame
        By column, in the order of the frames: the key columns, ``whole`` and ``other``, one row for each differing
        cell, sorted by key. Rows that only one frame has are listed under `ROW`. NaN equals NaN and null equals null;
        0.0 and -0.0 differ. A column that only one frame has counts as null in the other.
    """
    names = [name for name in dict.fromkeys([*whole.columns, *other.columns]) if name not in key]
    both = whole.with_columns(_whole=True).join(
        _with_types(other, whole).with_columns(_other=True),
        on=list(key),
        how="full",
        coalesce=True,
        nulls_equal=True,
        suffix="_of_other",
    )
    cells = {}
    unmatched = both.filter(pl.col("_whole").is_null() | pl.col("_other").is_null())
    if unmatched.height:
        presence = [
            pl.when(pl.col(mark)).then(pl.lit(OFFERED)).otherwise(pl.lit(ABSENT)).alias(mark[1:])
            for mark in ("_whole", "_other")
        ]
        cells[ROW] = unmatched.select(*key, *presence).sort(key)
    pairs = both.filter(pl.col("_whole") & pl.col("_other"))
    for name in names:
        left, right = name, f"{name}_of_other"
        if name not in whole.columns or name not in other.columns:
            pairs = pairs.with_columns(pl.lit(None).alias("_absent"))
            left, right = (name, "_absent") if name in whole.columns else ("_absent", name)
        mask = _differ(pairs[left], pairs[right])
        if mask.any():
            rows = pairs.filter(pl.Series(mask))
            cells[name] = rows.select(*key, whole=pl.col(left), other=pl.col(right)).sort(key)
    return cells


def _with_types(frame: pl.DataFrame, model: pl.DataFrame) -> pl.DataFrame:
    """The frame with the column types of a model, if it is empty or its columns are all null."""
    casts = [
        pl.col(name).cast(dtype, strict=False)
        for name, dtype in model.schema.items()
        if name in frame.columns and frame.schema[name] != dtype and (frame.schema[name] == pl.Null or frame.is_empty())
    ]
    return frame.with_columns(casts) if casts else frame


def _differ(a: pl.Series, b: pl.Series) -> NDArray[np.bool_]:
    missing_a, missing_b = a.is_null().to_numpy(), b.is_null().to_numpy()
    if a.dtype != b.dtype:
        a, b = a.cast(pl.String), b.cast(pl.String)
    unequal = _bits(a) != _bits(b) if a.dtype.is_float() else a.ne_missing(b).to_numpy()
    return np.asarray((missing_a != missing_b) | (~missing_a & ~missing_b & unequal), dtype=np.bool_)


def _bits(column: pl.Series) -> NDArray[np.int64]:
    """The bits of floats as integers; all NaNs get the same bits, nulls those of 0.0."""
    values = column.cast(pl.Float64).fill_null(0.0).to_numpy().astype(np.float64, copy=True)
    values[np.isnan(values)] = np.nan
    return values.view(np.int64)
