"""Margin removal: properties of every method on every book."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from engine.odds import METHODS, fair_probabilities

Floats = NDArray[np.float64]
PRICE = st.floats(1.0001, 1000.0)


@st.composite
def books(draw: st.DrawFn, smallest: int = 2, largest: int = 12) -> Floats:
    """Any book, including books that no bookmaker would offer, such as 5 % or 900 %."""
    return np.array([draw(st.lists(PRICE, min_size=smallest, max_size=largest))])


def log_power_probabilities(book: Floats) -> Floats:
    """Logarithms of the probabilities of the power method, by bisection in logarithms: nothing can underflow."""
    log_q = -np.log(book)

    def log_sum(k: float) -> float:
        terms = k * log_q
        return float(terms.max() + np.log(np.exp(terms - terms.max()).sum()))

    low, high = 0.0, 1.0
    while log_sum(high) > 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if log_sum(middle) > 0 else (low, middle)
    return high * log_q


@given(books(), st.sampled_from(METHODS))
@example(np.array([[67.0, 1.00390625, 1.00390625]]), "power")  # 67 ** -178 underflows
def test_probabilities_sum_to_one(book: Floats, method: str) -> None:
    """Probabilities are above 0 too, unless the exact value is below the smallest normal float."""
    fair = fair_probabilities(book, method)
    assert fair.sum() == pytest.approx(1.0, abs=1e-9)
    if method not in ("additive", "goto") and not (method == "shin" and book.shape[1] == 2):
        underflows = np.zeros(book.shape, dtype=bool)
        if method == "power":
            underflows = log_power_probabilities(book) < math.log(sys.float_info.min)
        assert (fair[~underflows] > 0).all()
        assert (fair >= 0).all()
        assert (fair[underflows] < 1e-300).all()
        assert (fair <= 1).all()


@given(books(smallest=4), st.sampled_from([m for m in METHODS if m != "shin"]), st.integers(2, 3))
def test_probabilities_of_several_winners_sum_to_their_number(book: Floats, method: str, winners: int) -> None:
    assert fair_probabilities(book, method, target=winners).sum() == pytest.approx(winners, abs=1e-9)


@given(books(), st.sampled_from(METHODS))
def test_a_longer_price_is_never_more_probable(book: Floats, method: str) -> None:
    fair = fair_probabilities(book, method)[0][np.argsort(book[0])]
    assert (np.diff(fair) <= 1e-12).all()


@given(books(), st.sampled_from(METHODS))
def test_the_order_of_selections_does_not_matter(book: Floats, method: str) -> None:
    order = np.random.default_rng(book.shape[1]).permutation(book.shape[1])
    assert_allclose(fair_probabilities(book[:, order], method), fair_probabilities(book, method)[:, order], atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
def test_a_fair_book_does_not_change(method: str) -> None:
    prob = np.random.default_rng(3).dirichlet([3, 2, 2], 500)
    assert_allclose(fair_probabilities(1 / prob, method), prob, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_book_alone_gives_the_bits_it_gives_among_others(method: str) -> None:
    rng = np.random.default_rng(5)
    prob = rng.dirichlet([4, 3, 3], 9001)
    odds = np.maximum(1 / (prob * rng.uniform(0.9, 1.5, (9001, 1))), 1.0001)
    together = fair_probabilities(odds, method)
    for row in rng.integers(0, len(odds), 200):
        assert_array_equal(fair_probabilities(odds[[row]], method), together[[row]])


def test_multiplicative_is_exactly_q_over_its_sum() -> None:
    odds = np.random.default_rng(7).uniform(1.01, 20, (1000, 3))
    q = 1 / odds
    assert_array_equal(fair_probabilities(odds), q / q.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("method", METHODS)
def test_a_row_with_a_missing_price_is_nan_and_other_rows_are_not(method: str) -> None:
    odds = np.full((7, 3), 2.9)
    for row, bad in enumerate([np.nan, 1.0, 0.0, -2.0, np.inf], start=1):
        odds[row, row % 3] = bad
    fair = fair_probabilities(odds, method)
    assert np.isnan(fair[1:6]).all()
    assert_allclose(fair[[0, 6]], 1 / 3)


@pytest.mark.parametrize("method", METHODS)
def test_shapes(method: str) -> None:
    assert fair_probabilities(np.empty((0, 3)), method).shape == (0, 3)
    assert fair_probabilities(np.full((2, 5, 3), 2.9), method).shape == (2, 5, 3)
    assert_allclose(fair_probabilities([2.0, 4.0, 4.0], method), [0.5, 0.25, 0.25])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "book",
    [
        [1.0001, 1000.0],
        [1.0001] * 3,
        [1000.0] * 3,
        [1.0001, 1.0001, 1000.0],
        [1.0001, 500.0, 1000.0],
        [999.0] * 40,
    ],
)
def test_extreme_books_converge(method: str, book: list[float]) -> None:
    fair = fair_probabilities([book], method)
    assert np.isfinite(fair).all()
    assert fair.sum() == pytest.approx(1.0, abs=1e-9)


def test_two_way_shin_is_additive_and_two_way_odds_ratio_is_known() -> None:
    odds = np.random.default_rng(11).uniform(1.05, 8, (200, 2))
    assert_array_equal(fair_probabilities(odds, "shin"), fair_probabilities(odds, "additive"))
    ratio = np.sqrt((odds[:, 1] - 1) / (odds[:, 0] - 1))  # p / (1 - p) of the first selection
    assert_allclose(fair_probabilities(odds, "odds_ratio")[:, 0], ratio / (1 + ratio), rtol=1e-12)


def test_shin_solves_the_insiders_equation() -> None:
    """Start from the prices of a bookmaker who faces a share z of insiders (Shin 1993, equation 9)."""
    rng = np.random.default_rng(13)
    prob, z = rng.dirichlet([3, 2, 2, 1], 300), rng.uniform(0, 0.3, (300, 1))
    root = np.sqrt(z * prob + (1 - z) * prob**2)
    q = root * root.sum(axis=1, keepdims=True)
    valid = (q < 1).all(axis=1)
    assert valid.sum() > 200
    assert_allclose(fair_probabilities(1 / q[valid], "shin"), prob[valid], atol=1e-10)


@pytest.mark.parametrize(
    ("method", "target", "shape", "message"),
    [
        ("shin", 2.0, (1, 3), "one winner"),
        ("powr", 1.0, (1, 3), "did you mean 'power'"),
        ("zzz", 1.0, (1, 3), "expected one of"),
        ("power", 3.0, (1, 3), "more outcomes than winners"),
        ("odds_ratio", 1.0, (1, 1), "more outcomes than winners"),
        ("additive", 0.0, (1, 3), "above 0"),
        ("additive", float("nan"), (1, 3), "above 0"),
        ("additive", 1.0, (), "shape"),
        ("additive", 1.0, (2, 0), "shape"),
    ],
)
def test_invalid_arguments_are_refused(method: str, target: float, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fair_probabilities(np.full(shape, 2.0), method, target)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("top", [1e6, 1e12, 1.1e12, 1e300])
def test_prices_above_the_limit_have_no_probability(method: str, top: float) -> None:
    fair = fair_probabilities([[top, 2.0, 3.0], [1.0000001, top, top], [top, top, top]], method)
    if top > 1e12:
        assert np.isnan(fair).all()
    else:
        assert np.abs(fair.sum(axis=1) - 1.0).max() < 1e-9
