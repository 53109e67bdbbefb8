"""Cells of prices to quotes: one vectorised pass over all price columns of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.schema import INSTANT_DTYPE, QUOTES
from engine.source.quarantine import Findings
from engine.source.table import Table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: No bookmaker or exchange quotes above this (exchanges end at 1,000, futures reach some thousands).
HIGHEST_PRICE: Final = 1e6
#: A maximum above this many times the average is flagged: most are lost decimal points.
SUSPECT_RATIO: Final = 3.0


@dataclass(frozen=True)
class PriceColumn:
    """What a column of prices means.

    Attributes
    ----------
    index : int
        Position in the table.
    name, market, selection, bookmaker, instant, side : str
        Its name in the file and the names of the schema QUOTES.
    line : float or None
        The market's line where the column's name tells it (totals 2.5).
    line_column : str or None
        The column that holds the line instead.
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


@dataclass(frozen=True)
class LineRule:
    """Which lines are possible: multiples of `step` within `limit` either way; `factor` turns them into ours."""

    step: float = 0.25
    limit: float = 10.0
    factor: float = 1.0


@dataclass(frozen=True)
class Instants:
    """When the quotes of one kind of instant could have been known.

    `known_at` is int64 (n,), nanoseconds; `instant` (n,) names another kind for single rows, where given.
    """

    known_at: NDArray[np.int64]
    basis: str
    instant: Sequence[str] | None = None


@dataclass(frozen=True)
class Prices:
    """The quotes of a file, the row (position) that each came from, and how the price cells were used."""

    quotes: pl.DataFrame
    rows: NDArray[np.int64]
    n_read: int
    n_kept: int
    n_empty: int
    n_quarantined: int


def to_floats(texts: Sequence[str]) -> tuple[Floats, Bools]:
    """Numbers of texts, shape (n,): NaN where a text is none; and where a text is empty."""
    series = pl.Series(texts, dtype=pl.String).str.strip_chars()
    values = series.cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return values, (series == "").to_numpy()


def read_lines(table: Table, name: str, rule: LineRule, findings: Findings) -> tuple[Floats, Bools]:
    """Lines of a column, float64 (n,), NaN where missing or impossible; and where the cell was empty.

    What is no number, no multiple of the step or beyond the limit is named in the findings.
    """
    texts = table.column(name)
    values, empty = to_floats(texts)
    with np.errstate(invalid="ignore", over="ignore"):
        steps = values / rule.step
        possible = np.isfinite(values) & (steps == np.round(steps)) & (np.abs(values) <= rule.limit)
    for at in np.flatnonzero(~possible & ~empty):
        value = values[at]
        if not np.isfinite(value):
            reason = "a line that is no number"
        elif abs(value) > rule.limit:
            reason = f"a line beyond {rule.limit:g}"
        else:
            reason = f"a line that is no multiple of {rule.step:g}"
        findings.cell(table.lines[at], name, texts[at], reason)
    lines = np.where(possible, values * rule.factor, np.nan)
    return np.where(lines == 0.0, 0.0, lines), empty


def read_prices(
    table: Table,
    event_ids: NDArray[np.int64],
    columns: Sequence[PriceColumn],
    instants: Mapping[str, Instants],
    findings: Findings,
    *,
    rules: Mapping[str, LineRule] | None = None,
    convert: Callable[[Sequence[str]], Floats] | None = None,
) -> Prices:
    """Quotes of all price columns of a table.

    Parameters
    ----------
    table : Table
        Only the rows kept; n of them.
    event_ids : int64 (n,)
    columns : c price columns
    instants : for each `instant` of the columns, when its quotes were knowable
    findings : where bad cells and flags are named
    rules : the rule of each line column; default LineRule()
    convert : texts to decimal odds with NaN where there is none; default: they are decimal

    Returns
    -------
    Prices
        `quotes` in the order of rows, then columns.
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
            read[column.line_column] = read_lines(table, column.line_column, rule, findings)
        lines[k] = read[column.line_column][0]
        lineless[k] = np.isnan(lines[k]) & ~empty[k] & ~bad[k]
    _name_bad_cells(table, columns, (odds, bad, lineless), read, findings)
    kept = ~empty & ~bad & ~lineless
    suspect = _suspect(table, columns, odds, kept, findings)
    quotes = _melt(columns, event_ids, instants, (odds, lines, kept, suspect))
    n_bad = int(bad.sum() + lineless.sum())
    return Prices(quotes, np.nonzero(kept.T)[0], n * c, int(kept.sum()), int(empty.sum()), n_bad)


def _name_bad_cells(
    table: Table,
    columns: Sequence[PriceColumn],
    cells: tuple[Floats, Bools, Bools],
    lines: Mapping[str, tuple[Floats, Bools]],
    findings: Findings,
) -> None:
    odds, bad, lineless = cells
    for k, at in np.argwhere(bad):
        value = odds[k, at]
        if np.isnan(value):
            reason = "not a price: no number"
        elif value <= 1.0:
            reason = "not a price: not above 1"
        else:
            reason = f"not a price: above {HIGHEST_PRICE:,.0f}"
        findings.cell(table.lines[at], columns[k].name, table.rows[at][columns[k].index], reason)
    for k, at in np.argwhere(lineless):
        name = columns[k].line_column or ""
        reason = f"a price without its line: {name} is {'empty' if lines[name][1][at] else 'impossible'}"
        findings.cell(table.lines[at], columns[k].name, table.rows[at][columns[k].index], reason)


def _suspect(table: Table, columns: Sequence[PriceColumn], odds: Floats, kept: Bools, findings: Findings) -> Bools:
    """Where the source's maximum is above three times its average, shape (c, n); each is flagged."""
    marks = np.zeros_like(kept)
    key = {_cell_key(p, p.bookmaker): k for k, p in enumerate(columns)}
    for k, p in enumerate(columns):
        average = key.get(_cell_key(p, "avg"))
        if p.bookmaker != "max" or average is None:
            continue
        with np.errstate(invalid="ignore"):
            marks[k] = kept[k] & kept[average] & (odds[k] > SUSPECT_RATIO * odds[average])
        for at in np.flatnonzero(marks[k]):
            reason = f"suspect: a maximum above three times the average {odds[average, at]:g}"
            findings.flag(table.lines[at], p.name, table.rows[at][p.index].strip(), reason)
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

    def spread(texts: Sequence[str]) -> pl.Series:
        return pl.Series(texts, dtype=pl.String).gather(pl.Series(col))

    frame = pl.DataFrame(
        {
            "event_id": event_ids[row],
            "market": spread([p.market for p in columns]),
            "line": pl.Series(lines[col, row]).fill_nan(None),
            "selection": spread([p.selection for p in columns]),
            "bookmaker": spread([p.bookmaker for p in columns]),
            "side": spread([p.side for p in columns]),
            "instant": spread([p.instant for p in columns]),
            "known_at": pl.Series(known_at[col, row]).cast(INSTANT_DTYPE),
            "known_at_basis": spread([instants[p.instant].basis for p in columns]),
            "odds": odds[col, row],
            "size_minor": pl.Series([None] * len(row), dtype=pl.Float64),
            "suspect": suspect[col, row],
        }
    )
    if any(instants[p.instant].instant is not None for p in columns):
        own = [instants[p.instant].instant for p in columns]
        kinds = [
            names[r] if (names := own[k]) is not None else columns[k].instant
            for r, k in zip(row.tolist(), col.tolist(), strict=True)
        ]
        frame = frame.with_columns(pl.Series("instant", kinds, dtype=pl.String))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in QUOTES.items())
