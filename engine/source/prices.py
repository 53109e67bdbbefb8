"""From price cells to quotes: one vectorised pass over all price columns of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.names.texts import handicap, number
from engine.schema import INSTANT_DTYPE, QUOTES
from engine.source.quarantine import Quarantine
from engine.source.table import Table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: No bookmaker or exchange quotes above this (exchanges stop at 1,000, outright markets reach a few thousand).
HIGHEST_PRICE: Final = 1e6
#: A maximum above this many times the average is flagged: usually a lost decimal point.
SUSPECT_RATIO: Final = 3.0


@dataclass(frozen=True)
class PriceColumn:
    """Meaning of a price column.

    Attributes
    ----------
    index : int
        Position in the table.
    name : str
        Name in the file.
    market, selection, bookmaker, instant, side : str
        Values for the columns of the schema QUOTES; `instant` is the quote kind.
    line : float or None
        Line of the market, if the column name gives it (totals 2.5).
    line_column : str or None
        Column that has the line of each row instead.
    sign : float
        1, or -1 to turn the lines of that column into handicaps of the home side.
    """

    index: int
    name: str
    market: str
    selection: str
    bookmaker: str
    instant: str
    line: float | None = None
    line_column: str | None = None
    side: str = "back"
    sign: float = 1.0


@dataclass(frozen=True)
class LineRule:
    """Valid lines: multiples of `step` from `-limit` to `limit`. `factor` converts them to lines of the schema."""

    step: float = 0.25
    limit: float = 10.0
    factor: float = 1.0


@dataclass(frozen=True)
class Instants:
    """Times at which the quotes of one quote kind could have been known.

    Attributes
    ----------
    known_at : int64 (n,)
        UTC nanoseconds, one per row.
    basis : str
        How `known_at` is known (column ``known_at_basis``).
    instant : sequence of str (n,), or None
        Quote kind of each row where it differs from that of the column.
    """

    known_at: NDArray[np.int64]
    basis: str
    instant: Sequence[str] | None = None


@dataclass(frozen=True)
class Prices:
    """Quotes of a file, the position of the row each comes from, and counts of the price cells."""

    quotes: pl.DataFrame
    rows: NDArray[np.int64]
    n_read: int
    n_kept: int
    n_empty: int
    n_quarantined: int


def to_floats(texts: Sequence[str]) -> tuple[Floats, Bools]:
    """Parse numbers, shape (n,): float64 with NaN where a text is not a number, and a mask of the empty texts.

    A minus may have any form (`engine.names.texts.number`). A number that ends in its point has lost digits, and is
    none.
    """
    series = pl.Series(texts, dtype=pl.String).str.strip_chars()
    if not "".join(texts).isascii():
        series = series.map_elements(number, return_dtype=pl.String, skip_nulls=False)
    whole = pl.when(~series.str.ends_with(".")).then(series)
    values = pl.select(whole.cast(pl.Float64, strict=False)).to_series().to_numpy().astype(np.float64)
    return values, (series == "").to_numpy()


def read_lines(table: Table, name: str, rule: LineRule, quarantine: Quarantine) -> tuple[Floats, Bools]:
    """Parse a column of lines: float64 (n,) with NaN where missing or invalid, and a mask of the empty cells.

    A text that is not a number, not a multiple of the step, or beyond the limit goes to the quarantine.
    """
    texts = table.column(name)
    values, empty = to_floats([handicap(text) for text in texts])
    with np.errstate(invalid="ignore", over="ignore"):
        steps = values / rule.step
        possible = np.isfinite(values) & (steps == np.round(steps)) & (np.abs(values) <= rule.limit)
    for index in np.flatnonzero(~possible & ~empty):
        value = values[index]
        if not np.isfinite(value):
            reason = "line is not a number"
        elif abs(value) > rule.limit:
            reason = f"line is beyond {rule.limit:g}"
        else:
            reason = f"line is not a multiple of {rule.step:g}"
        quarantine.cell(table.lines[index], name, texts[index], reason)
    lines = np.where(possible, values * rule.factor, np.nan)
    return np.where(lines == 0.0, 0.0, lines), empty


def read_prices(
    table: Table,
    event_ids: NDArray[np.int64],
    columns: Sequence[PriceColumn],
    instants: Mapping[str, Instants],
    quarantine: Quarantine,
    *,
    rules: Mapping[str, LineRule] | None = None,
    convert: Callable[[Sequence[str]], Floats] | None = None,
) -> Prices:
    """Quotes of all price columns of a table.

    Parameters
    ----------
    table : the n rows that are kept
    event_ids : int64 (n,)
    columns : c price columns
    instants : times at which the quotes were known, for each quote kind of the columns
    quarantine : receives invalid cells and flags
    rules : rule of each line column; default `LineRule()`
    convert : texts to decimal odds, NaN where there is no price; default: the texts are decimal odds

    Returns
    -------
    Prices
        `quotes` ordered by row, then column.
    """
    n, c = len(table.rows), len(columns)
    if n == 0 or c == 0:
        return Prices(pl.DataFrame(schema=QUOTES), np.zeros(0, dtype=np.int64), n * c, 0, n * c, 0)
    texts = [row[column.index] for column in columns for row in table.rows]
    odds, empty = to_floats(texts)
    if convert is not None:
        odds = convert(texts)
    with np.errstate(invalid="ignore"):
        bad = ~empty & ~((odds > 1.0) & (odds <= HIGHEST_PRICE))
    odds, empty, bad = odds.reshape(c, n), empty.reshape(c, n), bad.reshape(c, n)
    lines = np.full((c, n), np.nan)
    lineless = np.zeros((c, n), dtype=np.bool_)
    read: dict[str, tuple[Floats, Bools]] = {}
    for k, column in enumerate(columns):
        if column.line_column is None:
            lines[k] = np.nan if column.line is None else column.line
            continue
        if column.line_column not in read:
            rule = (rules or {}).get(column.line_column, LineRule())
            read[column.line_column] = read_lines(table, column.line_column, rule, quarantine)
        lines[k] = read[column.line_column][0] * column.sign + 0.0
        lineless[k] = np.isnan(lines[k]) & ~empty[k] & ~bad[k]
    cut = [row for row, line in enumerate(table.lines) if line in table.cut] if table.cut else []
    n_cut = sum(table.is_cut(row, column.index) for row in cut for column in columns)  # quarantined by `read_table`
    _quarantine_cells(table, columns, (odds, bad, lineless), read, quarantine)
    kept = ~empty & ~bad & ~lineless
    suspect = _suspect(table, columns, odds, kept, quarantine)
    quotes = _melt(columns, event_ids, instants, (odds, lines, kept, suspect))
    n_bad = int(bad.sum() + lineless.sum())
    return Prices(quotes, np.nonzero(kept.T)[0], n * c, int(kept.sum()), int(empty.sum()) - n_cut, n_bad + n_cut)


def _quarantine_cells(
    table: Table,
    columns: Sequence[PriceColumn],
    cells: tuple[Floats, Bools, Bools],
    lines: Mapping[str, tuple[Floats, Bools]],
    quarantine: Quarantine,
) -> None:
    odds, bad, lineless = cells
    for k, index in np.argwhere(bad):
        value = odds[k, index]
        if np.isnan(value):
            reason = "not a price: not a number"
        elif value <= 1.0:
            reason = "not a price: not above 1"
        else:
            reason = f"not a price: above {HIGHEST_PRICE:,.0f}"
        quarantine.cell(table.lines[index], columns[k].name, table.rows[index][columns[k].index], reason)
    for k, index in np.argwhere(lineless):
        name = columns[k].line_column or ""
        reason = f"a price without a line: {name} is {'empty' if lines[name][1][index] else 'invalid'}"
        quarantine.cell(table.lines[index], columns[k].name, table.rows[index][columns[k].index], reason)


def _suspect(table: Table, columns: Sequence[PriceColumn], odds: Floats, kept: Bools, quarantine: Quarantine) -> Bools:
    """Mask of prices where the source's maximum is above three times its average, shape (c, n). Each is flagged."""
    marks = np.zeros_like(kept)
    key = {_cell_key(p, p.bookmaker): k for k, p in enumerate(columns)}
    for k, p in enumerate(columns):
        average = key.get(_cell_key(p, "avg"))
        if p.bookmaker != "max" or average is None:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            marks[k] = kept[k] & kept[average] & (odds[k] > SUSPECT_RATIO * odds[average])
        for index in np.flatnonzero(marks[k]):
            reason = f"suspect: a maximum above three times the average {odds[average, index]:g}"
            quarantine.flag(table.lines[index], p.name, table.rows[index][p.index].strip(), reason)
    return marks


