"""The order of day and month is proved from all dates of a file."""

from __future__ import annotations

import pytest

from engine.errors import SourceError
from engine.source.date_order import check_order, exchanged
from engine.source.quarantine import Origin, Quarantine

SLASHED = ("%d/%m/%Y", "%d/%m/%y")


def check(texts: list[str], formats: tuple[str, ...] = SLASHED) -> list[tuple[int | None, str]]:
    quarantine = Quarantine()
    check_order(texts, range(2, 2 + len(texts)), formats, quarantine)
    return quarantine.frame(Origin("x", "x", "")).select("line", "value").rows()


@pytest.mark.parametrize(
    ("texts", "formats", "seems"),
    [
        (["08/12/2023", "08/13/2023", "09/02/2023"], SLASHED, "month first"),
        (["8/12/23", "8/13/23", "10/11/23"], SLASHED, "month first"),
        (["12/08/2023", "13/08/2023"], ("%m/%d/%Y",), "day first"),
        (["12.08.2023", "13.08.2023"], ("%m.%d.%Y",), "day first"),
        (["08.13.2023 20:00", "08.12.2023 20:00"], ("%d.%m.%Y %H:%M",), "month first"),
        (["2023-13-08", "2023-12-08"], ("iso",), "year-day-month"),
        (["2023-08-13", "2023-08-12"], ("%Y-%d-%m",), "month first"),
    ],
)
def test_a_file_of_the_other_order_is_refused(texts: list[str], formats: tuple[str, ...], seems: str) -> None:
    with pytest.raises(SourceError, match=f"written {seems}, it seems: expected"):
        check(texts, formats)


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["08/12/2023", "09/02/2023"], SLASHED),  # nothing is proved
        (["13/08/2023", "08/12/2023"], SLASHED),
        (["13/08/2023", "08/14/2023", "08/12/2023"], SLASHED),  # one row of the other order: it alone is unreadable
        (["2014/8/4", "99/99/9999", ""], SLASHED),
        (["2023-08-13", "2023-08-12"], ("iso",)),
        (["1 Mar 2023", "30 Apr 2023"], ("%d %b %Y",)),
    ],
)
def test_other_files_are_read(texts: list[str], formats: tuple[str, ...]) -> None:
    assert check(texts, formats) == []


def test_in_a_file_of_both_orders_each_doubtful_date_is_named() -> None:
    texts = ["13/08/2023", "20/08/2023", "08/12/2023", "08/14/2023", "08/15/2023", "08/16/2023", "09/09/2023"]
    assert check(texts) == [(None, "08/14/2023"), (4, "08/12/2023")]


def test_a_format_with_day_and_month_exchanged() -> None:
    assert exchanged("%d/%m/%Y %H:%M") == "%m/%d/%Y %H:%M" and exchanged("%d %b") == "%m %b"
