"""Odds read in another format than their own."""

from __future__ import annotations

import pytest

from engine.plausibility.formats import doubts


def found(accepted: int, high: int, low: list[str], unread: list[str] | None = None) -> list[tuple[str, str]]:
    return [
        (doubt.sentence.partition(": are these ")[2], doubt.suspect)
        for doubt in doubts(accepted, high, low, unread or [])
    ]


def test_american_odds_in_a_decimal_file() -> None:
    assert found(3, 3, ["-150", "-200", "-125", "-110", "-110"]) == [("American odds?", "high")]
    assert found(3, 3, ["\u2212150", "\u2212200"]) == [("American odds?", "high")], "a minus sign is a minus"
    assert found(6, 5, []) == [("American odds?", "high")], "favourites alone are missing"
    assert found(80, 0, ["-110"] * 10) == [("American odds?", "high")], "one bookmaker of ten"
    assert found(0, 0, ["-110"]) == [("American odds?", "high")]


@pytest.mark.parametrize(
    ("accepted", "high", "low"),
    [(1000, 3, []), (1000, 0, ["-225"]), (400, 0, ["0", "0.89", "0.42"]), (0, 0, []), (3, 3, []), (100, 40, [])],
)
def test_real_files_raise_no_doubt(accepted: int, high: int, low: list[str]) -> None:
    assert found(accepted, high, low) == []


def test_odds_without_the_stake_and_other_formats() -> None:
    assert found(10, 0, ["0.85", "0.91", "1.0", "0.5"]) == [
        ("odds without the stake (Hong Kong, Malay), or probabilities?", "all")
    ]
    assert found(0, 0, [], ["1.9", "2.1", "3.4", "1.8"]) == [("decimal odds?", "none")]
    assert found(0, 0, [], ["5/2", "1/2", "10/11", "6 / 4", "EVS"]) == [("fractional odds?", "none")]
    assert found(100, 0, [], ["-", "n/a", "x", "1.9"]) == []


def test_the_sentence_counts() -> None:
    (doubt,) = doubts(1500, 300, ["-110"] * 500, [])
    assert doubt.sentence.startswith("500 of 2,000 prices are at or below -100, in a file of decimal odds")
