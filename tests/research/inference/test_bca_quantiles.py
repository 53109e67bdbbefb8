"""BCa ends of bootstrap intervals: published tables, the formula step by step, the symmetric case, coverage."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from research.inference.bootstrap import bca_quantiles, generator, ratio_interval, ratio_quantiles, student_quantile

NORMAL = NormalDist()


@pytest.mark.parametrize(
    ("share", "freedom", "printed"),
    [(0.95, 9, 1.833), (0.975, 10, 2.228), (0.95, 20, 1.725), (0.995, 30, 2.750), (0.9, 60, 1.296)],
)
def test_quantiles_of_student_match_printed_tables(share: float, freedom: float, printed: float) -> None:
    assert student_quantile(share, freedom) == pytest.approx(printed, abs=2e-3)
    assert student_quantile(1.0 - share, freedom) == pytest.approx(-student_quantile(share, freedom))


def test_without_bias_and_skewness_the_ends_are_quantiles_of_student() -> None:
    """Replicates are normal quantiles around the estimate, influence is symmetric: -+ t * sqrt(m / (m - 1))."""
    replicates = np.array([NORMAL.inv_cdf((k + 0.5) / 20_001) for k in range(20_001)])
    influence = np.concatenate([np.arange(1.0, 11.0), -np.arange(1.0, 11.0)])
    low, high = bca_quantiles(replicates, 0.0, influence, [0.05, 0.95])
    expected = 1.729 * math.sqrt(20 / 19)
    assert (low, high) == pytest.approx((-expected, expected), abs=3e-3)


def test_ends_follow_the_equations_step_by_step() -> None:
    rng = np.random.default_rng(3)
    values = rng.exponential(size=25)
    replicates = np.array([rng.choice(values, 25).mean() for _ in range(800)])
    influence = values - values.mean()
    found = bca_quantiles(replicates, float(values.mean()), influence, [0.05, 0.5, 0.95])
    bias = NORMAL.inv_cdf(sum(one < values.mean() for one in replicates) / 800)
    skewed = sum(one**3 for one in influence) / (6.0 * sum(one**2 for one in influence) ** 1.5)
    ordered = sorted(replicates)
    for share, end in zip((0.05, 0.5, 0.95), found, strict=True):
        at = bias + student_quantile(share, 24) * math.sqrt(25 / 24)
        place = 799 * NORMAL.cdf(bias + at / (1.0 - skewed * at))
        below = int(place)
        assert end == pytest.approx(ordered[below] + (place - below) * (ordered[below + 1] - ordered[below]), rel=1e-9)
    assert found[0] < found[1] < found[2]


def test_equal_shares_on_both_sides_of_the_estimate_give_no_bias() -> None:
    """Few distinct results: replicates equal to the estimate count half below and half above."""
    replicates = np.repeat([-1.0, 0.0, 1.0], [100, 300, 100])
    low, high = bca_quantiles(replicates, 0.0, np.array([1.0, -1.0] * 30), [0.05, 0.95])
    assert (low, high) == (-1.0, 1.0)


def test_one_sided_ends_equal_those_of_intervals() -> None:
    rng = np.random.default_rng(4)
    top, bottom, event = rng.normal(size=200), rng.uniform(1, 2, 200), np.arange(200) // 2
    shares = ratio_quantiles(top, bottom, event, generator(1, "s"), (0.05, 0.2, 0.95))
    wide = ratio_interval(top, bottom, event, generator(1, "s"))
    narrow = ratio_interval(top, bottom, event, generator(1, "s"), level=0.6)
    assert shares == pytest.approx((wide.low, narrow.low, wide.high))
    assert ratio_quantiles(top[:4], bottom[:4], event[:4], generator(1, "s"), (0.5,)) is None


def test_intervals_of_skewed_yields_miss_equally_on_both_sides() -> None:
    """Forty bets at odds of 5, 400 times. Percentiles miss above three times as often as below; BCa ends do not."""
    rng, below, above = np.random.default_rng(5), 0, 0
    for trial in range(400):
        event = np.arange(80) // 2
        profit = np.where((rng.random(40) < 1 / 5)[event], 4.0, -1.0)
        found = ratio_interval(profit, np.ones(80), event, generator(trial, "skewed"), replicates=300)
        below, above = below + (found.high < 0.0), above + (found.low > 0.0)
    assert 0.87 <= 1.0 - (below + above) / 400 <= 0.95
    assert below <= 2 * above + 12
