"""Prices of a mapped table as a frame of quotes: wide or long, with the facts of their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table_
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.names.texts import american as american_words
from engine.odds.formats import from_american, from_fractional
from engine.schema import IN_PLAY, LINE_MARKETS, OPEN, SNAPSHOT
from engine.source.mapped.events import instants_of
from engine.source.mapped.lines import HANDICAPS, flag_books, sign_of
from engine.source.mapped.row import Row
from engine.source.mapped.texts import texts_of
from engine.source.mapping.keys import Line, Long, Mapping
from engine.source.prices import Floats, Instants, LineRule, PriceColumn, Prices, read_prices, to_floats
from engine.source.quarantine import Quarantine
from engine.source.table import Table

_KEY = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at")
#: Selections with home and away exchanged.
_OPPOSITE = {"home": "away", "away": "home", "1x": "x2", "x2": "1x"}


@dataclass(frozen=True)
class Quotes:
    """Quotes of a file, the line of each (Int64), and the counts of the price cells."""

    frame: pl.DataFrame
    lines: pl.Series
    n_read: int
    n_kept: int
    n_empty: int
    n_quarantined: int


def read_quotes(
    table: Table, ids: Sequence[int], rows: Sequence[Row], mapping: Mapping, quarantine: Quarantine, file: str
) -> Quotes:
    """Quotes of all price cells of a table.

    Parameters
    ----------
    table : the n rows that are kept, with plain numbers
    ids : event id of each row
    rows : the n rows
    mapping, quarantine : as everywhere in this package
    file : name of the file
    """
    event_ids = np.array(ids, dtype=np.int64)
    if mapping.long is None:
        prices = _wide(table, event_ids, rows, mapping, quarantine)
    else:
        prices = _long(table, event_ids, rows, mapping, quarantine)
    of = [rows[i] for i in prices.rows]
    quotes = _with_bookmakers(prices, table, mapping, file)
    if mapping.long is not None:
        quotes = _with_words(quotes, of, mapping.lines.get(mapping.long.line_column, Line()))
    bases = pl.Series([row.known_basis for row in of], dtype=pl.String)
    quotes = quotes.with_columns(
        pl.when(pl.col("instant").is_in((SNAPSHOT, IN_PLAY)) | ((pl.col("instant") == OPEN) & (pl.lit(bases) != "")))
        .then(bases)
        .otherwise("known_at_basis")
        .alias("known_at_basis")
    )
    if any(row.no_offer for row in of):
        no_offer = pl.Series([row.no_offer for row in of], dtype=pl.Boolean)
        quotes = quotes.with_columns(pl.when(no_offer).then(0.0).otherwise("size_minor").alias("size_minor"))
    quotes = _swapped(quotes, of)
    kept = _without_rejected(quotes, of, quarantine)
    quotes, of = quotes.filter(kept), [row for row, keep in zip(of, kept, strict=True) if keep]
    lines = pl.Series([row.line for row in of], dtype=pl.Int64)
    quotes = quotes.with_columns(pl.col("suspect") | flag_books(quotes, lines, quarantine))
    rejected = int((~kept).sum())
    return Quotes(
        quotes, lines, prices.n_read, prices.n_kept - rejected, prices.n_empty, prices.n_quarantined + rejected
    )


def _wide(
    table: Table, ids: NDArray[np.int64], rows: Sequence[Row], mapping: Mapping, quarantine: Quarantine
) -> Prices:
    columns = wide_columns(table.header, mapping)
    rules = {c.line_column: _rule(mapping, c.line_column) for c in columns if c.line_column}
    return _read(table, ids, columns, (instants_of(rows), rules, mapping), quarantine)


def wide_columns(header: Sequence[str], mapping: Mapping) -> list[PriceColumn]:
    """Price columns of a wide table that the file has."""
    return [
        PriceColumn(
            header.index(p.column),
            p.column,
            p.market,
            p.selection,
            p.bookmaker,
            p.instant,
            p.line,
            p.line_column or None,
            p.side,
            sign_of(p.market, p.selection, mapping.lines.get(p.line_column, Line())) if p.line_column else 1.0,
        )
        for p in mapping.prices or ()
        if p.column in header
    ]


def converter(mapping: Mapping) -> Callable[[Sequence[str]], Floats] | None:
    """Texts to decimal odds, NaN where there is no price; None: the texts are decimal odds."""

    def american(texts: Sequence[str]) -> Floats:
        return from_american(to_floats(american_words(texts))[0])

    return {"american": american, "fractional": from_fractional}.get(mapping.odds)


def _long(
    table: Table, ids: NDArray[np.int64], rows: Sequence[Row], mapping: Mapping, quarantine: Quarantine
) -> Prices:
    """Prices of a long table; markets with a line and without one are read apart."""
    assert mapping.long is not None
    long: Long = mapping.long
    opening = instants_of(rows)[OPEN].known_at
    parts = []
    for with_line in (False, True):
        indices = [i for i, row in enumerate(rows) if (row.quote[0] in LINE_MARKETS) == with_line]
        part = table.only(indices)
        line = long.line_column if with_line else None
        name = long.odds_column
        column = PriceColumn(table.header.index(name), name, "", "", "", OPEN, None, line)
        rules = {line: _rule(mapping, line)} if line else {}
        instants = {OPEN: Instants(opening[indices], "")}
        prices = _read(part, ids[indices], [column], (instants, rules, mapping), quarantine)
        parts.append(replace(prices, rows=np.array(indices, dtype=np.int64)[prices.rows]))
    a, b = parts
    return Prices(
        pl.concat([a.quotes, b.quotes]),
        np.concatenate([a.rows, b.rows]),
        a.n_read + b.n_read,
        a.n_kept + b.n_kept,
        a.n_empty + b.n_empty,
        a.n_quarantined + b.n_quarantined,
    )


def _rule(mapping: Mapping, column: str) -> LineRule:
    line = mapping.lines.get(column, Line())
    return LineRule(line.step, line.limit)


def _read(
    table: Table,
    ids: NDArray[np.int64],
    columns: list[PriceColumn],
    settings: tuple[Table_[str, Instants], Table_[str, LineRule], Mapping],
    quarantine: Quarantine,
) -> Prices:
    instants, rules, mapping = settings
    return read_prices(table, ids, columns, instants, quarantine, rules=rules, convert=converter(mapping))


def _with_bookmakers(prices: Prices, table: Table, mapping: Mapping, file: str) -> pl.DataFrame:
    """Quotes with the bookmaker of their row where the price column does not name one."""
    text = mapping.bookmaker
    if mapping.long is not None and not text.sources:
        text = mapping.long.bookmaker if mapping.long.bookmaker.given else text
    if not text.given and mapping.long is None:
        return prices.quotes
    names = texts_of(table, text, file)
    books = pl.Series("bookmaker", [names[i].lower() or "unnamed" for i in prices.rows], dtype=pl.String)
    named = pl.when(pl.col("bookmaker") == "").then(books).otherwise("bookmaker")
    return prices.quotes.with_columns(named.alias("bookmaker"))


def _with_words(quotes: pl.DataFrame, rows: Sequence[Row], line: Line) -> pl.DataFrame:
    """Quotes of a long table with market, selection, quote kind, side and time of their rows."""
    words = ("market", "selection", "instant", "side")
    instants = instants_of(rows)
    times = [instants[row.quote[2]] for row in rows]
    kinds = [
        time.instant[i] if time.instant else row.quote[2] for i, (time, row) in enumerate(zip(times, rows, strict=True))
    ]
    signs = pl.Series([sign_of(row.quote[0], row.quote[1], line) for row in rows], dtype=pl.Float64)
    known_at = pl.Series("known_at", [time.known_at[i] for i, time in enumerate(times)], dtype=pl.Int64)
    return quotes.with_columns(
        *(pl.Series(word, [row.quote[k] for row in rows], dtype=pl.String) for k, word in enumerate(words)),
        (pl.col("line") * signs + 0.0).alias("line"),
    ).with_columns(
        known_at.cast(quotes.schema["known_at"]),
        pl.Series("known_at_basis", [time.basis for time in times], dtype=pl.String),
        pl.Series("instant", kinds, dtype=pl.String),
    )


def _swapped(quotes: pl.DataFrame, rows: Sequence[Row]) -> pl.DataFrame:
    """Quotes of events whose two names were exchanged, with their selections and handicaps exchanged as well."""
    swapped = pl.Series([row.swapped for row in rows], dtype=pl.Boolean)
    if not swapped.any():
        return quotes
    score = pl.col("selection").str.replace(r"^(\d+)-(\d+)$", "$2-$1")
    opposite = (
        pl.when(pl.col("market") == "correct_score").then(score).otherwise(pl.col("selection").replace(_OPPOSITE))
    )
    swap = pl.lit(swapped)
    negate = swap & pl.col("market").is_in(HANDICAPS)
    return quotes.with_columns(
        pl.when(swap).then(opposite).otherwise("selection").alias("selection"),
        pl.when(negate).then(0.0 - pl.col("line")).otherwise("line").alias("line"),
    )


def _without_rejected(quotes: pl.DataFrame, rows: Sequence[Row], quarantine: Quarantine) -> pl.Series:
    """Mask of the quotes to keep. A price that stands twice is kept once; a total has no line below 0."""
    total = pl.col("market").is_in([market for market in LINE_MARKETS if market not in HANDICAPS])
    negative = quotes.select((total & (pl.col("line") < 0)).fill_null(False)).to_series()
    first = quotes.select(pl.struct(_KEY).is_first_distinct()).to_series()
    for index in (negative | ~first).arg_true().to_list():
        quote = quotes.row(index, named=True)
        column = f"{quote['market']} {quote['selection']} {quote['bookmaker']}"
        reason = "a total below 0" if negative[index] else "duplicate price: the first one is kept"
        quarantine.cell(rows[index].line, column, f"{quote['odds']:g}", reason)
    return first & ~negative
