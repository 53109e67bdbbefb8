"""Copies of a series are computed once, and every figure is the one that all of them together have."""

from __future__ import annotations

import numpy as np
import pytest

from research.inference import overfit, superiority
from research.inference.distinct import Distinct, distinct_columns
from research.inference.overfit import overfitting
from research.inference.skewness import spa_p_value
from research.inference.superiority import bootstrap_moments, reality_check, spa_test, survivors

#: columns of the table below: which of eight series each is
SERIES = np.array([3, 0, 3, 1, 2, 0, 7, 4, 4, 4, 5, 6, 1])


def table(edge: float = 0.0) -> np.ndarray:
    drawn = np.random.default_rng(4).standard_normal((8, 160)).astype(np.float32)
    drawn[2] += np.float32(edge)
    drawn[5] = 0.0
    return drawn[SERIES].T


def all_apart(series: np.ndarray) -> Distinct:
    every = np.arange(series.shape[1])
    return Distinct(every, every)


def test_copies_are_found_and_numbered_by_the_first_of_them() -> None:
    found = distinct_columns(table())
    assert found.columns.tolist() == [0, 1, 3, 4, 6, 7, 10, 11]
    assert np.array_equal(table()[:, found.columns][:, found.place], table())
    assert found.copies.tolist() == [2, 2, 2, 1, 1, 3, 1, 1]
    flags = np.zeros(13, np.bool_)
    flags[[5, 9]] = True
    assert np.flatnonzero(found.any_of(flags)).tolist() == [1, 5]
    assert len(distinct_columns(np.zeros((5, 0))).columns) == 0


@pytest.mark.parametrize("edge", [0.0, 0.4])
def test_tests_of_copies_are_those_of_the_whole_table(edge: float, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = np.arange(len(SERIES)) != 2

    def found() -> tuple[float, tuple[object, ...]]:
        moments = bootstrap_moments(table(edge), 1.5, 99, np.random.default_rng(1))
        names = survivors(moments, judged=judged).tolist()
        assert moments.resample_means[:, moments.place].shape == (99, len(SERIES))
        spa = spa_test(moments, judged)
        p_values = spa.lower, spa.consistent, spa.upper, reality_check(moments, judged), spa_p_value(moments, judged)
        return spa.statistic, (p_values, names)

    statistic, others = found()
    monkeypatch.setattr(superiority, "distinct_columns", all_apart)
    assert found() == (pytest.approx(statistic, rel=1e-6), others)  # a product of another width may round otherwise


@pytest.mark.parametrize("edge", [0.0, 0.4])
def test_copies_count_in_the_ranks_of_cross_validation(edge: float, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = overfitting(table(edge), 8)
    monkeypatch.setattr(overfit, "_MANY", 2)
    once = overfitting(table(edge), 8)
    assert np.array_equal(once.logits, whole.logits)
    assert once.in_sample == pytest.approx(whole.in_sample, abs=1e-12)
    assert once.out_of_sample == pytest.approx(whole.out_of_sample, abs=1e-12)
