"""Skew of the total of bets at their odds."""

from __future__ import annotations

import numpy as np
import pytest

from research.inference.rare import MOST_SKEW, skew_at_odds


def test_one_bet_has_the_skew_of_a_two_point_distribution() -> None:
    for odds in (1.1, 2.0, 5.0, 900.0):
        p = 1.0 / odds
        assert skew_at_odds([odds], [7.0]) == pytest.approx((1.0 - 2.0 * p) / (p * (1.0 - p)) ** 0.5)


def test_the_skew_of_a_sum_agrees_with_simulated_results() -> None:
    rng = np.random.default_rng(1)
    odds, stake = np.array([1.5, 3.0, 12.0, 40.0, 8.0]), np.array([5.0, 2.0, 1.0, 1.0, 0.0])
    won = rng.random((400_000, 5)) < 1.0 / odds
    total = (np.where(won, odds - 1.0, -1.0) * stake).sum(axis=1)
    simulated = np.mean((total - total.mean()) ** 3) / total.std() ** 3
    assert skew_at_odds(odds, stake) == pytest.approx(simulated, rel=0.05)


def test_more_bets_have_less_skew() -> None:
    assert skew_at_odds(np.full(400, 9.0), np.ones(400)) == pytest.approx(skew_at_odds([9.0], [1.0]) / 20.0)
    assert skew_at_odds([], []) == 0.0


def test_which_bets_are_too_rare() -> None:
    """A hundred bets at odds of up to ten have an interval; ten thousand at up to a thousand are at the edge."""
    rng = np.random.default_rng(2)

    def skew(bets: int, low: float, high: float) -> float:
        return skew_at_odds(np.exp(rng.uniform(np.log(low), np.log(high), bets)), np.ones(bets))

    assert skew(100, 1.3, 10.0) < MOST_SKEW > skew(100, 5.0, 10.0)
    assert skew(2_000, 2.0, 1_000.0) > MOST_SKEW < skew(400, 2.0, 1_000.0)
