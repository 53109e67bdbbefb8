"""The block bootstrap over days: published block lengths, and the distribution of resamples."""

from __future__ import annotations

import numpy as np
import pytest

from research.inference.block_bootstrap import block_length, circular_block_length, lost_spread, resampled_day_counts


def published() -> np.ndarray:
    draws = np.random.RandomState(0).standard_normal(10_100)
    series = draws.copy()
    for i in range(1, len(series)):
        series[i] = 0.3 * series[i - 1] + draws[i]
    return series[100:]


def test_block_lengths_match_published_values() -> None:
    assert block_length(published()) == pytest.approx(13.635665, abs=1e-6)
    assert circular_block_length(published()) == pytest.approx(15.60894, abs=1e-5)


def test_the_block_length_grows_with_dependence() -> None:
    draws, found = np.random.default_rng(0).normal(size=3_000), []
    for memory in (0.0, 0.4, 0.8):
        series = draws.copy()
        for i in range(1, len(series)):
            series[i] += memory * series[i - 1]
        found.append(block_length(series))
    assert found[0] < found[1] < found[2]
    assert found[0] < 4.0 and found[2] < 3 * 3_000**0.5


def test_constant_and_short_series_have_a_block_length_of_one() -> None:
    for series in ([], [1.0, 2.0], np.zeros(100), np.ones(50)):
        assert block_length(series) == 1.0


@pytest.mark.parametrize("length", [1.0, 4.0, 30.0])
def test_resamples_keep_runs_of_days(length: float) -> None:
    n, many = 400, 600
    counts = resampled_day_counts(n, length, many, np.random.default_rng(1))
    assert counts.dtype == np.float32 and (counts.sum(axis=1) == n).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(n), abs=0.35)
    # the variance of a resampled mean: Politis & Romano (1994), lemma 1
    steps = np.cumsum(np.random.default_rng(3).normal(size=n))
    apart, keep = steps - steps.mean(), 1.0 - 1.0 / length
    lags = np.arange(1, n)
    own = np.array([apart[: n - lag] @ apart[lag:] / n for lag in lags])
    weights = (1.0 - lags / n) * keep**lags + lags / n * keep ** (n - lags)
    wanted = apart @ apart / n + 2.0 * np.sum(weights * own)
    means = counts @ steps / n
    assert means.var() * n == pytest.approx(wanted, rel=0.2)


def test_all_days_are_resampled_equally_often() -> None:
    counts = resampled_day_counts(50, 1.0, 4_000, np.random.default_rng(2))
    assert counts.var(axis=0) == pytest.approx(np.full(50, 1 - 1 / 50), abs=0.12)
    again = resampled_day_counts(50, 1.0, 4_000, np.random.default_rng(2))
    assert (counts == again).all()


@pytest.mark.parametrize("length", [2.0, 5.0, 20.0])
def test_blocks_lose_the_spread_of_a_slow_swing_as_its_formula_says(length: float) -> None:
    noise, swing, rest = np.random.default_rng(1).normal(size=40_000), np.zeros(40_000), 0.7
    for day in range(1, len(swing)):
        swing[day] = rest * swing[day - 1] + noise[day]
    kept = rest * (1.0 - 1.0 / length)
    expected = ((1.0 + rest) / (1.0 - rest)) / ((1.0 + kept) / (1.0 - kept))  # long-run variances of AR(1)
    assert lost_spread(swing, length) == pytest.approx(np.sqrt(expected), rel=0.04)
    assert 1.0 <= lost_spread(noise, length) < 1.02
    assert lost_spread(-np.sign(np.cos(np.pi * np.arange(100))) + 0.1 * noise[:100], length) == 1.0  # never narrower


def test_constant_and_short_series_lose_nothing() -> None:
    assert lost_spread(np.ones(100), 3.0) == lost_spread(np.arange(7.0), 3.0) == 1.0
