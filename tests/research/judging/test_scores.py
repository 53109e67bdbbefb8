"""Scores against loops written from their definitions, and the published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from research.inference.rps import ranked
from research.judging.scores import BINS, brier, calibration_error, log_losses


def forecasts(n: int, n_outcomes: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Random forecasts and outcomes."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n_outcomes), n), rng.integers(0, n_outcomes, n)


@pytest.mark.parametrize("n_outcomes", [2, 3])
def test_scores_equal_loops_over_their_definitions(n_outcomes: int) -> None:
    prob, outcome = forecasts(40, n_outcomes)
    for row, happened, loss, rps, squares in zip(
        prob, outcome, log_losses(prob, outcome), ranked(prob, outcome), brier(prob, outcome), strict=True
    ):
        assert loss == pytest.approx(-math.log(row[happened]), rel=1e-14)
        apart = [sum(row[: k + 1]) - (happened <= k) for k in range(n_outcomes - 1)]
        assert rps == pytest.approx(sum(a * a for a in apart) / (n_outcomes - 1), abs=1e-15)
        assert squares == pytest.approx(sum((p - (k == happened)) ** 2 for k, p in enumerate(row)), abs=1e-15)


def test_ranked_scores_are_those_of_constantinou_and_fenton() -> None:
    # table 3 of the paper: forecasts of home, draw, away; what happened; score
    rows = [
        ((1.00, 0.00, 0.00), 0, 0.0000), ((0.90, 0.10, 0.00), 0, 0.0050),
        ((0.00, 1.00, 0.00), 1, 0.0000), ((0.80, 0.10, 0.10), 0, 0.0250),
        ((0.50, 0.25, 0.25), 0, 0.15625), ((0.35, 0.30, 0.35), 1, 0.1225),
        ((0.60, 0.30, 0.10), 0, 0.0850), ((0.60, 0.25, 0.15), 0, 0.09125),
    ]  # fmt: skip
    prob, outcome = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assert ranked(prob, outcome) == pytest.approx([row[2] for row in rows], abs=1e-12)


def test_a_certain_miss_is_finite() -> None:
    assert np.isfinite(log_losses(np.array([[1.0, 0.0]]), np.array([1]))).all()


def test_the_calibration_error_is_the_mean_gap_of_bins_of_equal_size() -> None:
    prob, outcome = forecasts(237, 3)
    total = 0.0
    for k in range(3):
        rows = sorted(range(237), key=lambda i: (prob[i, k], i))
        sizes = [237 // BINS + (place < 237 % BINS) for place in range(BINS)]
        for size in sizes:
            part, rows = rows[:size], rows[size:]
            total += abs(sum(prob[i, k] - (outcome[i] == k) for i in part))
    assert calibration_error(prob, outcome) == pytest.approx(total / 237 / 3, abs=1e-14)


def test_calibrated_forecasts_have_less_calibration_error_than_sharpened_ones() -> None:
    rng = np.random.default_rng(7)
    prob = rng.dirichlet(np.full(3, 4.0), 20_000)
    outcome = (prob.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    sharp = prob**2 / (prob**2).sum(axis=1, keepdims=True)
    assert calibration_error(prob, outcome) < 0.01 < 0.05 < calibration_error(sharp, outcome)
