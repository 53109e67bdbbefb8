"""The self-test of the harness: what it finds when something is wrong."""

from __future__ import annotations

import numpy as np

from research.judging import selftest
from research.judging.selftest import Check, failed, self_test

N = 4_000


def world(seed: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A market, its prices with a margin, and outcomes that follow it."""
    rng = np.random.default_rng(seed)
    prob = rng.dirichlet(np.full(3, 3.0), N)
    outcome = (prob.cumsum(axis=1) < rng.random((N, 1))).sum(axis=1).clip(0, 2)
    return prob, 1.0 / (prob * 1.03), outcome


def checks(prob: np.ndarray, odds: np.ndarray, outcome: np.ndarray) -> tuple[Check, ...]:
    """The self-test of one market."""
    return self_test({"market_close": prob}, {"market_close": odds}, "market_close", outcome, np.random.default_rng(0))


def test_a_sound_market_passes_every_check() -> None:
    assert all(check.passed for check in checks(*world()))


def test_a_market_that_knows_nothing_is_found() -> None:
    prob, odds, outcome = world()
    found = failed(checks(prob[::-1], odds[::-1], outcome))
    assert [check.name.split()[0] for check in found] == ["cheater,"]


def test_a_forecast_fitted_to_the_shuffle_is_found() -> None:
    prob, odds, outcome = world()
    shuffled = np.random.default_rng(0).permutation(outcome)
    leak = selftest.cheater(shuffled, 3)
    found = self_test(
        {"market_close": prob, "leak": leak}, {"market_close": odds}, "market_close", outcome, np.random.default_rng(0)
    )
    assert [check.name for check in failed(found)] == ["on shuffled outcomes no forecast beats the shares"]


def test_probabilities_that_are_not_those_of_the_prices_place_bets() -> None:
    prob, odds, outcome = world()
    (found,) = failed(checks(prob, odds * 1.05, outcome)[:3]) or (None,)
    assert found is None
    moved = prob.copy()
    moved[:, 0], moved[:, 2] = prob[:, 0] * 1.1, prob[:, 2] - prob[:, 0] * 0.1
    assert any("its own prices" in check.name for check in failed(checks(moved, odds, outcome)))


def test_a_book_below_one_hundred_percent_is_counted_and_no_failure() -> None:
    prob, odds, outcome = world()
    odds[:7] = 1.0 / (prob[:7] * 0.98)
    own = checks(prob, odds, outcome)[-1]
    assert own.passed and "7 books below 100 %" in own.words


def test_few_events_fail_nothing_by_chance() -> None:
    prob, odds, outcome = world()
    found = checks(prob[:20][::-1], odds[:20][::-1], outcome[:20])
    assert found[0].passed is not False
    assert found[1].passed is True
