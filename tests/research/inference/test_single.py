"""One series on its own: closed forms, resamples, and the size of the test."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.block_bootstrap import resampled_order
from research.inference.single import (
    bootstrap_deviation,
    constant,
    independent_scores,
    single_test,
    student_score,
    upper_tail,
)
from research.inference.skewness import hall_transform


def student_tail(t: float, freedom: int) -> float:
    """P(T > t) by the finite sums of Abramowitz & Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    term = total = math.cos(angle) if freedom % 2 else 1.0
    start = 3 if freedom % 2 else 2
    for k in range(start, freedom, 2):
        term *= (k - 1) / k * math.cos(angle) ** 2
        total += term
    if freedom % 2:
        within = 2.0 / math.pi * (angle + (math.sin(angle) * total if freedom > 1 else 0.0))
    else:
        within = math.sin(angle) * total
    return (1.0 - within) / 2.0


@pytest.mark.parametrize(
    ("t", "freedom", "tail"), [(2.764, 10, 0.01), (1.812, 10, 0.05), (2.750, 30, 0.005), (3.646, 30, 0.0005)]
)
def test_students_tail_is_that_of_the_tables(t: float, freedom: int, tail: float) -> None:
    """Table 26.10 of Abramowitz & Stegun."""
    assert upper_tail(float(student_score(t, freedom))) == pytest.approx(tail, rel=2e-3)


def test_students_tail_agrees_with_the_finite_sums() -> None:
    for freedom in (7, 8, 19, 40, 200, 729):
        for t in (-2.0, 0.0, 0.5, 1.7, 3.1, 4.5):
            found, wanted = upper_tail(float(student_score(t, freedom))), student_tail(t, freedom)
            assert found == pytest.approx(wanted, rel=2e-3 if freedom < 10 else 1e-4, abs=1e-9)


def test_the_deviation_of_the_bootstrap_is_that_of_its_resamples() -> None:
    rng = np.random.default_rng(4)
    series = rng.standard_normal(300)
    for day in range(1, 300):
        series[day] += 0.5 * series[day - 1]
    for length in (1.0, 4.0, 20.0):
        means = [series[resampled_order(300, length, rng)].mean() for _ in range(8_000)]
        assert bootstrap_deviation(series, length) == pytest.approx(math.sqrt(300) * np.std(means), rel=0.04)
    assert bootstrap_deviation(series, 1.0) == pytest.approx(series.std())


def test_the_score_is_hall_s_ratio_with_student_s_tail() -> None:
    rng = np.random.default_rng(5)
    series = np.where(rng.random(400) < 0.4, rng.choice([-1.0, 3.0], 400, p=[0.7, 0.3]), 0.0)
    found = single_test(series)
    skew = float(np.mean((series - series.mean()) ** 3) / series.std() ** 3)
    ratio = 20.0 * series.mean() / series.std()
    corrected = float(hall_transform(np.array(ratio), np.array(skew), 400))
    betting = int(np.count_nonzero(series))
    assert found.statistic == pytest.approx(ratio)
    assert found.p_value == pytest.approx(student_tail(corrected, betting - 1), rel=1e-3)
    assert independent_scores(series[:, None])[0] == pytest.approx(found.score)


def test_dependence_widens_and_never_narrows() -> None:
    """Days that follow each other raise the deviation; days that alternate do not lower it."""
    rng = np.random.default_rng(6)
    noise = rng.standard_normal(500) + 0.1
    together, apart = noise.copy(), noise.copy()
    for day in range(1, 500):
        together[day] += 0.6 * together[day - 1]
        apart[day] -= 0.6 * apart[day - 1]
    assert single_test(together, 8.0).statistic < 0.8 * single_test(together, 1.0).statistic
    assert single_test(apart, 8.0).statistic == single_test(apart, 1.0).statistic


def test_what_cannot_be_tested_has_no_small_p_value() -> None:
    rng = np.random.default_rng(7)
    never_loses = np.where(rng.random(300) < 0.3, 0.01, 0.0)
    for series in (np.zeros(50), np.full(50, 0.1), np.full(50, np.nan), never_loses, np.empty(0)):
        assert single_test(series).p_value == 1.0
    assert np.isnan(independent_scores(np.column_stack([np.full(50, 0.1), np.full(50, np.nan), np.zeros(50)]))).all()
    few = np.concatenate([np.full(9, -1.0), np.full(40, 1.0)])
    assert single_test(few).p_value == 1.0 and single_test(np.append(few, -1.0)).p_value < 0.01
    assert constant(np.full(50, 0.1)) and constant(np.empty(0)) and not constant(np.array([0.1, 0.1000001]))


def test_a_column_does_not_change_its_neighbours() -> None:
    series = np.random.default_rng(8).standard_normal((200, 5))
    alone = independent_scores(series)
    series[:, 2] = np.nan
    beside = independent_scores(series)
    assert np.isnan(beside[2]) and np.array_equal(np.delete(beside, 2), np.delete(alone, 2))


def test_the_far_tail_is_not_too_fat() -> None:
    """p at or below 0.001 in 60,000 null series of 240 bets at even odds: 60 expected, at most 84 (three errors)."""
    rng, small = np.random.default_rng(9), 0
    for _ in range(60):
        series = np.zeros((365, 1_000))
        day = rng.integers(0, 365, (240, 1_000))
        np.add.at(series, (day, np.arange(1_000)), rng.choice([-1.0, 1.0], (240, 1_000)))
        small += int((independent_scores(series) >= 3.0902).sum())
    assert 36 <= small <= 84
