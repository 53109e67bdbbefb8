"""Numbers as a reader sees them."""

from __future__ import annotations

import math

import pytest

from research.verdict.numerals import MINUS, NOTHING, count, number, ordinal, percent, percent_of_level


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234567), "1,234,567"),
        (number(-1234.5, 1), f"{MINUS}1,234.5"),
        (number(0.0, 2, sign=True), "0.00"),
        (number(-0.001, 2), "0.00"),
        (number(5, sign=True), "+5"),
        (number(math.inf), NOTHING),
        (number(None), NOTHING),
        (percent(math.nan), NOTHING),
        (percent(-0.0213), f"{MINUS}2.1%"),
        (count(1, "bet"), "1 bet"),
        (count(2000, "bet"), "2,000 bets"),
        (count(2, "opportunity", "opportunities"), "2 opportunities"),
    ],
)
def test_numbers_are_written_in_one_way(text: str, expected: str) -> None:
    assert text == expected


def test_places_in_words() -> None:
    assert [ordinal(one) for one in (1, 2, 10, 11, 12, 13, 21, 22, 23, 24, 101, 111, 1_002)] == [
        "first", "second", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "24th", "101st", "111th", "1,002nd",
    ]  # fmt: skip
    assert [percent_of_level(one) for one in (0.05, 0.0425, 0.01, 0.05 / 9, 0.0005)] == [
        "5%", "4.2%", "1%", "0.56%", "0.05%",
    ]  # fmt: skip
