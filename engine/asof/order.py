"""The order of the quotes of a series: one rule for DuckDB and for Polars.

A series holds the quotes of one bookmaker for one bet: (event, market, line, selection, bookmaker, side). Its quotes
are ordered by `known_at`, and at the same instant by `sequence`, a number of the quote kind. A store cannot hold two
quotes of the same series, kind and instant, because the later import replaces the earlier one (`engine.store.merge`).
In a frame from another source the quote with the lower odds counts as the later one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.schema import SEQUENCE

__all__ = ["SERIES", "last_of_series", "quote_kind", "sequence"]

SERIES: Final = ("event_id", "market", "line", "selection", "bookmaker", "side")


def sequence() -> pl.Expr:
    """Column `sequence`, Int64: the number of each row's quote kind (column `instant`)."""
    return pl.col("instant").replace_strict(SEQUENCE, return_dtype=pl.Int64).alias("sequence")


def quote_kind() -> pl.Expr:
    """Column `instant`: the quote kind of each row's `sequence`."""
    kinds = {number: name for name, number in SEQUENCE.items()}
    return pl.col("sequence").replace_strict(kinds, return_dtype=pl.String).alias("instant")


def last_of_series(quotes: pl.DataFrame, within: tuple[str, ...] = ()) -> pl.DataFrame:
    """The last quote of each series, in no particular order.

    Parameters
    ----------
    quotes : polars.DataFrame
        Columns of `schema.QUOTES`.
    within : tuple of str
        Further columns; one quote is returned for each of their values and each series.
    """
    return (
        quotes.with_columns(sequence().alias("_sequence"))
        .sort(["known_at", "_sequence", "odds"], descending=[False, False, True])
        .unique([*within, *SERIES], keep="last")
        .drop("_sequence")
    )
