"""Do the price columns of a file form whole books, and do its rows? Signs that names or cells moved by one place.

A header that lost a name can still have as many names as its rows have cells. Then all columns behind the lost name
hold the values of their neighbours. Three signs show it: a book without one of its selections, columns that do not hold
prices, and probabilities that no bookmaker would quote. A row that lost or gained a cell, and kept its number of cells
by an empty one at its end, ends inside a book.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from engine.errors import SourceError
from engine.schema import SELECTIONS, WINNERS
from engine.source.header import nearest
from engine.source.prices import HIGHEST_PRICE, Bools, Floats, PriceColumn, to_floats
from engine.source.table import Table

#: Rows that a judgement about a whole column needs.
_ROWS: Final = 5
#: Median sum of the probabilities of a book over a file. Real files: 0.98 (maximum of all books) to 1.18.
_LOWEST_SUM, _HIGHEST_SUM = 0.9, 1.5

Book = tuple[PriceColumn, ...]
Convert = Callable[[Sequence[str]], Floats]


def books_of(columns: Sequence[PriceColumn]) -> list[Book]:
    """Columns of one market, line, bookmaker, quote kind and side, in the order of the file."""
    books: dict[tuple[object, ...], list[PriceColumn]] = {}
    for column in columns:
        key = column.market, column.line, column.bookmaker, column.instant, column.side
        books.setdefault(key, []).append(column)
    return [tuple(sorted(book, key=lambda p: p.index)) for book in books.values()]


def refuse_partial_books(columns: Sequence[PriceColumn], header: Sequence[str]) -> None:
    """Refuse a header that has a book but for one of its selections, or handicap prices without a line.

    Raises
    ------
    SourceError
        A name is lost, misspelt, or was never there.
    """
    known = {p.name for p in columns}
    for book in books_of(columns):
        market = book[0].market
        lacking = [s for s in SELECTIONS[market] if s not in {p.selection for p in book}]
        names = " and ".join(p.name for p in book)
        if len(lacking) == 1 and len(book) == len(SELECTIONS[market]) - 1:
            name = _other_name(book[0], lacking[0])
            near = nearest(name, [other for other in header if other not in known])
            raise SourceError(
                "a name is missing in the header",
                expected=f"the column {name} beside {names}",
                found=repr(near) if near else "no such name",
                todo="put the lost or misspelt name right; columns behind it may hold the values of others",
            )
        line = book[0].line_column
        if line is not None and line not in header:
            raise SourceError(
                "a name is missing in the header",
                expected=f"the column {line} with the line of {names}",
                found="no such name",
                todo="put the lost or misspelt name right; columns behind it may hold the values of others",
            )


def _other_name(column: PriceColumn, selection: str) -> str:
    """Name of the column of another selection of a book."""
    ends = {"home": "H", "draw": "D", "away": "A", "over": ">2.5", "under": "<2.5", "winner": "W", "loser": "L"}
    return column.name.removesuffix(ends.get(column.selection, "")) + ends.get(selection, f" ({selection})")


def refuse_moved_columns(
    table: Table, columns: Sequence[PriceColumn], convert: Convert | None = None, *, any_number: bool = False
) -> None:
    """Refuse a file whose price columns do not hold prices, or whose books have impossible sums of probabilities.

    Parameters
    ----------
    table, columns : rows with plain numbers, and price columns
    convert : texts to decimal odds, NaN where there is no price; default: the texts are decimal odds
    any_number : a column of numbers that cannot be prices is left to the flags on single prices, and so are sums

    Raises
    ------
    SourceError
        The values stand under the names of others.
    """
    odds = odds_of(table, columns, convert)
    if any_number:
        odds = {k: (values, filled, filled & np.isnan(values)) for k, (values, filled, _) in odds.items()}
    for book in books_of(columns):
        cells = [odds[p.index] for p in book]
        for column, (_, filled, bad) in zip(book, cells, strict=True):
            if filled.sum() >= _ROWS and 2 * bad.sum() > filled.sum():
                index = int(np.flatnonzero(bad)[0])
                raise SourceError(
                    f"the column {column.name} does not hold prices",
                    expected="decimal odds above 1",
                    found=f"{table.rows[index][column.index][:20]!r} in line {table.lines[index]}, and others in "
                    f"{int(bad.sum())} of {int(filled.sum())} rows",
                    todo=_advice(table.rows[index][column.index]),
                )
        if any_number or len(book) != len(SELECTIONS.get(book[0].market, ())):
            continue
        whole = np.logical_and.reduce([filled & ~bad for _, filled, bad in cells])
        if whole.sum() < _ROWS:
            continue
        total = float(np.median(sum(1.0 / values[whole] for values, _, _ in cells))) / WINNERS.get(book[0].market, 1)
        if not _LOWEST_SUM <= total <= _HIGHEST_SUM:
            names = ", ".join(p.name for p in book)
            raise SourceError(
                f"{names} are no book of {book[0].market}",
                expected="probabilities (1/odds) that sum to about 1",
                found=f"{total:.2f} in the middle of {int(whole.sum())} rows",
                todo="compare the header with the rows: a name may be lost, so that columns moved by one",
            )


def _advice(text: str) -> str:
    """What to do about a column whose cells are no prices in the format of the file."""
    if re.fullmatch(r"\d+\s*/\s*\d+", text.strip(), re.ASCII):
        return "if these are fractional odds, say `odds: fractional` in the mapping"
    return "compare the header with the rows: a name may be lost, so that columns moved by one"


def odds_of(
    table: Table, columns: Sequence[PriceColumn], convert: Convert | None
) -> dict[int, tuple[Floats, Bools, Bools]]:
    """Values, filled cells and cells that are no price, by the index of the column; (n,) each."""
    cells = {}
    for column in columns:
        texts = [row[column.index] for row in table.rows]
        values, empty = to_floats(texts)
        values = values if convert is None else convert(texts)
        with np.errstate(invalid="ignore"):
            bad = ~empty & ~((values > 1.0) & (values <= HIGHEST_PRICE))
        cells[column.index] = values, ~empty, bad
    return cells
