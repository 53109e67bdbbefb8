"""Rows are compared with the header cell by cell: a row that lost or gained one is never read under other names."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.quarantine import Origin, Quarantine
from engine.source.table import Table, read_table, tabulate

GOOD = ["1,2,3,4", "5,6,7,8", "9,10,11,12"]


def read(*lines: str, end: str = "\n", delimiter: str = ",") -> tuple[Table, list[tuple[int, str, str]]]:
    quarantine = Quarantine()
    table = read_table(("\n".join(lines) + end).encode(), quarantine, delimiter=delimiter)
    frame = quarantine.frame(Origin("x", "x", ""))
    return table, frame.select("line", "kind", "reason").rows()


@pytest.mark.parametrize(
    "row",
    [
        "1,2,3",  # a cell is lost
        "1,2,3,4,5",  # a cell is added
        "12,5,2,3,",  # a decimal comma, and the last cell was empty
        "1,2,3,4,",  # an empty cell too many is still one too many
        "1,2,3,4,,,",
        "x",
    ],
)
def test_a_row_of_another_width_is_quarantined(row: str) -> None:
    table, named = read("a,b,c,d", *GOOD, row)
    assert len(table.rows) == 3 and table.n_misfit == 1
    assert named == [(5, "row", f"{row.count(',') + 1} cells in a table of 4 columns")]


@pytest.mark.parametrize("row", ["1,2,3", "1,2,3,4,5", "1,2,3,4,"])
def test_a_file_of_such_rows_is_refused(row: str) -> None:
    with pytest.raises(SourceError, match="another number of cells than the header: expected 4 cells") as error:
        read("a,b,c,d", GOOD[0], row, row)
    assert "line 3" in str(error.value)


def test_unnamed_last_columns_may_be_omitted_where_many_rows_do_so() -> None:
    table, named = read("a,b,,", *["1,2,,"] * 6, *["1,2"] * 6, "1,2,", "1")
    assert len(table.rows) == 12 and [line for line, _, _ in named] == [14, 15]
    table, named = read("a,b,", *["1,2"] * 20, "1,2,")  # 12,5 in a file whose rows have two cells
    assert [line for line, _, _ in named] == [22]


def test_a_number_broken_by_a_line_end_is_two_rows_that_do_not_fit() -> None:
    table, named = read("a,b,c,d", *GOOD, "1,2,12", ".5,4")
    assert len(table.rows) == 3 and [line for line, _, _ in named] == [5, 6]


def test_a_row_that_goes_on_in_a_line_with_only_a_number_loses_its_last_number() -> None:
    table, named = read("a,b,c,d", *GOOD, "1,2,3,4.", "75", "1,2,3,4")
    assert table.rows[3:] == [["1", "2", "3", ""], ["1", "2", "3", "4"]] and table.cut == {5: 3}
    reason = "line 6 has only a number: the value may go on there"
    assert named == [(5, "cell", reason), (6, "row", "1 cells in a table of 4 columns")]


def test_the_last_cell_of_a_file_without_a_line_end_may_be_cut() -> None:
    table, named = read("a,b,c,d", *GOOD, "1,2,3,13", end="")
    assert table.rows[-1] == ["1", "2", "3", ""]
    assert named == [(5, "cell", "the file ends here without a line end: the value may be cut off")]
    assert read("a,b,c,d", *GOOD, "1,2,3,13", end="\r\n")[1] == []
    text = read("a,b,c,d", *GOOD, "1,2,3,Pinnac", end="")[1]
    assert text == [(5, "row", "the file ends here without a line end: the row may be cut off")]
    assert read("a,b,c,d", *GOOD, "1,2,3,", end="")[1] == []
    assert read("a,b,c,d", *GOOD, '1,2,3,"13"', end="")[0].rows[-1][-1] == "13"
    assert read("a,b,c,d", *GOOD, "1,2,3", end="")[1][0][2] == "the file ends in the middle of this row"


def test_a_broken_byte_removes_its_row_only() -> None:
    quarantine = Quarantine()
    table = read_table("a,b\nMálaga,1\nNürnberg,2\n".encode().replace(b"rnb", b"\xffnb"), quarantine)
    assert table.column("a") == ["Málaga"] and table.n_misfit == 1


@pytest.mark.parametrize("broken", ["\x00", "\x81", "\x1b", "\x07"])
def test_a_control_character_removes_its_row_and_changes_no_number(broken: str) -> None:
    table, named = read("a,b,c,d", *GOOD, f"1,2,3,6.{broken}")
    assert len(table.rows) == 3 and named == [(5, "row", "a character that cannot be read: a broken byte")]
    assert len(read("a,b,c,d", *GOOD, end="\n\x1a")[0].rows) == 3


def test_names_have_one_form_and_invisible_characters_are_named() -> None:
    table, named = read("a\u200b,b", "Ma\u0301laga\u00a0 CF,1")
    assert table.header == ["a", "b"] and table.column("a") == ["Málaga CF"]
    assert named == [(None, "flag", "invisible characters: removed")]


def test_a_header_is_checked_before_its_rows() -> None:
    def check(header: list[str]) -> None:
        raise SourceError(f"no column z in {len(header)}")

    with pytest.raises(SourceError, match="no column z in 1"):
        read_table(b"a;b\n1,5;2,5\n", Quarantine(), check=check)
    with pytest.raises(SourceError, match="no column z in 2"):
        tabulate([["a", "b"], ["1", "2"]], Quarantine(), check)


def test_rows_set_aside_are_counted() -> None:
    table, _ = read("a,b,c,d", *GOOD)
    rest = table.without([1])
    assert rest.lines == [2, 4] and rest.n_misfit == 1 and len(rest.rows) == 2


def test_rows_without_text_are_blank() -> None:
    table, named = read("a,b,c,d", GOOD[0], ",,,", "", " , ")
    assert table.n_blank == 3 and {kind for _, kind, _ in named} == {"blank"}


def test_in_a_file_that_is_not_utf_8_few_lines_with_letters_are_named() -> None:
    def flags(*names: str) -> list[int | None]:
        quarantine = Quarantine()
        read_table("".join(f"{name},1,2\n" for name in ("a", *names)).encode("cp1252"), quarantine)
        return quarantine.frame(Origin("x", "x", ""))["line"].to_list()

    assert flags("M\u00e1laga", "S\u00e7", "Roma") == [None, 2, 3]
    assert flags("Roma", "1.1\u00a0", "1.1\u00ad") == [None, 3, 3, 4, 4]  # a broken byte: the rows are quarantined
    assert flags(*["M\u00e1laga"] * 20) == [None]


def test_files_put_one_below_the_other_are_read_until_the_header_changes() -> None:
    table, named = read("a,b,c,d", *GOOD, "a,b,c,d", "13,14,15,16", "a,c,b,d", "17,18,19,20", "a,b,c,d", "21,22,23,24")
    assert [row[0] for row in table.rows] == ["1", "5", "9", "13", "21"]
    assert [line for line, _, _ in named] == [5, 7, 8, 9] and named[2][2] == "below another header in line 7"