def _cell_key(column: PriceColumn, bookmaker: str) -> tuple[str | float | None, ...]:
    return bookmaker, column.market, column.line, column.line_column, column.selection, column.instant


def _melt(
    columns: Sequence[PriceColumn],
    event_ids: NDArray[np.int64],
    instants: Mapping[str, Instants],
    cells: tuple[Floats, Floats, Bools, Bools],
) -> pl.DataFrame:
    odds, lines, kept, suspect = cells
    row, col = np.nonzero(kept.T)
    known_at = np.zeros(kept.shape, dtype=np.int64)
    for k, column in enumerate(columns):
        known_at[k] = instants[column.instant].known_at

    def per_quote(texts: Sequence[str]) -> pl.Series:
        return pl.Series(texts, dtype=pl.String).gather(pl.Series(col))

    frame = pl.DataFrame(
        {
            "event_id": event_ids[row],
            "market": per_quote([p.market for p in columns]),
            "line": pl.Series(lines[col, row]).fill_nan(None),
            "selection": per_quote([p.selection for p in columns]),
            "bookmaker": per_quote([p.bookmaker for p in columns]),
            "side": per_quote([p.side for p in columns]),
            "instant": per_quote([p.instant for p in columns]),
            "known_at": pl.Series(known_at[col, row]).cast(INSTANT_DTYPE),
            "known_at_basis": per_quote([instants[p.instant].basis for p in columns]),
            "odds": odds[col, row],
            "size_minor": pl.Series([None] * len(row), dtype=pl.Float64),
            "suspect": suspect[col, row],
        }
    )
    if any(instants[p.instant].instant is not None for p in columns):
        row_kinds = [instants[p.instant].instant for p in columns]
        kinds = [
            names[r] if (names := row_kinds[k]) is not None else columns[k].instant
            for r, k in zip(row.tolist(), col.tolist(), strict=True)
        ]
        frame = frame.with_columns(pl.Series("instant", kinds, dtype=pl.String))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in QUOTES.items())
