"""Reader of any table, wide or long, described by a mapping (`engine.source.mapping`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.odds.formats import from_american, from_fractional
from engine.schema import INSTANTS, SELECTIONS
from engine.source.aliases import load_aliases
from engine.source.batch import Counts, Parsed
from engine.source.mapped.events import events_of, instants_of
from engine.source.mapped.rows import Row, read_rows
from engine.source.mapped.texts import texts_of
from engine.source.mapping import Long, Mapping
from engine.source.prices import Floats, Instants, LineRule, PriceColumn, Prices, read_prices, to_floats
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table, duplicates, read_table
from engine.source.texts import american as american_words

_WITH_LINE = ("totals", "asian_handicap")
_KEY = ("event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at")


def read(raw: bytes, origin: Origin, today: date, mapping: Mapping) -> Parsed:
    """Read a table as its mapping describes it.

    Raises
    ------
    SourceError
        The header has a duplicate column, or lacks a column that the mapping needs.
    """
    quarantine = Quarantine()
    table = read_table(raw, quarantine, delimiter=mapping.delimiter, multiline=True)
    _check_header(table, mapping, quarantine)
    n_read = table.n_misfit + len(table.rows)
    rows, depends_on_today = read_rows(table, mapping, quarantine, origin, today)
    if mapping.long is not None:
        rows = _rows_with_known_words(table, mapping.long, rows, quarantine)
    blank = set(mapping.missing)
    cells = [["" if cell.strip() in blank else cell for cell in table.rows[r.index]] for r in rows] if blank else None
    kept_table = Table(table.header, cells or [table.rows[r.index] for r in rows], [r.line for r in rows])
    events, ids = events_of(rows, mapping, origin)
    prices = _prices(kept_table, ids, rows, mapping, quarantine)
    quotes, quote_lines = _completed(prices, rows, kept_table, mapping, quarantine)
    n_duplicates = prices.quotes.height - quotes.height
    new = {
        name
        for sport in {r.sport for r in rows}
        for name in load_aliases(sport).new({n for r in rows if r.sport == sport for n in (r.home, r.away)})
    }
    counts = Counts(
        rows_read=n_read,
        rows_kept=len(rows),
        rows_quarantined=n_read - len(rows),
        rows_blank=table.n_blank,
        prices_read=prices.n_read,
        prices_kept=prices.n_kept - n_duplicates,
        prices_empty=prices.n_empty,
        prices_quarantined=prices.n_quarantined + n_duplicates,
        flags=quarantine.n_flags,
        new_names=tuple(sorted(new)),
    )
    return Parsed(events, quotes, quarantine.frame(origin), counts, depends_on_today, quote_lines)


def _check_header(table: Table, mapping: Mapping, quarantine: Quarantine) -> None:
    names = set(table.header)
    repeated = duplicates(table.header)
    if repeated:
        raise SourceError("duplicate columns in the header", found=", ".join(repeated[:3]))
    texts = [mapping.sport, mapping.competition, mapping.home, mapping.away]
    texts += [mapping.long.market, mapping.long.selection] if mapping.long else []
    needed = [t.column for t in texts if t.column] + [mapping.start.column]
    needed += [mapping.long.odds_column] if mapping.long else []
    missing = [name for name in needed if name not in names]
    if missing:
        header = ",".join(table.header)[:80]
        raise SourceError("a column of the mapping is missing", expected=", ".join(missing[:5]), found=header)
    absent = [p.column for p in mapping.prices if p.column not in names]
    if mapping.prices and len(absent) == len(mapping.prices):
        header = ",".join(table.header)[:80]
        raise SourceError("none of the price columns of the mapping is present", expected=absent[0], found=header)
    for name in absent:
        quarantine.flag(None, name, "", "the file lacks this price column of the mapping")


def _rows_with_known_words(table: Table, long: Long, rows: list[Row], quarantine: Quarantine) -> list[Row]:
    """Rows of a long table with a known market, selection, quote kind and side. The others are quarantined."""
    columns = [texts_of(table, text) for text in (long.market, long.selection, long.instant, long.side)]
    known = []
    for row in rows:
        market, selection, instant, side = (column[row.index] for column in columns)
        if market not in SELECTIONS:
            reason = f"unknown market: {market[:40]!r}"
        elif selection not in SELECTIONS[market]:
            reason = f"unknown selection of {market}: {selection[:40]!r}"
        elif instant not in INSTANTS or side not in ("back", "lay"):
            reason = f"unknown quote kind or side: {instant[:40]!r}, {side[:40]!r}"
        else:
            known.append(replace(row, quote=(market, selection, instant, side)))
            continue
        quarantine.row(row.line, ",".join(table.rows[row.index]), reason)
    return known


def _prices(table: Table, ids: Sequence[int], rows: list[Row], mapping: Mapping, quarantine: Quarantine) -> Prices:
    """Quotes of all price cells. In a long table, `_completed` adds market, selection, quote kind and side later."""
    event_ids = np.array(ids, dtype=np.int64)
    rules = {name: LineRule(line.step, line.limit, line.factor) for name, line in mapping.lines.items()}
    default = LineRule(limit=1000.0)
    instants = instants_of(rows)
    if mapping.long is None:
        columns = [
            PriceColumn(
                table.header.index(p.column),
                p.column,
                p.market,
                p.selection,
                p.bookmaker,
                p.instant,
                p.line,
                p.line_column or None,
                p.side,
            )
            for p in mapping.prices
            if p.column in table.header
        ]
        rules = {**{c.line_column: default for c in columns if c.line_column}, **rules}
        return _read(table, event_ids, columns, (instants, rules, mapping), quarantine)
    parts = []
    for with_line in (False, True):
        indices = [i for i, row in enumerate(rows) if (row.quote[0] in _WITH_LINE) == with_line]
        part = Table(table.header, [table.rows[i] for i in indices], [table.lines[i] for i in indices])
        line = (mapping.long.line_column or None) if with_line else None
        column = PriceColumn(
            table.header.index(mapping.long.odds_column), mapping.long.odds_column, "", "", "", "open", None, line
        )
        opening = {"open": Instants(instants["open"].known_at[indices], "")}
        line_rules = {line: rules.get(line, default)} if line else {}
        prices = _read(part, event_ids[indices], [column], (opening, line_rules, mapping), quarantine)
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


def _read(
    table: Table,
    ids: np.typing.NDArray[np.int64],
    columns: list[PriceColumn],
    settings: tuple[dict[str, Instants], dict[str, LineRule], Mapping],
    quarantine: Quarantine,
) -> Prices:
    instants, rules, mapping = settings

    def american(texts: Sequence[str]) -> Floats:
        return from_american(to_floats(american_words(texts))[0])

    convert = {"american": american, "fractional": from_fractional}.get(mapping.odds)
    return read_prices(table, ids, columns, instants, quarantine, rules=rules, convert=convert)


def _completed(
    prices: Prices, rows: list[Row], table: Table, mapping: Mapping, quarantine: Quarantine
) -> tuple[pl.DataFrame, pl.Series]:
    """Quotes completed with the facts of their row, without duplicates; and the line of each.

    The facts are the bookmaker, the meaning of a long row, and whether the two names were swapped.
    """
    quotes, quote_rows = prices.quotes, [rows[i] for i in prices.rows]
    if mapping.bookmaker.column or mapping.bookmaker.value or mapping.long is not None:
        text = mapping.long.bookmaker if mapping.long and not mapping.bookmaker.column else mapping.bookmaker
        names = texts_of(table, text)
        books = pl.Series("bookmaker", [names[i].lower() or "unnamed" for i in prices.rows], dtype=pl.String)
        quotes = quotes.with_columns(
            pl.when(pl.col("bookmaker") == "").then(books).otherwise("bookmaker").alias("bookmaker")
        )
    if mapping.long is not None:
        words = ("market", "selection", "instant", "side")
        quotes = quotes.with_columns(
            pl.Series(word, [r.quote[k] for r in quote_rows], dtype=pl.String) for k, word in enumerate(words)
        )
        instants = instants_of(quote_rows)
        times = [instants[r.quote[2]] for r in quote_rows]
        known_at = [time.known_at[i] for i, time in enumerate(times)]
        kinds = [
            time.instant[i] if time.instant else r.quote[2]
            for i, (time, r) in enumerate(zip(times, quote_rows, strict=True))
        ]
        quotes = quotes.with_columns(
            pl.Series("known_at", known_at, dtype=pl.Int64).cast(quotes.schema["known_at"]),
            pl.Series("known_at_basis", [time.basis for time in times], dtype=pl.String),
            pl.Series("instant", kinds, dtype=pl.String),
        )
    bases = pl.Series([r.known_basis for r in quote_rows], dtype=pl.String)
    quotes = quotes.with_columns(
        pl.when(pl.col("instant").is_in(["snapshot", "in_play"]))
        .then(bases)
        .otherwise("known_at_basis")
        .alias("known_at_basis")
    )
    swapped = pl.Series([r.swapped for r in quote_rows], dtype=pl.Boolean)
    if swapped.any():
        opposite = pl.col("selection").replace({"home": "away", "away": "home"})
        swap = pl.lit(swapped)
        negate = swap & (pl.col("market") == "asian_handicap")
        quotes = quotes.with_columns(
            pl.when(swap).then(opposite).otherwise("selection").alias("selection"),
            pl.when(negate).then(0.0 - pl.col("line")).otherwise("line").alias("line"),
        )
    first = quotes.select(pl.struct(_KEY).is_first_distinct()).to_series()
    for index in np.flatnonzero(~first.to_numpy()):
        quote = quotes.row(int(index), named=True)
        column = f"{quote['market']} {quote['selection']} {quote['bookmaker']}"
        quarantine.cell(quote_rows[index].line, column, f"{quote['odds']:g}", "duplicate price: the first one is kept")
    lines = pl.Series([row.line for row in quote_rows], dtype=pl.Int64)
    return quotes.filter(first), lines.filter(first)
