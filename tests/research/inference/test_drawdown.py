"""Drawdown and ruin, compared with a plain loop, an exact Markov chain and the reflection principle."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import DataError
from research.inference.block_bootstrap import block_length, resampled_order
from research.inference.bootstrap import generator
from research.inference.drawdown import DEPTHS, QUANTILES, drawdowns, max_drawdown


def walked(returns: list[float]) -> tuple[float, float]:
    """Maximum drawdown and lowest equity, day by day."""
    equity = peak = lowest = 1.0
    deepest = 0.0
    for gained in returns:
        equity = max(0.0, equity * (1.0 + gained))
        peak, lowest = max(peak, equity), min(lowest, equity)
        deepest = max(deepest, (peak - equity) / peak)
    return deepest, lowest


def test_paths_equal_a_plain_loop() -> None:
    returns = np.random.default_rng(0).normal(0.001, 0.05, 300)
    found = drawdowns(returns, generator(1, "loop"), paths=40, ruin=(0.5, 0.25, 0.0), length=6.0)
    rng = generator(1, "loop")
    for path in range(40):
        deepest, lowest = walked(returns[resampled_order(300, 6.0, rng)].tolist())
        assert found.simulated[path] == pytest.approx(deepest, abs=1e-12)
        assert found.lowest[path] == pytest.approx(lowest, abs=1e-12)
    assert found.observed == pytest.approx(walked(returns.tolist())[0], abs=1e-12)
    assert found.days == 300 and found.block_length == 6.0
    for fall in DEPTHS:
        assert found.depth_probabilities[fall] == sum(value >= fall for value in found.simulated) / 40
    for level in (0.5, 0.25, 0.0):
        assert found.ruin[level] == sum(value <= level for value in found.lowest) / 40
    assert 0.0 < found.ruin[0.5] < 1.0 and found.ruin[0.0] == 0.0
    assert list(found.quantiles) == list(QUANTILES)
    assert found.quantiles[0.5] == pytest.approx(float(np.median(found.simulated)))


def coin(n: int, step: float) -> np.ndarray:
    """As many days that multiply equity by exp(step) as by exp(-step)."""
    return np.expm1(np.tile([step, -step], n // 2))


def test_the_drawdown_of_coin_tosses_equals_that_of_an_exact_chain() -> None:
    """The distance to the peak is a random walk reflected at 0; the chain gives P(k is not reached in n steps)."""
    n, step, paths = 200, 0.01, 4_000
    found = drawdowns(coin(n, step), generator(2, "chain"), paths=paths, length=1.0)
    for k in (10, 16, 25):
        chain = np.zeros(k)
        chain[0] = 1.0
        for _ in range(n):
            after = np.zeros(k)
            after[0] += 0.5 * chain[0]
            after[:-1] += 0.5 * chain[1:]
            after[1:] += 0.5 * chain[:-1]
            chain = after
        wanted = 1.0 - chain.sum()
        got = found.at_least(-math.expm1(-step * (k - 0.5)))
        assert 0.02 < wanted < 0.98
        assert got == pytest.approx(wanted, abs=4 * math.sqrt(wanted * (1 - wanted) / paths))


def test_risk_of_ruin_of_coin_tosses_follows_the_reflection_principle() -> None:
    n, step, paths, k = 200, 0.02, 4_000, 12
    ends = np.array([math.comb(n, heads) for heads in range(n + 1)], float) / 2.0**n
    place = 2 * np.arange(n + 1) - n
    wanted = float(ends[place <= -k].sum() + ends[place < -k].sum())
    level = math.exp(-step * (k - 0.5))
    found = drawdowns(coin(n, step), generator(3, "ruin"), paths=paths, ruin=(level,), length=1.0)
    assert found.ruin[level] == pytest.approx(wanted, abs=4 * math.sqrt(wanted * (1 - wanted) / paths))


def test_a_day_that_loses_all_ends_the_path() -> None:
    returns = [0.1, -1.5, 9.0, 0.2] * 10
    assert max_drawdown(returns) == 1.0
    found = drawdowns(returns, generator(4, "all"), paths=200, ruin=(0.0, 0.5), length=2.0)
    assert found.ruin[0.0] == pytest.approx(1.0, abs=0.01) and found.depth_probabilities[0.5] >= found.ruin[0.0]


def test_runs_of_bad_days_give_deeper_drawdowns() -> None:
    """The automatic block length keeps the dependence; resampling single days loses it."""
    noise, returns = np.random.default_rng(5).normal(0.0, 0.01, 2_000), np.zeros(2_000)
    for day in range(1, 2_000):
        returns[day] = 0.7 * returns[day - 1] + noise[day]
    kept = drawdowns(returns, generator(5, "a"), paths=300)
    lost = drawdowns(returns, generator(5, "a"), paths=300, length=1.0)
    assert kept.block_length == block_length(returns) > 5.0
    assert kept.quantiles[0.5] > 1.3 * lost.quantiles[0.5]


def test_without_bets_there_is_no_drawdown() -> None:
    for returns in ([], np.zeros(100)):
        found = drawdowns(returns, generator(6, "none"), paths=10)
        assert found.observed == 0.0 and not found.simulated.any() and (found.lowest == 1.0).all()
        assert found.ruin == {0.5: 0.0, 0.1: 0.0} and len(found.simulated) == 10


def test_gains_only_give_no_drawdown_and_do_not_overflow() -> None:
    found = drawdowns(np.full(5_000, 1.5), generator(7, "up"), paths=5)
    assert found.observed == 0.0 and not found.simulated.any() and (found.lowest == 1.0).all()


def test_missing_returns_and_wrong_levels_are_refused() -> None:
    with pytest.raises(DataError, match="daily return is missing"):
        drawdowns([0.1, float("nan")], generator(8, "nan"))
    with pytest.raises(DataError, match="level of ruin"):
        drawdowns([0.1, 0.2], generator(8, "level"), ruin=(1.0,))
