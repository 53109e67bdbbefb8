"""The rates that prices imply: the way back from a grid, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from research.goals.grid import low_score_grid
from research.goals.implied import implied_rates

goals = st.floats(0.3, 2.8)


@given(goals, goals, st.floats(-0.12, 0.08))
def test_the_prices_of_a_grid_give_its_rates_back(home: float, away: float, rho: float) -> None:
    grid = low_score_grid(home, away, rho)
    found = implied_rates(*grid.result().T, grid.states("totals", "over", 2.5)[:, 0])
    assert_allclose(np.concatenate(found), [home, away, rho], atol=2e-6)


def test_a_market_is_met_exactly() -> None:
    """Fair probabilities that no independent Poisson scores have: the grid agrees with all four."""
    result, over = np.array([[0.46, 0.27, 0.27], [0.7, 0.19, 0.11], [0.3, 0.31, 0.39]]), np.array([0.52, 0.58, 0.41])
    rates = implied_rates(*result.T, over)
    grid = low_score_grid(*rates)
    assert_allclose(grid.result(), result, atol=1e-8)
    assert_allclose(grid.states("totals", "over", 2.5)[:, 0], over, atol=1e-8)


def test_equal_sides_score_half_of_the_goals_each() -> None:
    """`P(N <= 2) = 5 exp(-2)` at two goals."""
    over = 1.0 - 5.0 * np.exp(-2.0)
    home, away, _ = implied_rates(0.36, 0.28, 0.36, over)
    assert home[0] == pytest.approx(1.0, abs=1e-12) and away[0] == pytest.approx(1.0, abs=1e-12)


def test_prices_that_no_rates_have_give_nothing_and_change_no_other_match() -> None:
    fine = implied_rates(0.46, 0.27, 0.27, 0.52)
    mixed = implied_rates(
        [0.98, 0.46, np.nan, 0.5], [0.01, 0.27, 0.3, 0.3], [0.01, 0.27, 0.3, 0.3], [0.1, 0.52, 0.5, 0.5]
    )
    for one, many in zip(fine, mixed, strict=True):
        assert_array_equal(many[[1]], one)
        assert np.isnan(many[[0, 2, 3]]).all()  # too strong for so few goals, a missing price, a sum of 1.1
