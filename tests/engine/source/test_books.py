"""Headers without a part of a book, and columns that moved by one."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.books import refuse_moved_columns, refuse_partial_books
from engine.source.football_columns import price_columns
from engine.source.moved_rows import without_moved_rows
from engine.source.prices import PriceColumn
from engine.source.quarantine import Quarantine
from engine.source.table import Table

WHOLE = ["B365H", "B365D", "B365A", "P>2.5", "P<2.5", "AHh", "PAHH", "PAHA", "PSCH", "PSCD", "PSCA"]
ROW = ["1.9", "3.5", "4.2", "1.9", "2.0", "-0.5", "1.95", "1.95", "1.95", "3.6", "4.3"]


def table(rows: list[list[str]], header: list[str] | None = None) -> Table:
    return Table(header or WHOLE, rows, list(range(2, len(rows) + 2)))


@pytest.mark.parametrize("lost", WHOLE)
def test_a_header_that_lost_a_name_of_a_book_or_its_line_is_refused(lost: str) -> None:
    header = [name for name in WHOLE if name != lost]
    with pytest.raises(SourceError, match=f"a name is missing in the header: expected the column {lost} "):
        refuse_partial_books(price_columns(header)[0], header)
    renamed = [name + "x" if name == lost else name for name in WHOLE]
    with pytest.raises(SourceError, match="a name is missing" if lost == "AHh" else f"column {lost} .*found '{lost}x'"):
        refuse_partial_books(price_columns(renamed)[0], renamed)


def test_a_whole_header_and_single_prices_are_read() -> None:
    for header in (WHOLE, ["BbMxH", "BbAvH"], WHOLE[:3], [], ["MaxCH"]):
        refuse_partial_books(columns := price_columns(header)[0], header)
        assert len(columns) == sum(name != "AHh" for name in header)


def test_columns_that_moved_by_one_are_refused() -> None:
    columns = price_columns(WHOLE)[0]
    refuse_moved_columns(table([ROW] * 9), columns)
    with pytest.raises(SourceError, match=r"no book of 1x2.*sum to about 1"):
        refuse_moved_columns(table([["38", *ROW[:-1]]] * 9), columns)
    with pytest.raises(SourceError, match=r"PAHH does not hold prices.*'-0.5' in line 2"):
        refuse_moved_columns(table([[*ROW[:5], "20", *ROW[5:-1]]] * 9), columns)
    refuse_moved_columns(table([["38", *ROW[:-1]]] * 4), columns)  # too few rows to judge a column


def test_a_book_of_double_chance_sums_to_two_hundred_percent() -> None:
    header = ["a", "b", "c"]
    columns = [
        PriceColumn(n, header[n], "double_chance", name, "x", "open") for n, name in enumerate(("1x", "12", "x2"))
    ]
    fair, wrong = [["1.3", "1.35", "1.8"]] * 9, [["3.3", "3.35", "2.8"]] * 9
    refuse_moved_columns(table(fair, header), columns)
    assert len(without_moved_rows(table(fair, header), columns, Quarantine()).rows) == 9
    with pytest.raises(SourceError, match="no book of double_chance"):
        refuse_moved_columns(table(wrong, header), columns)
