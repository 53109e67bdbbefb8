"""Prices far from the others: published examples, a plain witness, and what must not be flagged."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from engine.plausibility.outliers import far_apart, far_from_others, impossible_books


def frame(*rows: tuple[str, str, float], side: str = "back") -> pl.DataFrame:
    """Bet, bookmaker, odds."""
    return pl.DataFrame(rows, schema=["bet", "bookmaker", "odds"], orient="row").with_columns(side=pl.lit(side))


def far(prices: pl.DataFrame) -> list[str]:
    found = far_from_others(prices, ["bet"])
    return prices.filter(found["far"]).select(pl.format("{} {}", "bet", "bookmaker")).to_series().to_list()


def witness(prices: pl.DataFrame) -> list[bool]:
    """The rule, price by price: far from both middle prices of the others, and on the same side of them."""
    rows, answers = prices.rows(named=True), []
    for row in rows:
        others = sorted(
            other["odds"]
            for other in rows
            if other["bet"] == row["bet"]
            and other["bookmaker"] not in (row["bookmaker"], "max")
            and other["side"] == "back"
        )
        if not others:
            answers.append(False)
            continue
        middle = others[(len(others) - 1) // 2], others[len(others) // 2]
        apart = [bool(far_apart(np.array([row["odds"]]), np.array([value]))[0]) for value in middle]
        answers.append(all(apart) and (row["odds"] > middle[0]) == (row["odds"] > middle[1]))
    return answers


def test_one_book_with_its_sides_exchanged() -> None:
    rows = [("home", name, 1.7) for name in "abcd"] + [("away", name, 5.0) for name in "abcd"]
    prices = frame(*rows, ("home", "e", 5.0), ("away", "e", 1.7))
    assert far(prices) == ["home e", "away e"]
    found = far_from_others(prices, ["bet"])
    assert found["others"].to_list() == [4] * 10
    assert found["others_odds"].to_list()[-2:] == [1.7, 5.0]


@pytest.mark.parametrize(
    ("odds", "others"),
    [(1.01, 3.65), (1000.0, 2.28), (238.0, 2.26), (130.0, 1.9), (17.0, 1.56), (1.02, 4.0), (170.0, 17.0), (3.3, 33.0)],
)
def test_typing_errors_and_empty_exchange_books(odds: float, others: float) -> None:
    assert far(frame(("x", "exchange", odds), *(("x", name, others) for name in "abc"))) == ["x exchange"]


@pytest.mark.parametrize(("odds", "others"), [(34.0, 81.0), (1.01, 1.06), (2.4, 2.0), (4.5, 3.4), (1.5, 1.6)])
def test_real_differences_between_bookmakers(odds: float, others: float) -> None:
    assert far(frame(("x", "d", odds), *(("x", name, others) for name in "abc"))) == []


def test_of_two_books_that_contradict_each_other_both_are_far() -> None:
    assert far(frame(("x", "a", 1.7), ("x", "b", 5.0))) == ["x a", "x b"]
    assert far(frame(("x", "a", 1.7), ("x", "a2", 5.0), ("y", "b", 5.0))) == ["x a", "x a2"], "bets are not mixed"
    assert far(frame(("x", "a", 5.0), ("x", "b", 5.0), ("x", "c", 1.7), ("x", "d", 1.7))) == [f"x {n}" for n in "abcd"]
    assert far(frame(*[("x", n, 5.0) for n in "ab"], *[("x", n, 1.7) for n in "cde"])) == ["x a", "x b"]
    assert far(frame(("x", "a", 1.2))) == [] and far(frame()) == []


def test_a_maximum_is_compared_but_nothing_is_compared_with_it() -> None:
    assert far(frame(("x", "max", 17.0), ("x", "avg", 1.56), ("x", "a", 1.55))) == ["x max"]
    assert far(frame(("x", "max", 17.0), ("x", "a", 1.55))) == ["x max"]
    assert far(frame(("x", "avg", 1.7), ("x", "a", 5.0))) == ["x avg", "x a"]


def test_a_lay_is_compared_with_the_backs_of_other_bookmakers() -> None:
    backs = frame(("x", "a", 2.0), ("x", "b", 2.1), ("x", "exchange", 1000.0))
    prices = pl.concat([backs, frame(("x", "exchange", 2.1), ("x", "other", 1000.0), side="lay")])
    assert far_from_others(prices, ["bet"])["far"].to_list() == [False, False, True, False, True]


def test_the_columns_agree_with_a_plain_witness() -> None:
    rng = random.Random(3)
    levels = (1.05, 1.5, 1.7, 2.0, 3.4, 5.0, 9.0, 60.0)
    for _ in range(60):
        rows = [
            (bet, name, rng.choice(levels) * rng.uniform(1.0, 1.1), side)
            for bet in "xyz"
            for name in rng.sample(["a", "b", "c", "d", "e", "f", "max", "avg"], rng.randint(1, 8))
            for side in rng.sample(["back", "lay"], rng.choice([1, 1, 2]))
        ]
        rng.shuffle(rows)
        prices = pl.DataFrame(rows, schema=["bet", "bookmaker", "odds", "side"], orient="row")
        assert far_from_others(prices, ["bet"])["far"].to_list() == witness(prices)


@pytest.mark.parametrize(
    ("market", "odds", "wrong"),
    [
        ("totals", {"over": 3.3, "under": 3.3}, True),
        ("totals", {"over": 1.9, "under": 1.95}, False),
        ("totals", {"over": 3.3}, False),
        ("double_chance", {"1x": 1.24, "12": 1.3, "x2": 1.85}, False),
        ("double_chance", {"1x": 2.4, "12": 2.6, "x2": 3.7}, True),
        ("1x2", {"home": 1.9, "draw": 1.2, "away": 4.2}, True),
        ("1x2", {"home": 2.05, "draw": 3.7, "away": 4.6}, False),  # 97.6 %: a sure profit is no error yet
        ("correct_score", {"1-0": 7.0, "0-0": 9.0}, False),
    ],
)
def test_books_with_impossible_sums(market: str, odds: dict[str, float], wrong: bool) -> None:
    rows = [("x", market, name, price, "back", "a") for name, price in odds.items()]
    prices = pl.DataFrame(rows, schema=["bet", "market", "selection", "odds", "side", "bookmaker"], orient="row")
    found = impossible_books(prices, ["bet", "market", "bookmaker"])
    assert found.height == int(wrong)
    assert impossible_books(prices.with_columns(side=pl.lit("lay")), ["bet", "market", "bookmaker"]).is_empty()


def test_a_missing_line_is_a_line_of_its_own() -> None:
    prices = frame(("x", "a", 1.7), ("x", "b", 1.7), ("x", "c", 5.0)).with_columns(
        line=pl.Series([None, None, None], dtype=pl.Float64)
    )
    assert far_from_others(prices, ["bet", "line"])["far"].to_list() == [False, False, True]
