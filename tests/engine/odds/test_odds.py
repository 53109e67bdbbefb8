"""Odds formats, overround, edge and closing line value."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from engine import odds


def test_american_odds_become_decimal_odds_and_anything_else_nan() -> None:
    decimal = odds.from_american([100, -100, 150, -150, 2500, 99, -99, 0, np.nan, np.inf])
    assert_allclose(decimal, [2.0, 2.0, 2.5, 1 + 100 / 150, 26.0] + [np.nan] * 5)


def test_american_keeps_the_shape_of_a_book() -> None:
    assert odds.from_american([[-110, -110], [130, -150]]).shape == (2, 2)
    assert odds.from_american(-110).shape == ()


@given(st.integers(100, 10_000), st.booleans())
def test_american_round_trip(size: int, minus: bool) -> None:
    american = -float(size) if minus else float(size)
    back = float(odds.to_american(odds.from_american(american)))
    assert back == pytest.approx(100.0 if american == -100 else american, rel=1e-12)


def test_to_american_is_nan_where_there_is_no_price() -> None:
    assert_array_equal(odds.to_american([2.0, 1.5, 1.0, np.nan]), [100.0, -200.0, np.nan, np.nan])


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("5/2", 3.5),
        (" 10 / 11 ", 1 + 10 / 11),
        ("evens", 2.0),
        ("EVS", 2.0),
        ("1/1", 2.0),
        ("100-30", 1 + 10 / 3),
        ("2⁄1", 3.0),
    ],
)
def test_fractions_become_decimal(text: str, decimal: float) -> None:
    assert float(odds.from_fractional(text)) == decimal


@pytest.mark.parametrize("text", ["", "5", "5/0", "0/5", "-5/2", "a/b", "5/2/1", "٣/٢", None])
def test_other_texts_are_not_fractions(text: str | None) -> None:
    assert np.isnan(float(odds.from_fractional(text)))


def test_fractions_of_a_column() -> None:
    assert_array_equal(odds.from_fractional(["5/2", None, "evens"]), [3.5, np.nan, 2.0])


def test_to_fractional_finds_the_nearest() -> None:
    assert [odds.to_fractional(x) for x in (3.5, 2.0, 1.5, 1.91)] == ["5/2", "1/1", "1/2", "91/100"]
    assert odds.to_fractional(1.0001) == "1/100"
    assert odds.to_fractional(1.91, max_denominator=20) == "10/11"
    with pytest.raises(ValueError, match="above 1"):
        odds.to_fractional(1.0)


@given(st.integers(1, 500), st.integers(1, 100))
def test_fraction_round_trip(numerator: int, denominator: int) -> None:
    price = 1 + numerator / denominator
    assert float(odds.from_fractional(odds.to_fractional(price))) == pytest.approx(price)


def test_implied_probability_is_nan_where_there_is_no_price() -> None:
    assert_array_equal(odds.implied_probability([2.0, 4.0, 1.0, 0.0, -3.0, np.inf, np.nan]), [0.5, 0.25] + [np.nan] * 5)


def test_overround_is_the_sum_of_the_book() -> None:
    assert_allclose(odds.overround([[2.0, 4.0, 4.0], [1.9, 1.9, np.nan]]), [1.0, np.nan])
    assert odds.overround([1.91, 1.91]) == 1 / 1.91 + 1 / 1.91


def test_edge_is_computed_in_its_exact_form() -> None:
    """`prob * odds - 1` and `prob * (odds - 1) + (prob - 1)` differ in the last bit; thresholds are exact."""
    prob, price = np.random.default_rng(1).random(1000), np.random.default_rng(2).uniform(1.01, 9, 1000)
    assert_array_equal(odds.edge(prob, price), prob * price - 1.0)
    assert (odds.edge(prob, price) != prob * (price - 1.0) + (prob - 1.0)).any()


def test_edge_net_of_commission() -> None:
    assert float(odds.edge_net(0.5, 2.2, 0.05)) == pytest.approx(0.1 - 0.05 * 0.5 * 1.2)
    assert_array_equal(odds.edge_net([0.5, 0.4], [2.2, np.nan]), [0.5 * 2.2 - 1.0, np.nan])


def test_edge_of_five_states() -> None:
    assert float(odds.edge_states([0.5, 0.0, 0.0, 0.0], 2.2)) == pytest.approx(0.1)
    assert float(odds.edge_states([0.4, 0.1, 0.2, 0.1], 1.9)) == pytest.approx(0.4 * 0.9 + 0.045 - 0.05 - 0.2)
    assert odds.edge_states(np.full((3, 4), 0.25), np.full(3, 2.0)).shape == (3,)


def test_closing_line_value_raw_and_fair() -> None:
    fair = odds.fair_probabilities([[2.0, 1.9]])[0, 0]
    assert float(odds.clv_raw(2.2, 2.0)) == pytest.approx(0.10)
    assert float(odds.clv(2.2, fair)) == pytest.approx(0.0718, abs=5e-5)
    assert np.isnan(odds.clv(2.2, np.nan))


def test_a_lay_as_the_back_bet_with_the_same_risk() -> None:
    assert_allclose(odds.lay_as_back([3.0, 1.25, 1.0, np.nan]), [1.5, 5.0, np.nan, np.nan])
    lay, stake = 3.0, 10.0  # liability 20: the selection loses, we win 10
    assert (lay - 1) * stake * (float(odds.lay_as_back(lay)) - 1) == pytest.approx(stake)


def test_the_examples_of_the_docs_page_run() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "odds.md"
    results = doctest.testfile(str(page), module_relative=False)
    assert results.attempted > 3
    assert results.failed == 0
