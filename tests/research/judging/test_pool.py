"""The weight in a blend: planted weights come back, and what the market knows gets none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from research.judging.blocks import Weeks
from research.judging.pool import blended, pool_of
from research.judging.scores import log_losses

N = 6_000


def drawn(prob: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Outcomes that happen with their probabilities."""
    return (prob.cumsum(axis=1) < rng.random((len(prob), 1))).sum(axis=1).clip(0, prob.shape[1] - 1)


def weeks(n: int, resamples: int = 400) -> Weeks:
    """Ten events a week."""
    dates = pl.Series([dt.date(2010, 1, 4) + dt.timedelta(weeks=i // 10) for i in range(n)])
    return Weeks.of(dates, resamples, np.random.default_rng(1))


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
    outcome = drawn(blended(np.log(np.stack([market, model], axis=2)), np.array([a, b])), rng)
    found = pool_of(market, model, outcome, weeks(N), 0.99)
    assert found.weight.low < b < found.weight.high
    assert found.market == pytest.approx(a, abs=0.12) and found.weight.value == pytest.approx(b, abs=0.12)


def test_no_other_exponents_give_a_lower_log_loss() -> None:
    rng = np.random.default_rng(12)
    market, model = two_forecasts(rng, 800)
    outcome = drawn(market, rng)
    found = pool_of(market, model, outcome, weeks(800), 0.9)
    assert found.weight_at(0.99) == pool_of(market, model, outcome, weeks(800), 0.99).weight
    logs = np.log(np.stack([market, model], axis=2))

    def loss(a: float, b: float) -> float:
        return float(log_losses(blended(logs, np.array([a, b])), outcome).mean())

    best = loss(found.market, found.weight.value)
    steps = [-1e-3, 0.0, 1e-3]
    assert all(loss(found.market + da, found.weight.value + db) > best for da in steps for db in steps if da or db)
    alone = min(loss(a, 0.0) for a in np.linspace(0.5, 1.5, 2001))
    assert found.gain == pytest.approx(alone - best, abs=1e-6)


def test_one_newton_step_a_resample_is_as_good_as_a_whole_fit() -> None:
    rng = np.random.default_rng(13)
    market, model = two_forecasts(rng, 2_000)
    outcome, few = drawn(market, rng), weeks(2_000, 60)
    found = pool_of(market, model, outcome, few, 0.9)
    whole = []
    for row in few.counts.astype(int):
        taken = np.repeat(np.arange(2_000), row[few.place])
        again = pool_of(market[taken], model[taken], outcome[taken], weeks(len(taken), 1), 0.9)
        whole.append(again.weight.value)
    low, high = np.quantile(whole, [0.05, 0.95])
    assert (found.weight.low, found.weight.high) == pytest.approx((low, high), abs=0.004)


def test_the_market_against_itself_has_no_weight() -> None:
    rng = np.random.default_rng(14)
    market, _ = two_forecasts(rng, 300)
    found = pool_of(market, market.copy(), drawn(market, rng), weeks(300), 0.9)
    assert np.isnan(found.weight.value) and np.isnan(found.gain)
    flat = np.full_like(market, 1.0 / 3.0)
    assert np.isnan(pool_of(market, flat, drawn(market, rng), weeks(300), 0.9).weight.value)
