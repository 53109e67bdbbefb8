"""Kelly stakes against closed forms, and against numerical searches for the largest expected log growth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from engine.betting.kelly import kelly_market, kelly_shrunk, kelly_single, kelly_states, shrinkage_factor

Floats = NDArray[np.float64]


def test_the_reference_cases(reference_dir: Path) -> None:
    cases = json.loads((reference_dir / "reference" / "kelly.json").read_text())["cases"]
    assert len(cases) == 8
    for case in cases:
        want = [float(digits) for digits in case["stake_frac"]]
        assert_allclose(kelly_market([case["odds"]], [case["prob"]])[0], want, atol=1e-14)
        if len(want) == 1:
            assert_allclose(kelly_single(case["odds"], case["prob"]), want, atol=1e-14)


def test_single_with_commission() -> None:
    net = 1 + 1.2 * 0.95
    assert float(kelly_single(2.2, 0.5, 0.05)) == pytest.approx((0.5 * net - 1) / (net - 1))
    assert_array_equal(kelly_single([2.0, 1.0, np.nan, 2.0], [0.4, 0.9, 0.9, np.nan]), [0, np.nan, np.nan, np.nan])


@given(st.floats(1.01, 50), st.floats(0, 1), st.floats(0, 0.2))
def test_five_states_without_half_results_match_the_win_lose_bet(odds: float, prob: float, rate: float) -> None:
    want = float(kelly_single(odds, prob, rate))
    assert float(kelly_states(odds, [prob, 0, 0, 0], rate)) == pytest.approx(want, abs=1e-12)


@given(st.floats(1.05, 10), st.lists(st.floats(0.01, 1), min_size=5, max_size=5), st.floats(0, 0.1))
def test_five_states_maximise_growth(odds: float, parts: list[float], rate: float) -> None:
    prob = np.array(parts) / sum(parts)
    stake = float(kelly_states(odds, prob[:4], rate))
    b = (odds - 1) * (1 - rate)
    gains = np.array([b, b / 2, 0, -0.5, -1])
    near = np.clip(stake + np.linspace(-0.01, 0.01, 201), 0, 1 - 1e-12)
    growth = (prob[:, None] * np.log1p(near * gains[:, None])).sum(axis=0)
    best = (prob * np.log1p(min(stake, 1 - 1e-12) * gains)).sum()
    assert best >= growth.max() - 1e-13


def test_five_states_at_the_limits_of_the_stake() -> None:
    assert float(kelly_states(2.0, [0.6, 0, 0.4, 0])) == 1.0  # nothing to lose
    assert float(kelly_states(1.1, [0.2, 0.2, 0.1, 0.2])) == 0.0
    assert np.isnan(kelly_states([np.nan, 1.0], [[0.5, 0, 0, 0]] * 2)).all()
    assert np.isnan(kelly_states(2.0, [0.5, np.nan, 0, 0]))


def growth(stakes: Floats, odds: Floats, prob: Floats) -> float:
    wealth = 1 - stakes.sum() + stakes * odds
    rest = 1 - prob.sum()
    kept = rest * np.log(1 - stakes.sum()) if rest > 1e-12 else 0.0
    return float((prob * np.log(wealth)).sum() + kept)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 7), st.integers(0, 2**32 - 1), st.floats(0.9, 1.3))
def test_stakes_on_a_market_cannot_be_improved(n: int, seed: int, book: float) -> None:
    """Expected log growth is concave, so no small change of the stakes may raise it."""
    rng = np.random.default_rng(seed)
    prob, market = rng.dirichlet(np.full(n, 2.0)), rng.dirichlet(np.full(n, 2.0))
    odds = np.maximum(1 / (book * market), 1.01)
    stakes = kelly_market([odds], [prob])[0]
    best = growth(stakes, odds, prob)
    for _ in range(300):
        move = rng.normal(0, 10 ** rng.uniform(-7, -2), n) * (rng.random(n) < 0.6)
        other = np.maximum(stakes + move, 0)
        if other.sum() < 1 - 1e-9:
            assert growth(other, odds, prob) <= best + 1e-12


def test_stakes_on_a_market_under_100_percent_equal_the_probabilities() -> None:
    prob = np.random.default_rng(2).dirichlet([3, 2, 2], 200)
    odds = 1 / (0.97 * np.random.default_rng(3).dirichlet([3, 2, 2], 200))
    assert_allclose(kelly_market(odds, prob), prob, atol=1e-12)


def test_stakes_are_zero_on_a_market_at_fair_prices() -> None:
    assert_array_equal(kelly_market([[2.0, 4.0, 4.0]], [[0.5, 0.25, 0.25]]), [[0, 0, 0]])


def test_missing_prices_and_invalid_probabilities() -> None:
    stakes = kelly_market([[2.5, np.nan, 2.8], [2.5, 3.0, 2.8]], [[0.5, 0.3, 0.2], [0.5, np.nan, 0.2]])
    assert_allclose(stakes[0], [kelly_single(2.5, 0.5), 0, 0])
    assert np.isnan(stakes[1]).all()
    assert np.isnan(kelly_market([[2.0, 3.0]], [[0.6, 0.6]])).all()
    assert np.isnan(kelly_market([[2.0, 3.0]], [[-0.1, 0.6]])).all()


def test_rows_are_independent() -> None:
    rng = np.random.default_rng(4)
    prob, odds = rng.dirichlet([2, 2, 2, 2], 500), rng.uniform(1.5, 12, (500, 4))
    together = kelly_market(odds, prob)
    for row in range(0, 500, 17):
        assert_array_equal(kelly_market(odds[[row]], prob[[row]]), together[[row]])


def test_shrinkage_with_the_closed_form() -> None:
    stake = float(kelly_single(2.2, 0.5))
    noise = 2.2 / 1.2 * 0.03
    assert float(shrinkage_factor(2.2, 0.5, 0.03)) == pytest.approx(stake**2 / (stake**2 + noise**2))
    assert float(kelly_shrunk(2.2, 0.5, 0.03)) == pytest.approx(stake**3 / (stake**2 + noise**2))
    assert_array_equal(
        kelly_shrunk([2.2, 2.2, 2.2, np.nan], [0.5, 0.4, 0.5, 0.5], [0, 0.03, -1, 0.1]),
        [stake, 0, np.nan, np.nan],
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("odds", "prob", "sd"), [(2.2, 0.5, 0.03), (1.5, 0.7, 0.05), (6.0, 0.2, 0.04), (2.0, 0.55, 0.3)]
)
def test_shrinkage_with_the_exact_factor_maximises_simulated_growth(odds: float, prob: float, sd: float) -> None:
    """Growth of each factor for a bettor whose estimates scatter around the true probability."""
    estimates = prob + sd * np.random.default_rng(5).standard_normal(1_000_000)
    estimates = estimates[(estimates > 0) & (estimates < 1)]
    stake = np.maximum((odds * estimates - 1) / (odds - 1), 0)

    def mean_growth(k: float) -> float:
        return float((prob * np.log1p((odds - 1) * k * stake) + (1 - prob) * np.log1p(-k * stake)).mean())

    factors = np.linspace(0.01, 0.99, 99)
    best = factors[np.argmax([mean_growth(k) for k in factors])]
    exact = float(shrinkage_factor(odds, prob, sd, exact=True))
    assert exact == pytest.approx(best, abs=0.03)
    assert mean_growth(exact) >= mean_growth(float(shrinkage_factor(odds, prob, sd)))
    assert float(kelly_shrunk(odds, prob, sd, exact=True)) == exact * float(kelly_single(odds, prob))


def test_both_factors_agree_for_a_small_standard_error() -> None:
    closed, exact = (shrinkage_factor(2.5, 0.5, [0.005, 0.01], exact=e) for e in (False, True))
    assert_allclose(closed, exact, atol=2e-3)
    assert_array_equal(shrinkage_factor(2.2, [0.5, 0.4], [0.0, 0.02], exact=True), [1.0, 0.0])
