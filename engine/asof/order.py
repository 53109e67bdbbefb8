"""The order of the quotes of a series, those known at the same instant included: one rule for every engine.

A series is what one bookmaker says of one bet: (event, market, line, selection, bookmaker, side). Its quotes are
ordered by `known_at`, then by `sequence`, the number of their kind below. Two quotes of the same kind known at the same
instant cannot stand side by side in a store: the one imported later took the place of the other
(`engine.store.merge`). In a frame from elsewhere the lower price is the later one.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.schema import CLOSE, IN_PLAY, OPEN, SNAPSHOT

__all__ = ["SEQUENCE", "SERIES", "kind", "last_of_series", "sequence"]

#: of quotes known at the same instant the one with the higher number is in force: the nearer its kind is to the end
SEQUENCE: Final = {OPEN: 0, SNAPSHOT: 1, CLOSE: 2, IN_PLAY: 3}
SERIES: Final = ("event_id", "market", "line", "selection", "bookmaker", "side")


def sequence() -> pl.Expr:
    """The number of each row's kind, Int64."""
    return pl.col("instant").replace_strict(SEQUENCE, return_dtype=pl.Int64).alias("sequence")


def kind() -> pl.Expr:
    """The kind, `instant`, of each row's `sequence`."""
    kinds = {number: name for name, number in SEQUENCE.items()}
    return pl.col("sequence").replace_strict(kinds, return_dtype=pl.String).alias("instant")


def last_of_series(quotes: pl.DataFrame, within: tuple[str, ...] = ()) -> pl.DataFrame:
    """The quote in force of each series (and of each value of the columns `within`); its rows in no order."""
    return (
        quotes.with_columns(sequence().alias("_sequence"))
        .sort(["known_at", "_sequence", "odds"], descending=[False, False, True])
        .unique([*within, *SERIES], keep="last")
        .drop("_sequence")
    )
