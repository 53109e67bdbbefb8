"""Bit for bit: in which rows and columns two answers differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: the column of a row that is in one answer and not in the other
ROW: Final = "(row)"
OFFERED, ABSENT = "offered", "absent"


def differences(whole: pl.DataFrame, other: pl.DataFrame, key: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The cells that are not the same in two frames.

    Parameters
    ----------
    whole, other : polars.DataFrame
        Rows in any order; each has one row a key.
    key : sequence of str
        Columns of both that tell a row.

    Returns
    -------
    dict of str to polars.DataFrame
        By column, in the order of the frames: `key`, ``whole``, ``other``, one row a differing cell, sorted by key.
        `ROW` stands for rows that only one of them has. NaN equals NaN and null equals null; 0.0 and -0.0 differ.
    """
    names = [name for name in dict.fromkeys([*whole.columns, *other.columns]) if name not in key]
    both = whole.with_columns(_whole=True).join(
        _like(other, whole).with_columns(_other=True),
        on=list(key),
        how="full",
        coalesce=True,
        nulls_equal=True,
        suffix="_of_other",
    )
    found = {}
    lone = both.filter(pl.col("_whole").is_null() | pl.col("_other").is_null())
    if lone.height:
        there = [
            pl.when(pl.col(mark)).then(pl.lit(OFFERED)).otherwise(pl.lit(ABSENT)).alias(mark[1:])
            for mark in ("_whole", "_other")
        ]
        found[ROW] = lone.select(*key, *there).sort(key)
    pairs = both.filter(pl.col("_whole") & pl.col("_other"))
    for name in names:
        twin = f"{name}_of_other" if name in whole.columns else name
        if name not in whole.columns or name not in other.columns:
            pairs = pairs.with_columns(pl.lit(None).alias("_absent"))
            left, right = (name, "_absent") if name in whole.columns else ("_absent", name)
        else:
            left, right = name, twin
        differ = _differ(pairs[left], pairs[right])
        if differ.any():
            rows = pairs.filter(pl.Series(differ))
            found[name] = rows.select(*key, whole=pl.col(left), other=pl.col(right)).sort(key)
    return found


def _like(frame: pl.DataFrame, model: pl.DataFrame) -> pl.DataFrame:
    """A frame whose columns have the types of a model's where they can: an empty answer often has other ones."""
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
    if a.dtype.is_float():
        bits = [_bits(one) for one in (a, b)]
        unequal = bits[0] != bits[1]
    else:
        unequal = (a.ne_missing(b)).to_numpy()
    return np.asarray((missing_a != missing_b) | (~missing_a & ~missing_b & unequal), dtype=np.bool_)


def _bits(column: pl.Series) -> NDArray[np.int64]:
    """Floats as the whole numbers of their bits; all NaNs the same."""
    values = column.cast(pl.Float64).fill_null(0.0).to_numpy().astype(np.float64, copy=True)
    values[np.isnan(values)] = np.nan
    return values.view(np.int64)
