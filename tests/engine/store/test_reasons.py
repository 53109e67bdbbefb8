"""Reasons of an import: counted over files, without their values where these differ, with the first example."""

from __future__ import annotations

import polars as pl

from engine.schema import QUARANTINE
from engine.store.reasons import Reason, add_reasons, sorted_reasons


def frame(file: str, *entries: tuple[int | None, str, str | None, str, str]) -> pl.DataFrame:
    names = ("line", "kind", "column", "value", "reason")
    rows = [dict(zip(names, entry, strict=True)) | {"source": "s", "file": file, "raw_file": "x"} for entry in entries]
    return pl.DataFrame(rows, schema=QUARANTINE)


def test_reasons_are_counted_over_files_and_keep_their_first_example() -> None:
    known: dict[tuple[str, str], Reason] = {}
    price = "not a price: above 1,000,000"
    add_reasons(known, frame("a.csv", (3, "cell", "H", "9e9", price), (4, "row", None, "x", "unreadable date: '1/1'")))
    add_reasons(known, frame("b.csv", (7, "cell", "D", "8e8", price), (9, "row", None, "y", "unreadable date: '2/2'")))
    add_reasons(known, frame("c.csv", (None, "flag", "Z", "", "unknown column"), (2, "blank", None, "", "no text")))
    assert sorted_reasons(known) == [
        Reason("row", "unreadable date: …", 2, "a.csv", 4, None, "x"),
        Reason("cell", price, 2, "a.csv", 3, "H", "9e9"),
        Reason("flag", "unknown column", 1, "c.csv", None, "Z", ""),
    ]


def test_reasons_that_differ_in_values_within_a_file_are_one() -> None:
    known: dict[tuple[str, str], Reason] = {}
    add_reasons(known, frame("a.csv", *((i, "flag", "H", "9", f"1/odds add up to {i}%") for i in (5, 6, 7))))
    assert sorted_reasons(known) == [Reason("flag", "1/odds add up to …", 3, "a.csv", 5, "H", "9")]
