"""Numbers and foreign names as the reader sees them."""

from __future__ import annotations

import pytest

from engine.backtesting.measures import FRACTIONS, METRICS
from research.report.text import (
    MEASURES,
    compact,
    count,
    html,
    listing,
    measure_name,
    money,
    number,
    percent,
    span,
)

MINUS = "\u2212"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234567), "1,234,567"),
        (number(-0.4), "0"),
        (number(-3.25, 1), f"{MINUS}3.2"),
        (number(2, sign=True), "+2"),
        (number(None), "–"),
        (number(float("nan")), "–"),
        (number(float("inf")), "–"),
        (percent(0.0213), "2.1%"),
        (percent(-0.5, 0), f"{MINUS}50%"),
        (percent(None), "–"),
        (money(123_456), "1,235"),
        (money(-12_345), f"{MINUS}123.45"),
        (compact(25_000), "25k"),
        (compact(-1_500_000), f"{MINUS}1.5M"),
        (compact(0.25), "0.25"),
        (count(1, "bet"), "1 bet"),
        (count(0, "opportunity", "opportunities"), "0 opportunities"),
        (listing(["a"]), "a"),
        (listing(["a", "b", "c"]), "a, b and c"),
        (listing(list("abcdef")), "a, b, c and 3 more"),
        (span(-0.01, 0.05), f"{MINUS}1.0% to 5.0%"),
    ],
)
def test_texts(text: str, expected: str) -> None:
    assert text == expected


def test_foreign_text_is_escaped_and_cannot_change_the_direction_of_a_line() -> None:
    assert html("<b onclick='x'>\"&") == "&lt;b onclick=&#x27;x&#x27;&gt;&quot;&amp;"
    assert html("a\u202eb\x00c\u2066d\x85e") == "a b c d e"


def test_every_measure_is_declared_with_its_name_unit_and_format() -> None:
    assert set(MEASURES) == set(METRICS)
    assert {name for name in MEASURES if MEASURES[name].form == "percent"} == set(FRACTIONS)
    assert {name for name in MEASURES if MEASURES[name].form == "money"} == {n for n in METRICS if n.endswith("_minor")}
    assert (MEASURES["roi"].head, MEASURES["n_bets"].head) == ("ROI, %", "bets")
    assert MEASURES["yield"].text(-0.0512) == f"{MINUS}5.12%" and MEASURES["clv_mean"].text(None) == "–"
    assert MEASURES["n_bets"].text(12_345) == "12,345" and MEASURES["pnl_minor"].text(12_345) == "123.45"
    assert measure_name("pnl_minor") == "P&L" and measure_name("my_measure") == "my_measure"
