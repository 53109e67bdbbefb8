"""Whether the price columns of a mapped file hold whole books: signs that names or cells moved by one place."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import SourceError
from engine.schema import SELECTIONS
from engine.source.books import books_of, refuse_moved_columns
from engine.source.mapped.file import with_plain_numbers
from engine.source.mapped.quotes import converter, wide_columns
from engine.source.mapping.keys import Mapping
from engine.source.moved_rows import without_moved_rows
from engine.source.quarantine import Quarantine
from engine.source.table import Table


def with_whole_books(table: Table, mapping: Mapping, quarantine: Quarantine) -> Table:
    """The table of a wide mapping without rows that lost or gained a cell (`engine.source.books`).

    A table of JSON records, or with one price a row, is returned as it is.

    Raises
    ------
    SourceError
        The file lacks a column of a book that the mapping has whole, or its price columns hold no numbers.
    """
    if mapping.long is not None or mapping.records is not None or not mapping.prices:
        return table
    _refuse_partial_books(table.header, mapping)
    columns, convert = wide_columns(table.header, mapping), converter(mapping)
    plain = with_plain_numbers(table, mapping)
    refuse_moved_columns(plain, columns, convert, any_number=True)
    return without_moved_rows(table, columns, quarantine, plain=plain, convert=convert)


def _refuse_partial_books(header: Sequence[str], mapping: Mapping) -> None:
    every = wide_columns([p.column for p in mapping.prices or ()], mapping)
    for book in books_of(every):
        absent = [p.name for p in book if p.name not in header]
        if absent and len(absent) < len(book) == len(SELECTIONS.get(book[0].market, ())):
            raise SourceError(
                "a column of the mapping is missing",
                expected=f"{absent[0]} beside {', '.join(p.name for p in book if p.name in header)}",
                found="no such name",
                todo="put the lost or misspelt name right; columns behind it may hold the values of others",
            )
