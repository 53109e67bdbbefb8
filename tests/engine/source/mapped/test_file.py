"""How a file is written: decimal commas, header lines, files without a header, encodings, missing columns."""

from __future__ import annotations

import polars as pl
import pytest

from engine.errors import ConfigurationError, SourceError
from engine.source.mapping import parse_mapping
from tests.engine.source.mapped.reading import read

WIDE = """
sport: {value: football}
competition: {value: X}
home: Heim
away: Gast
start: {column: Datum, format: "%d.%m.%Y"}
home_score: HT
away_score: GT
bookmaker: {value: book}
prices:
  - {column: H, market: 1x2, selection: home}
  - {column: D, market: 1x2, selection: draw}
  - {column: A, market: totals, selection: over, line_column: L}
"""
COMMA = WIDE + "delimiter: ';'\ndecimal: ','\n"
HEAD = "Datum;Heim;Gast;HT;GT;H;D;A;L\n"


def odds(text: str, mapping: str) -> list[tuple[str, float | None, float]]:
    return read(text, mapping).quotes.sort("market", "selection").select("selection", "line", "odds").rows()


def test_a_decimal_comma() -> None:
    row = "01.09.2022;A;B;1;0;1,85;3,40;4,20;2,5\n"
    assert odds(HEAD + row, COMMA) == [("draw", None, 3.4), ("home", None, 1.85), ("over", 2.5, 4.2)]
    assert odds(HEAD + row.replace("1,85", "11"), COMMA)[1] == ("home", None, 11.0)


def test_a_point_in_a_file_with_decimal_commas_is_named_and_not_read_as_another_number() -> None:
    parsed = read(HEAD + "01.09.2022;A;B;1;0;1.85;3,40;4,20;2.5\n", COMMA)
    assert parsed.quotes["odds"].to_list() == [3.4] and parsed.counts.prices_quarantined == 2
    cells = parsed.quarantine.filter(kind="cell").select("column", "value", "reason").rows()
    assert ("H", "1.85 (decimal point)", "not a price: not a number") in cells


def test_a_decimal_comma_that_the_mapping_does_not_name_is_flagged() -> None:
    parsed = read(HEAD + "01.09.2022;A;B;1;0;1,85;3,40;4,20;2,5\n", COMMA.replace("decimal: ','\n", ""))
    assert parsed.quotes.is_empty() and parsed.quarantine.filter(kind="flag")["reason"].to_list() == [
        "4 numbers have a decimal comma: add `decimal: ','` to the mapping if it is one"
    ]


def test_thousands() -> None:
    mapping = COMMA + "thousands: '.'\n"
    assert odds(HEAD + "01.09.2022;A;B;1;0;1.001,50;21;4,20;2,5\n", mapping)[:2] == [
        ("draw", None, 21.0),
        ("home", None, 1001.5),
    ]
    parsed = read(HEAD + "01.09.2022;A;B;1;0;1.85;21;4,20;2,5\n", mapping)
    assert sorted(parsed.quotes["odds"]) == [4.2, 21.0]  # 1.85 has no groups of three
    english = WIDE + "delimiter: ';'\nthousands: ','\nodds: american\n"
    assert odds(HEAD + "01.09.2022;A;B;1;0;1,200;+150;-110;2.5\n", english)[1] == ("home", None, 13.0)


def test_lines_before_the_header_are_skipped_and_lines_keep_their_numbers() -> None:
    text = "made by a spreadsheet\n\n" + HEAD.replace(";", ",") + "x,A,B,1,0,2,3,4,2.5\n01.09.2022,A,B,1,0,2,3,4,2.5\n"
    parsed = read(text, WIDE + "header_line: 3\n")
    assert parsed.events["raw_line"].to_list() == [5] and parsed.counts.prices_kept == 3
    assert parsed.quarantine.filter(kind="row")["line"].to_list() == [4]
    with pytest.raises(SourceError, match="header line is empty"):
        read(text, WIDE + "header_line: 2\n")


def test_a_file_without_a_header_has_its_columns_in_the_mapping() -> None:
    mapping = WIDE + "columns: [Datum, Heim, Gast, HT, GT, H, D, A, L]\n"
    text = "01.09.2022,A,B,1,0,2,3,4,2.5\n<p>error,,,,,,,,\n02.09.2022,C,D,1,0,2,3,4,2.5\nonly one\n"
    parsed = read(text, mapping)
    assert parsed.events.select("home", "raw_line").rows() == [("A", 1), ("C", 3)]
    assert parsed.quarantine.filter(kind="row")["line"].to_list() == [2, 4]


def test_an_encoding() -> None:
    raw = (HEAD.replace(";", ",") + "01.09.2022,Спартак,Зенит,1,0,2,3,4,2.5\n").encode("cp1251")
    assert read(raw, WIDE + "encoding: cp1251\n").events["home"].to_list() == ["Спартак"]
    with pytest.raises(SourceError, match="another encoding"):
        read(b"\xff\xff\xff", WIDE + "encoding: utf-8\n")


