"""Columns that are no prices hold what their names say."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.football_forms import refuse_half_pairs, refuse_other_forms, strange_cells
from engine.source.table import Table

HEADER = "Div Date Time HomeTeam AwayTeam FTHG FTAG FTR HTHG HTAG HTR Referee HS AS AHh".split()  # noqa: SIM905
ROW = [
    "E0",
    "13/08/2021",
    "20:00",
    "Brentford",
    "Schalke 04",
    "2",
    "0.0",
    "H",
    "1",
    "0",
    "H",
    "M Dean",
    "8",
    "9",
    "0.5",
]


@pytest.mark.parametrize("lost", ["FTHG", "FTAG", "FTR", "HTHG", "HTAG", "HS", "AS"])
def test_a_name_without_its_partner_is_refused(lost: str) -> None:
    with pytest.raises(SourceError, match=f"expected the column {lost} beside"):
        refuse_half_pairs([name for name in HEADER if name != lost])


@pytest.mark.parametrize("lost", HEADER[2:12])
def test_columns_that_moved_by_one_are_refused(lost: str) -> None:
    table = Table([name for name in HEADER if name != lost], [ROW[:-1]] * 6, list(range(2, 8)))
    with pytest.raises(SourceError, match="does not hold what its name says"):
        refuse_other_forms(table)
    assert min(strange_cells(table)) > 0


def test_a_good_table_passes_and_single_cells_are_counted() -> None:
    for header in (HEADER, HEADER[:5], ["HG", "AG", "Res"]):
        refuse_half_pairs(header)
    table = Table(HEADER, [ROW] * 6, list(range(2, 8)))
    refuse_other_forms(table)
    assert strange_cells(table) == [0] * 6
    table.rows[2] = ["x" if name == "HS" else cell for name, cell in zip(HEADER, ROW, strict=True)]
    assert strange_cells(table) == [0, 0, 1, 0, 0, 0]
    refuse_other_forms(table)


def test_lines_and_minus_signs_of_every_form_are_lines() -> None:
    texts = ["\u22121.25", "PK", "-0.5", "+0", "0.75", "\u20131"]
    table = Table(HEADER, [[*ROW[:-1], text] for text in texts], list(range(2, 8)))
    refuse_other_forms(table)
    assert strange_cells(table) == [0] * 6
