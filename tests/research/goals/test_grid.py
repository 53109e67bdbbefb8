"""Prices of the grid against settlement of each score, published formulas and the simulator's own arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.betting.settlement import states as settled
from engine.errors import DataError
from engine.kernel.codes import State
from engine.odds.value import edge_states
from engine.schema import SELECTIONS
from engine.simulator.goals import both_score, difference, three_way, total
from research.goals.grid import MARKETS, SIZE, STATES, ScoreGrid, fair_odds, low_score_grid, shared_grid

HOME, AWAY = np.array([1.5, 0.8, 3.1]), np.array([1.1, 1.9, 0.4])
ORDER = (State.WIN, State.HALF_WIN, State.VOID, State.HALF_LOSE, State.LOSE)
LINES = {"totals": (2.0, 2.25, 2.5, 2.75, 3.0), "asian_handicap": (-1.25, -1.0, -0.75, -0.5, 0.0, 0.25, 1.5)}


def bets() -> list[tuple[str, str, float | None]]:
    """Every selection of every market, at several lines."""
    scores = [("correct_score", f"{x}-{y}", None) for x in range(4) for y in range(4)]
    listed = [
        (market, selection, line)
        for market in MARKETS
        for selection in SELECTIONS.get(market, ())
        for line in LINES.get(market, (None,))
    ]
    return [*listed, *scores]


@pytest.mark.parametrize("grid", [low_score_grid(HOME, AWAY, -0.08), shared_grid(HOME, AWAY, 0.12)])
def test_every_market_is_the_sum_over_the_scores_that_settle_it_so(grid: ScoreGrid) -> None:
    home, away = (column.ravel() for column in np.indices((SIZE, SIZE)))
    n = len(home)
    assert len(STATES) == len(ORDER)
    for market, selection, line in bets():
        codes = settled([market] * n, [line] * n, [selection] * n, home, away, [None] * n, ["played"] * n)
        flat = grid.probs.reshape(3, -1)
        expected = np.stack([flat[:, codes == int(state)].sum(axis=1) for state in ORDER], axis=1)
        assert np.allclose(grid.states(market, selection, line), expected, atol=1e-14), (market, selection, line)
        assert np.allclose(expected.sum(axis=1), 1.0)


def test_lines_may_differ_from_row_to_row() -> None:
    grid, lines = low_score_grid(HOME, AWAY, -0.05), np.array([-0.25, 0.75, -2.0])
    rows = grid.states("asian_handicap", "away", lines)
    for row, line in enumerate(lines):
        assert (rows[row] == grid.states("asian_handicap", "away", line)[row]).all()


def test_plain_and_shared_scores_agree_with_the_simulator() -> None:
    for shared in (0.0, 0.15):
        grid = shared_grid(HOME, AWAY, shared)
        ahead = difference(HOME, AWAY, shared)
        assert np.allclose(grid.result(), three_way(ahead).T, atol=1e-7)
        goals = total(HOME, AWAY, shared)
        assert np.allclose(grid.states("totals", "over", 2.5)[:, 0], goals[3:].sum(axis=0), atol=1e-7)
        assert np.allclose(grid.states("btts", "yes")[:, 0], both_score(HOME, AWAY, shared), atol=1e-7)
    assert np.allclose(shared_grid(HOME, AWAY, 0.0).probs, low_score_grid(HOME, AWAY).probs, atol=1e-15)
    x = np.arange(SIZE)
    covariance = np.einsum("nxy,x,y->n", shared_grid(HOME, AWAY, 0.15).probs, x, x) - HOME * AWAY
    assert np.allclose(covariance, 0.15, atol=1e-4)


def test_low_scores_are_corrected_as_in_the_paper_and_sums_stay() -> None:
    rho = -0.1
    plain, grid = low_score_grid(HOME, AWAY).probs, low_score_grid(HOME, AWAY, rho).probs
    for score, factor in {
        (0, 0): 1 - HOME * AWAY * rho, (0, 1): 1 + HOME * rho, (1, 0): 1 + AWAY * rho, (1, 1): np.full(3, 1 - rho),
        (2, 1): np.ones(3), (0, 3): np.ones(3),
    }.items():  # fmt: skip
        assert np.allclose(grid[(slice(None), *score)] / plain[(slice(None), *score)], factor, atol=1e-7)
    margins = plain.sum(axis=2), grid.sum(axis=2)
    assert np.allclose(*margins, atol=1e-7), "the correction keeps the distribution of each side (their section 4.2)"
    assert np.allclose(plain[0, 1, 2], math.exp(-2.6) * 1.5 * 1.1**2 / 2, atol=1e-9)


def test_a_dependence_out_of_bounds_is_moved_to_the_bound() -> None:
    for rho in (-5.0, 5.0):
        grid = low_score_grid([2.5, 0.4], [1.7, 0.3], rho)
        assert (grid.probs >= 0).all() and np.allclose(grid.probs.sum(axis=(1, 2)), 1.0)
    assert (low_score_grid(2.5, 1.7, 5.0).probs == low_score_grid(2.5, 1.7, 1 / (2.5 * 1.7)).probs).all()
    assert (shared_grid(2.5, 1.7, 9.0).probs == shared_grid(2.5, 1.7, 1.7).probs).all()


def test_a_row_does_not_depend_on_its_neighbours_and_unknown_rates_give_unknown_prices() -> None:
    whole = low_score_grid(np.append(HOME, np.nan), np.append(AWAY, 1.0), -0.07)
    for row in range(3):
        alone = low_score_grid(HOME[row], AWAY[row], -0.07)
        assert (alone.probs[0] == whole.probs[row]).all()
        assert (alone.result()[0] == whole.result()[row]).all()
    assert np.isnan(whole.result()[3]).all() and np.isnan(whole.states("correct_score", "9-9")[3]).all()
    assert not np.isnan(whole.result()[:3]).any()


def test_more_goals_than_the_grid_has_and_an_unknown_dependence_have_no_prices() -> None:
    home, away, row = np.array([25.0, 12.0, 8.0, 6.0]), np.array([20.0, 9.0, 1.0, 5.0]), np.arange(30)
    held = [math.exp(-rate) * np.array([rate**k / math.factorial(k) for k in row[:SIZE]]).sum() for rate in (8.0, 6.0)]
    assert held[0] < 0.999 < held[1] * 0.9999, "a rate of 8 leaves the grid in more than 1 match of 1,000, 6 does not"
    for grid in (low_score_grid(home, away, -0.05), shared_grid(home, away, 0.1)):
        assert np.isnan(grid.probs[:3]).all() and np.isnan(grid.states("totals", "over", 40.5)[:3]).all()
        # by hand, P(A > B) of 30 x 30 scores
        parts = [np.array([math.exp(-r) * r ** int(k) / math.factorial(int(k)) for k in row]) for r in (6.0, 5.0)]
        assert grid.result()[3, 0] == pytest.approx(np.tril(np.outer(*parts), -1).sum(), abs=0.006)
    nan = np.array([np.nan, 0.1])
    for grid in (low_score_grid([1.4, 1.4], 1.0, nan), shared_grid([1.4, 1.4], 1.0, nan)):
        assert np.isnan(grid.result()[0]).all() and not np.isnan(grid.result()[1]).any()


def test_a_bet_at_fair_odds_is_worth_nothing() -> None:
    grid = low_score_grid(HOME, AWAY, -0.08)
    for market, selection, line in bets():
        states = grid.states(market, selection, line)
        assert np.allclose(edge_states(states[:, :4], fair_odds(states)), 0.0, atol=1e-9)
    assert np.isinf(fair_odds(np.array([0.0, 0.0, 0.2, 0.0, 0.8])))


@pytest.mark.parametrize(
    "bet",
    [("1x2", "yes", None), ("moneyline", "home", None), ("totals", "over", 2.3), ("totals", "over", None),
     ("correct_score", "01-2", None), ("corners_totals", "over", 9.5)],
)  # fmt: skip
def test_what_no_score_settles_is_refused(bet: tuple[str, str, float | None]) -> None:
    with pytest.raises(DataError):
        low_score_grid(HOME, AWAY).states(*bet)


def test_a_grid_of_nine_scores() -> None:
    probs = np.zeros((1, SIZE, SIZE))
    probs[0, :3, :3] = [[0.1, 0.2, 0.1], [0.2, 0.1, 0.05], [0.1, 0.05, 0.1]]
    grid = ScoreGrid(probs)
    assert grid.result()[0] == pytest.approx([0.35, 0.3, 0.35])
    expected = {
        ("totals", "under", 2.0): (0.5, 0.0, 0.3, 0.0, 0.2), ("totals", "under", 2.25): (0.5, 0.3, 0.0, 0.0, 0.2),
        ("asian_handicap", "home", 0.0): (0.35, 0.0, 0.3, 0.0, 0.35),
        ("asian_handicap", "home", -1.0): (0.1, 0.0, 0.25, 0.0, 0.65),
    }  # fmt: skip
    for (market, selection, line), states in expected.items():
        assert grid.states(market, selection, line)[0] == pytest.approx(states), (market, line)
