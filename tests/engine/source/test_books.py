"""Headers without a part of a book, columns that moved by one, and rows that end inside a book."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.books import refuse_moved_columns, refuse_partial_books, without_moved_rows
from engine.source.football_columns import price_columns
from engine.source.prices import PriceColumn
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table

WHOLE = ["B365H", "B365D", "B365A", "P>2.5", "P<2.5", "AHh", "PAHH", "PAHA", "PSCH", "PSCD", "PSCA"]
ROW = ["1.9", "3.5", "4.2", "1.9", "2.0", "-0.5", "1.95", "1.95", "1.95", "3.6", "4.3"]


def table(rows: list[list[str]], header: list[str] | None = None) -> Table:
    return Table(header or WHOLE, rows, list(range(2, len(rows) + 2)))


def moved(rows: list[list[str]], strange: list[int] | None = None) -> tuple[list[int], list[tuple[int, str]]]:
    quarantine = Quarantine()
    rest = without_moved_rows(table(rows), price_columns(WHOLE)[0], quarantine, strange or [])
    assert rest.n_misfit == len(rows) - len(rest.rows)
    return rest.lines, quarantine.frame(Origin("x", "x", "")).select("line", "kind").rows()


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


@pytest.mark.parametrize("at", range(11))
def test_a_row_that_lost_a_cell_and_kept_its_width_is_quarantined(at: int) -> None:
    row = ROW[:at] + ROW[at + 1 :] + [""]
    assert moved([ROW, ROW, row, ROW]) == ([2, 3, 5], [(4, "row")])


@pytest.mark.parametrize("at", range(8))
def test_a_row_with_a_decimal_comma_and_an_empty_last_cell_is_quarantined(at: int) -> None:
    empty = [*ROW[:8], "", "", ""]
    row = [*empty[:at], "12", "5", *empty[at + 1 : -1]]
    assert moved([ROW, ROW, ROW, ROW, row])[0] == [2, 3, 4, 5]


def test_a_part_of_a_book_inside_a_row_is_flagged_and_kept() -> None:
    row = [ROW[0], "", *ROW[2:]]
    assert moved([ROW, ROW, ROW, row]) == ([2, 3, 4, 5], [(5, "flag")])
    assert moved([ROW, row])[1] == []  # two rows prove nothing


def test_a_pair_at_the_end_needs_another_strange_cell() -> None:
    row = [*ROW[:7], "", "", "", ""]
    assert moved([ROW] * 5 + [row]) == ([2, 3, 4, 5, 6, 7], [(7, "flag")])
    assert moved([ROW] * 5 + [row], [0, 0, 0, 0, 0, 1])[1] == [(7, "row")]
    zero = [*ROW[:6], "0", "", "", "", ""]
    assert moved([ROW] * 5 + [zero])[1] == [(7, "flag")]
