"""The weight in a blend: planted weights come back, and what the market knows gets none."""

from __future__ import annotations

import numpy as np
import pytest

from research.judging.pool import pool_of
from research.judging.scores import log_losses
from research.judging.settings import CLOSE
from research.judging.table import TOO_FEW, table_of
from research.regression.pool import fitted
from tests.research.judging.made import drawn, weeks_of

N = 6_000


def blended(market: np.ndarray, model: np.ndarray, a: float, b: float) -> np.ndarray:
    """The pool, from its definition."""
    product = market**a * model**b
    return product / product.sum(axis=1, keepdims=True)


def two_forecasts(rng: np.random.Generator, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """Two forecasts that agree in part."""
    base = rng.normal(size=(n, 3))
    scores = [base * 0.6 + rng.normal(size=(n, 3)) * 0.4 for _ in range(2)]
    first, second = (np.exp(s) / np.exp(s).sum(axis=1, keepdims=True) for s in scores)
    return first, second


@pytest.mark.parametrize(("a", "b"), [(0.7, 0.4), (1.1, -0.2), (1.0, 0.0)])
def test_planted_exponents_come_back(a: float, b: float) -> None:
    rng = np.random.default_rng(11)
    market, model = two_forecasts(rng)
    outcome = drawn(blended(market, model, a, b), rng)
    found = pool_of(market, model, outcome, weeks_of(N))
    assert found.weight.low < b < found.weight.high
    assert found.market == pytest.approx(a, abs=0.12) and found.weight.value == pytest.approx(b, abs=0.12)
    assert found.is_above_zero(0.001) == (b > 0.1)


def test_no_other_exponents_give_a_lower_log_loss() -> None:
    rng = np.random.default_rng(12)
    market, model = two_forecasts(rng, 800)
    outcome = drawn(market, rng)
    found = pool_of(market, model, outcome, weeks_of(800))

    def loss(a: float, b: float) -> float:
        return float(log_losses(blended(market, model, a, b), outcome).mean())

    best = loss(found.market, found.weight.value)
    steps = [-1e-3, 0.0, 1e-3]
    assert all(loss(found.market + da, found.weight.value + db) > best for da in steps for db in steps if da or db)
    alone = min(loss(a, 0.0) for a in np.linspace(0.5, 1.5, 2001))
    assert found.gain == pytest.approx(alone - best, abs=1e-6)


def test_the_interval_is_that_of_whole_fits_of_resampled_weeks() -> None:
    rng = np.random.default_rng(13)
    market, model = two_forecasts(rng, 2_000)
    outcome, few = drawn(market, rng), weeks_of(2_000, 200)
    found = pool_of(market, model, outcome, few)
    whole = []
    for row in few.counts.astype(int):
        taken = np.repeat(np.arange(2_000), row[few.place])
        whole.append(fitted([market[taken], model[taken]], outcome[taken], "a test").weights[1])
    low, high = np.quantile(whole, [0.05, 0.95])
    assert found.weight.high - found.weight.low == pytest.approx(high - low, rel=0.12)
    assert found.weight.low + found.weight.high == pytest.approx(low + high, abs=0.05)


@pytest.mark.parametrize("n_weeks", [1, 3, 8, 19])
def test_noise_over_few_weeks_has_a_weight_and_no_verdict(n_weeks: int) -> None:
    rng = np.random.default_rng(n_weeks)
    market, model = two_forecasts(rng, 10 * n_weeks)
    outcome, few = drawn(model, rng), weeks_of(10 * n_weeks)  # the model is right: only the weeks are missing
    found = pool_of(market, model, outcome, few)
    assert np.isfinite(found.weight.value) and not found.weight.known and not found.is_above_zero(0.05)
    assert [row.verdict for row in table_of({CLOSE: market, "model": model}, {CLOSE: market}, outcome, few)] == [
        "the market itself", TOO_FEW,
    ]  # fmt: skip


def test_noise_beside_the_market_is_above_zero_as_often_as_promised() -> None:
    rng, found = np.random.default_rng(15), 0
    for _ in range(300):
        market, model = two_forecasts(rng, 200)
        found += pool_of(market, model, drawn(market, rng), weeks_of(200, 2)).is_above_zero(0.05)
    assert 6 <= found <= 26  # 15 expected, standard deviation 3.8


def test_the_market_against_itself_has_no_weight() -> None:
    rng = np.random.default_rng(14)
    market, _ = two_forecasts(rng, 300)
    outcome = drawn(market, rng)
    nearly = market * (1.0 + 1e-7 * rng.normal(size=market.shape))
    for other in (market.copy(), nearly, np.full_like(market, 1.0 / 3.0), np.eye(3)[outcome]):
        found = pool_of(market, other, outcome, weeks_of(300))
        assert np.isnan(found.weight.value) and np.isnan(found.gain) and not found.is_above_zero(0.4)
