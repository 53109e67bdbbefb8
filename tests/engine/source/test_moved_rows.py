"""Rows with the right number of cells whose values stand under the names of others."""

from __future__ import annotations

import pytest

from engine.source.football_columns import price_columns
from engine.source.moved_rows import without_moved_rows
from engine.source.quarantine import Origin, Quarantine
from tests.engine.source.test_books import ROW, WHOLE, table


def moved(
    rows: list[list[str]], strange: list[int] | None = None, *, pairs: bool = False
) -> tuple[list[int], list[tuple[int, str]]]:
    quarantine = Quarantine()
    rest = without_moved_rows(table(rows), price_columns(WHOLE)[0], quarantine, strange or [], pairs=pairs)
    assert rest.n_misfit == len(rows) - len(rest.rows)
    return rest.lines, quarantine.frame(Origin("x", "x", "")).select("line", "kind").rows()


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


def test_a_handicap_at_the_end_needs_another_sign() -> None:
    row = [*ROW[:7], "", "", "", ""]
    assert moved([ROW] * 5 + [row]) == ([2, 3, 4, 5, 6, 7], [(7, "flag")])
    assert moved([ROW] * 5 + [row], [0, 0, 0, 0, 0, 1])[1] == [(7, "row")]
    zero = [*ROW[:6], "0", "", "", "", ""]
    assert moved([ROW] * 5 + [zero])[1] == [(7, "flag")]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (["1", "9", *ROW[1:10]], "row"),  # 1,9 in the first cell, and the last cell is lost
        ([*ROW[:8], "12", "5", "6.5"], "row"),  # 12,5
        ([*ROW[:6], "1", "95", *ROW[8:]], "row"),  # 1,95 in a book of two
        (["-0.5", "0.25", *ROW[2:]], "row"),
        (["1", *ROW[1:]], None),  # one cell that is no price is a cell
        (["3", "5", "2", *ROW[3:]], None),  # whole numbers are prices
        (["x", "-", *ROW[2:]], None),
        (["0", "0", "0", *ROW[3:]], None),
    ],
)
def test_a_row_with_several_signs_is_quarantined(row: list[str], kind: str | None) -> None:
    assert len(row) == len(ROW)
    assert moved([ROW] * 5 + [row], pairs=True)[1] == ([(7, kind)] if kind else [])
    assert moved([ROW] * 3 + [row], pairs=True)[1] == []  # too few rows


def test_single_cells_of_pairs_are_no_signs_unless_asked() -> None:
    row = [*ROW[:6], "1", "13", *ROW[8:]]
    assert moved([ROW] * 5 + [row])[1] == [] and moved([ROW] * 5 + [row], pairs=True)[1] == [(7, "row")]