def test_columns_that_the_file_lacks_are_refused_or_flagged() -> None:
    text = "Datum,Heim,Gast,HT,GT,H,D,A,L\n01.09.2022,A,B,1,0,2,3,4,2.5\n"
    flags = read(text, WIDE + "status: St\n").quarantine.filter(kind="flag").select("column", "reason").rows()
    assert flags == [("St", "the file lacks this column of the mapping")]
    with pytest.raises(SourceError, match=r"missing beside GT.*expected HT.*did you mean 'HTG'"):
        read(text.replace("HT", "HTG"), WIDE)
    with pytest.raises(SourceError, match=r"Heim.*did you mean 'Heim_'"):
        read(text.replace("Heim", "Heim_"), WIDE)


def test_texts_of_several_columns_of_the_file_and_by_patterns() -> None:
    text = "Datum,Heim,Gast,HT,GT,H,D,A,L,Land,Liga\n01.09.2022,A,B,1,0,2,3,4,2.5,England,5\n"
    text += "02.09.2022,A,B,1,0,2,3,4,2.5,,5\n"
    joined = WIDE.replace("competition: {value: X}", "competition: {columns: [Land, Liga], join: '-'}")
    assert read(text, joined).events["competition"].to_list() == ["England-5", "5"]
    named = WIDE.replace("competition: {value: X}", r"competition: {file: '^([A-Z]\d)_', map: {E0: first}}")
    assert set(read(text, named, "a/E0_2021.csv").events["competition"]) == {"first"}
    assert set(read(text, named, "x.zip!in/D1_2021.csv").events["competition"]) == {"D1"}
    assert read(text, named, "2021.csv").counts.rows_quarantined == 2
    matched = WIDE.replace(
        "competition: {value: X}", r"competition: {column: Land, match: {'^(..)g': '\1', '^$': none}}"
    )
    assert read(text, matched).events["competition"].to_list() == ["En", "none"]


def test_a_file_without_prices() -> None:
    mapping = WIDE[: WIDE.index("bookmaker")] + "prices: []\n"
    parsed = read("Datum,Heim,Gast,HT,GT\n01.09.2022,A,B,1,0\n02.12.2026,A,B,,\n", mapping)
    assert parsed.events["status"].to_list() == ["played", "scheduled"] and parsed.quotes.is_empty()
    with pytest.raises(ConfigurationError, match=r"either 'prices' or 'long'.*prices: \[\]"):
        parse_mapping(mapping.replace("prices: []\n", ""), "m")


def test_a_date_alone_is_no_start_at_midnight() -> None:
    text = "Datum,Heim,Gast,HT,GT,H,D,A,L\n01.09.2022,A,B,1,0,2,3,4,2.5\n"
    parsed = read(text, WIDE)
    assert parsed.events["starts_at_basis"].to_list() == ["assumed:noon"]
    iso = read(text.replace("01.09.2022", "2022-09-01"), WIDE.replace(', format: "%d.%m.%Y"', ""))
    assert iso.events.select(pl.col("starts_at").dt.hour()).item() == 12


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("decimal: ';'\n", "unknown value"),
        ("decimal: ','\nthousands: ','\n", "same sign"),
        ("encoding: utf-99\n", "unknown encoding"),
        ("columns: [a, a]\n", "named twice"),
        ("columns: [a]\nheader_line: 2\n", "without a header"),
        ("header_line: 0\n", "wrong type"),
        ("records: {list: data}\ndelimiter: ;\n", "no header and no delimiter"),
        ("season: {column: a, value: b}\n", "two sources"),
        ("season: {file: 'abc'}\n", "no group"),
        ("season: {column: a, match: {'(': x}}\n", "invalid pattern"),
        ("season: {column: a, match: {'a': '\\1'}}\n", "invalid replacement"),
        ("season: {column: a, map: {yes: x}}\n", "quotation marks"),
        ("score_scope: {value: overtime}\n", "with_overtime"),
        ("scores: {corner: {home: a, away: b}}\n", "did you mean 'corners'"),
        ("scores: {corners: {home: a}}\n", "one of two scores"),
        ("score: {column: s}\n", "given twice"),
        ("lines: {L: {team: guest}}\n", "unknown value"),
        ("lines: {M: {team: own}}\n", "no price has this line_column.*expected L"),
        ("season: {column: a, names: true}\n", "for winner and long.selection"),
        ("known: {updated: a}\n", "no columns to be compared"),
    ],
)
def test_wrong_keys_are_refused(extra: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_mapping(WIDE + extra, "m")


def test_a_constant_without_its_key_is_explained() -> None:
    text = "Datum,Heim,Gast,HT,GT,H,D,A,L\n01.09.2022,A,B,1,0,2,3,4,2.5\n"
    with pytest.raises(SourceError, match=r"expected football, found .*is written \{value: TEXT\}"):
        read(text, WIDE.replace("{value: football}", "football"))


def test_a_lost_name_and_a_last_column_without_a_name_are_refused() -> None:
    """All names behind the lost one moved by one place; the widths are right."""
    rows = [f"0{day}.09.2022,A{day},B,x,1,0,2,3,4,2.5" for day in range(1, 8)]
    text = "\n".join(["Datum,Heim,Gast,HT,GT,H,D,A,L,", *rows, ""])
    with pytest.raises(
        SourceError, match=r"expected the column St of the mapping, found no such name, and a last column"
    ):
        read(text, WIDE + "status: St\n")
    assert read(text.replace("Gast,HT", "Gast,Q,HT").replace("L,", "L"), WIDE).events.height == 7
