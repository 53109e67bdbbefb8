"""The probability of overfitting, compared with a plain loop, exact cases and noise."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from engine.errors import ConfigurationError
from research.inference.block_bootstrap import resampled_order
from research.inference.distinct import distinct_columns
from research.inference.overfit import NullSeries, overfitting

Series = np.ndarray


def by_hand(returns: Series, blocks: int, metric: str) -> tuple[list[float], list[float], list[float]]:
    """Every split in plain Python; in-sample blocks in the order of `combinations`, which includes complements."""
    cuts = [round(k * len(returns) / blocks) for k in range(blocks + 1)]
    parts = [list(range(cuts[k], cuts[k + 1])) for k in range(blocks)]

    def value(rows: list[int], column: int) -> float:
        found = returns[rows, column]
        if metric == "mean":
            return float(found.mean())
        return float(found.mean() / found.std(ddof=1)) if np.ptp(found) > 0 else 0.0

    logits, inside, outside = [], [], []
    for half in combinations(range(blocks), blocks // 2):
        rows = [day for block in half for day in parts[block]]
        others = [day for block in range(blocks) if block not in half for day in parts[block]]
        first = [value(rows, c) for c in range(returns.shape[1])]
        second = [value(others, c) for c in range(returns.shape[1])]
        best = first.index(max(first))
        rank = sum(x < second[best] for x in second) + (sum(x == second[best] for x in second) + 1) / 2
        share = rank / (len(second) + 1)
        logits.append(math.log(share / (1 - share)))
        inside.append(first[best])
        outside.append(second[best])
    return logits, inside, outside


@pytest.mark.parametrize("metric", ["mean", "sharpe"])
@pytest.mark.parametrize("days", [24, 53])
def test_splits_equal_a_plain_loop(metric: str, days: int) -> None:
    returns = np.random.default_rng(days).normal(size=(days, 7))
    returns[:, 3] = 0.0
    found = overfitting(returns, 6, metric)
    logits, inside, outside = by_hand(returns, 6, metric)
    assert np.sort(found.logits) == pytest.approx(sorted(logits), abs=1e-12)
    pairs = sorted(zip(inside, outside, strict=True))
    values = np.array(sorted(zip(found.in_sample, found.out_of_sample, strict=True)))
    assert values == pytest.approx(np.array(pairs), abs=1e-12)
    assert found.probability == pytest.approx(np.mean(np.array(logits) <= 0))
    assert found.loss == pytest.approx(np.mean(np.array(outside) < 0))
    assert found.slope == pytest.approx(np.polyfit(inside, outside, 1)[0], abs=1e-9)


def test_equal_means_over_all_days_are_always_overfitted() -> None:
    returns = np.random.default_rng(1).normal(size=(200, 30))
    assert overfitting(returns - returns.mean(axis=0), 8, "mean").probability == 1.0


def test_noise_has_a_probability_of_one_half() -> None:
    found = [overfitting(np.random.default_rng(k).normal(size=(1000, 100)), 8).probability for k in range(300)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.04)
    assert np.std(found) == pytest.approx(0.16, abs=0.03)


def test_a_true_edge_is_not_overfitted() -> None:
    found = []
    for k in range(60):
        returns = np.random.default_rng((9, k)).normal(size=(1000, 200))
        returns[:, :20] += 0.15
        found.append(overfitting(returns, 8).probability)
    assert np.mean(found) == pytest.approx(0.002, abs=0.006)


def test_data_that_cannot_be_validated_are_refused() -> None:
    returns = np.zeros((40, 3))
    for given, blocks, metric in (
        (returns, 5, "mean"), (returns, 0, "mean"), (returns, 22, "mean"), (returns[:, :1], 4, "mean"),
        (returns, 4, "median"),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError):
            overfitting(given, blocks, metric)
    still = overfitting(returns, 4)
    assert still.loss == 0.0 and math.isnan(still.slope) and (still.logits == 0.0).all()


def test_a_replica_of_the_null_is_the_cross_validation_of_its_centred_resampled_days() -> None:
    rng = np.random.default_rng(8)
    returns = (rng.normal(size=(90, 12)) * (rng.random((90, 12)) < 0.3)).astype(np.float32)
    returns[::4] = 0.0  # days on which nothing happens
    returns[:, 5] = returns[:, 2]
    returns[:, 9] = 0.0
    returns[7, 9] = 1.0  # one bet: constant in the halves without it
    sample, order = np.array([9, 5, 1, 2, 0, 11, 4]), resampled_order(len(returns), 2.0, rng)
    found = NullSeries.of(returns, distinct_columns(returns)).crossed(sample, order, 6, None)
    exact = returns[:, sample].astype(np.float64)
    plain = overfitting((exact - exact.mean(axis=0))[order], 6)
    assert found.logits == pytest.approx(plain.logits, abs=1e-12)
    assert found.in_sample == pytest.approx(plain.in_sample, abs=1e-9)
    assert found.out_of_sample == pytest.approx(plain.out_of_sample, abs=1e-9)


def test_configurations_with_one_bet_in_a_half_tie_whatever_the_size_of_the_bet() -> None:
    returns = np.zeros((40, 9), np.float32)
    returns[3] = np.random.default_rng(1).uniform(0.1, 0.9, 9)  # one gain each, of different size
    returns[33] = returns[3] / np.float32(3.0)
    assert overfitting(returns, 2).logits == pytest.approx([0.0, 0.0])
