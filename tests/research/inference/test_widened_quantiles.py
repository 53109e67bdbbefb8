"""Widened ends of differences: the definition step by step, the normal case, few decisive events, coverage."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from research.inference.bootstrap import FEWEST_EVENTS, generator, ratio_interval, student_quantile
from research.inference.differences import difference_interval, widened_quantiles

NORMAL = NormalDist()


def test_ends_of_a_mean_follow_the_definition() -> None:
    """The jackknife deviation of a mean is s / sqrt(m); percentiles of the replicates are stretched in proportion."""
    rng = np.random.default_rng(1)
    values = rng.exponential(size=30)
    mean, m = float(values.mean()), len(values)
    replicates = np.array([rng.choice(values, m).mean() for _ in range(500)])
    leave_one_out = np.array([np.delete(values, k).mean() for k in range(m)])
    found = widened_quantiles(replicates, mean, leave_one_out, [0.05, 0.95])
    apart = [one - mean for one in values]
    kurtosis = m * sum(one**4 for one in apart) / sum(one**2 for one in apart) ** 2
    freedom = min(m - 1, max(4.0, 2 * m / (kurtosis - 1)))
    wider = max(1.0, values.std(ddof=1) / math.sqrt(m) / replicates.std(ddof=1))
    for share, end in zip((0.05, 0.95), found, strict=True):
        factor = wider * student_quantile(share, freedom) / NORMAL.inv_cdf(share)
        assert end == pytest.approx(mean + factor * (np.quantile(replicates, share) - mean), rel=1e-9)


def test_many_equal_events_need_no_widening() -> None:
    rng = np.random.default_rng(2)
    top, event = rng.normal(0.1, 1.0, 2_000), np.arange(2_000)
    found = difference_interval(top, np.ones(2_000), event, generator(1, "w"), replicates=4_000)
    expected = 1.6449 * top.std() / math.sqrt(2_000)
    assert found.estimate == pytest.approx(top.mean())
    assert (found.high - found.low) / 2 == pytest.approx(expected, rel=0.05)


def test_few_decisive_events_widen_the_interval() -> None:
    """Three of sixty events differ: 4 degrees of freedom, 2.13 for 1.64; plain percentiles are a third narrower."""
    top = np.zeros(60)
    top[:3] = 1.0
    found = difference_interval(top, np.ones(60), np.arange(60), generator(2, "w"), replicates=3_000)
    index = generator(2, "w").integers(0, 60, size=(3_000, 60), dtype=np.int64)
    low, high = np.quantile(top[index].mean(axis=1), [0.05, 0.95])
    # 2 * 60 / (kurtosis - 1) with kurtosis (1 - 3 p q) / (p q) at p = 1 / 20
    freedom = max(4.0, 120 / ((1 - 3 * 0.0475) / 0.0475 - 1))
    factor = student_quantile(0.95, freedom) / 1.6449 * max(1.0, math.sqrt(0.0475 / 59) / found.se)
    assert found.high - 0.05 == pytest.approx(factor * (high - 0.05), rel=1e-3)
    assert found.low - 0.05 == pytest.approx(factor * (low - 0.05), rel=1e-3)
    assert factor > 1.1


def test_too_little_data_give_no_interval() -> None:
    few = difference_interval(
        np.arange(FEWEST_EVENTS - 1), np.ones(FEWEST_EVENTS - 1), np.arange(FEWEST_EVENTS - 1), generator(0, "few")
    )
    same = difference_interval(np.zeros(50), np.ones(50), np.arange(50), generator(0, "same"))
    none = difference_interval([], [], [], generator(0, "none"))
    assert few.estimate == pytest.approx((FEWEST_EVENTS - 2) / 2) and not few.known
    assert same.estimate == 0.0 and not same.known
    assert math.isnan(none.estimate) and not none.known


@pytest.mark.slow
def test_differences_of_scores_are_covered_better_than_by_bca_ends() -> None:
    """Fifty bets at odds of 7, twice each: log loss of a noisy probability minus that of a better one, 400 logs."""
    rng, held, plainly, truth = np.random.default_rng(3), 0, 0, None
    chance, n = 1 / 7, 50
    truth = expected_difference(chance, np.random.default_rng(4))
    for trial in range(400):
        own, market = (chance * np.exp(sd * rng.standard_normal(n)) for sd in (0.1, 0.05))
        won = rng.random(n) < chance
        gap = np.where(won, -np.log(own / market), -np.log((1 - own) / (1 - market))).repeat(2)
        event = np.arange(n).repeat(2)
        found = difference_interval(gap, np.ones(2 * n), event, generator(trial, "score"), replicates=300)
        plain = ratio_interval(gap, np.ones(2 * n), event, generator(trial, "score"), replicates=300)
        held += found.low <= truth <= found.high
        plainly += plain.low <= truth <= plain.high
    assert 0.86 <= held / 400 <= 0.95
    assert plainly < held


def expected_difference(chance: float, rng: np.random.Generator) -> float:
    own, market = (chance * np.exp(sd * rng.standard_normal(1_000_000)) for sd in (0.1, 0.05))
    losses = [-(chance * np.log(prob) + (1 - chance) * np.log1p(-prob)).mean() for prob in (own, market)]
    return float(losses[0] - losses[1])
