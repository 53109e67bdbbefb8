"""Rows whose values stand under the names of others, although they have as many cells as the header.

A row that lost a cell and got an empty one at its end, or that has a decimal comma in one number and lost its last
cell, has the right number of cells. Its books show it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.schema import SELECTIONS, WINNERS
from engine.source.books import Convert, books_of, odds_of
from engine.source.prices import Bools, Floats, PriceColumn
from engine.source.quarantine import Quarantine
from engine.source.table import Table

#: A single book whose probabilities sum to less or more has a wrong price or wrong columns.
_LOWEST_BOOK, _HIGHEST_BOOK = 0.75, 2.0
#: Share of the other rows that have a book whole, or no sign, for a row to be odd.
_WHOLE: Final = 0.9
#: Number of other rows that must have it, for a book of three and for a book of two.
_OTHERS: Final = {3: 3, 2: 5}
#: Rows that a judgement about single cells needs.
_ROWS: Final = 5
_WHOLE_NUMBER = re.compile(r"\d{1,3}", re.ASCII)


def without_moved_rows(
    table: Table,
    columns: Sequence[PriceColumn],
    quarantine: Quarantine,
    strange: Sequence[int] = (),
    *,
    pairs: bool = False,
    plain: Table | None = None,
    convert: Convert | None = None,
) -> Table:
    """The table without rows whose values stand under the names of others, though their number of cells is right.

    - A row that ends inside a book which nearly all other rows have whole lost or gained a cell: it is quarantined.
      Handicaps are often given for one side only: such a row is quarantined if it has another sign, and flagged
      otherwise. Any other book of three that a row has only in part is flagged.
    - A row with two signs is quarantined, if nearly all other rows have none. Signs are prices of 1 or less (a line, or
      a number cut at its decimal comma), cells that do not hold what their column says, and books with impossible sums.
    - A row with whole numbers in two neighbouring cells, of which the first is no price or in an impossible book, has a
      number with a decimal comma in two cells.

    Parameters
    ----------
    table : rows that fit the header
    columns : price columns
    quarantine : receives rows and flags
    strange : number of strange cells of each row that are no prices, such as a text where a number should be; (n,)
    pairs : whether single cells of books of two are signs too; tennis has prices of 1 beside whole numbers
    plain : the same rows with plain numbers, where those of `table` have another form
    convert : texts to decimal odds, as in `refuse_moved_columns`
    """
    n = len(table.rows)
    if not n or not columns:
        return table
    odds = odds_of(plain or table, columns, convert)
    judged = [p for p in columns if pairs or len(SELECTIONS.get(p.market, ())) > 2]
    low, impossible = _low(judged, odds, n), _impossible(judged, odds, n)
    cells = np.array(strange or [0] * n, dtype=np.int64) + low.sum(axis=0)
    signs = cells + impossible.sum(axis=0)
    moved: dict[int, str] = {}
    if n >= _ROWS and (signs == 0).sum() >= _WHOLE * (n - 1):
        reason = "several cells do not hold what their columns say: a cell is lost or added"
        moved |= {int(row): reason for row in np.flatnonzero((signs >= 2) & (cells > 0))}
        moved |= _split_numbers(plain or table, judged, low | impossible)
    if not pairs:
        signs = cells + _low(columns, odds, n).sum(axis=0) + _impossible(columns, odds, n).sum(axis=0)
    moved |= _ends_inside(table, columns, {k: filled for k, (_, filled, _) in odds.items()}, (signs, moved), quarantine)
    for index, reason in moved.items():
        quarantine.row(table.lines[index], ",".join(table.rows[index]), reason)
    return table.without(moved)


def _ends_inside(
    table: Table,
    columns: Sequence[PriceColumn],
    has: dict[int, Bools],
    known: tuple[NDArray[np.int64], dict[int, str]],
    quarantine: Quarantine,
) -> dict[int, str]:
    """Rows that end inside a book, and why. Other rows with a part of a book are flagged.

    `has` has the filled cells by the index of the column; `known` the number of signs of each row, and the rows that
    are quarantined already.
    """
    signs, gone = known
    last = np.full(len(table.rows), -1)
    for column in columns:
        last = np.where(has[column.index], np.maximum(last, column.index), last)
    moved: dict[int, str] = {}
    for book in books_of(columns):
        if len(book) < 2:
            continue
        filled = np.array([has[p.index] for p in book])
        some, every = filled.any(axis=0), filled.all(axis=0)
        if every.sum() < _OTHERS.get(len(book), 3) or every.sum() < _WHOLE * (some.sum() - 1):
            continue
        for row in np.flatnonzero(some & ~every):
            if table.lines[row] in table.cut or row in gone:
                continue
            lacking = " and ".join(p.name for k, p in enumerate(book) if not filled[k, row])
            ends = any(p.index > last[row] for k, p in enumerate(book) if not filled[k, row])
            ends |= any(p.index == last[row] for p in book)
            if ends and (book[0].market != "asian_handicap" or signs[row]):
                moved[int(row)] = f"the row ends inside a book, {lacking} is empty: a cell is lost or added"
            elif ends or len(book) > 2:
                reason = f"a part of a book: {lacking} is empty"
                quarantine.flag(table.lines[row], book[0].name, "", reason)
    return moved


def _low(columns: Sequence[PriceColumn], odds: dict[int, tuple[Floats, Bools, Bools]], n: int) -> NDArray[np.bool_]:
    """Cells that are numbers but not above 1, shape (c, n). A zero stands for no price and is none of them."""
    low = np.zeros((len(columns), n), dtype=np.bool_)
    for k, column in enumerate(columns):
        values, _, bad = odds[column.index]
        with np.errstate(invalid="ignore"):
            low[k] = bad & np.isfinite(values) & (values <= 1.0) & (values != 0.0)
    return low


def _impossible(
    columns: Sequence[PriceColumn], odds: dict[int, tuple[Floats, Bools, Bools]], n: int
) -> NDArray[np.bool_]:
    """Cells of books with impossible sums, shape (c, n): marked at the first column of the book only."""
    marks = np.zeros((len(columns), n), dtype=np.bool_)
    place = {column.index: k for k, column in enumerate(columns)}
    for book in books_of(columns):
        if len(book) != len(SELECTIONS.get(book[0].market, ())):
            continue
        whole = np.logical_and.reduce([odds[p.index][1] & ~odds[p.index][2] for p in book])
        with np.errstate(divide="ignore", invalid="ignore"):
            total = sum(1.0 / odds[p.index][0] for p in book) / WINNERS.get(book[0].market, 1)
            marks[place[book[0].index]] = whole & ((total < _LOWEST_BOOK) | (total > _HIGHEST_BOOK))
    return marks


def _split_numbers(table: Table, columns: Sequence[PriceColumn], signs: NDArray[np.bool_]) -> dict[int, str]:
    """Rows with a number in two cells, and why; `signs` has shape (c, n)."""
    place = {column.index: k for k, column in enumerate(columns)}
    book_of = {p.index: place[book[0].index] for book in books_of(columns) for p in book}
    found: dict[int, str] = {}
    for row in np.flatnonzero(signs.any(axis=0)):
        cells = [cell.strip() for cell in table.rows[row]]
        for column in columns:
            i = column.index
            if i + 1 not in place or not (_WHOLE_NUMBER.fullmatch(cells[i]) and _WHOLE_NUMBER.fullmatch(cells[i + 1])):
                continue
            if signs[place[i], row] or signs[book_of[i], row]:
                found[int(row)] = f"{cells[i]},{cells[i + 1]} in two cells: a number with a decimal comma"
    return found
