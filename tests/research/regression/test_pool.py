"""The log-linear pool: weights that are known, a general optimiser, and errors by resampling."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.errors import DataError
from research.regression.multinomial import softmax
from research.regression.pool import fitted, restored
from tests.research.calibration.test_parametric import Array, forecasts


def pair(seed: int, n: int) -> tuple[list[Array], np.ndarray]:  # type: ignore[type-arg]
    """A market near to the truth, a model that knows less, and outcomes."""
    truth, _, outcome = forecasts(seed, n)
    rng = np.random.default_rng(seed)
    return [softmax(np.log(truth) + rng.normal(0, sd, truth.shape)) for sd in (0.1, 0.5)], outcome


def test_weights_are_those_that_a_general_optimiser_finds() -> None:
    known, outcome = pair(1, 800)

    def value(weights: Array) -> float:
        chance = known[0] ** weights[0] * known[1] ** weights[1]
        return float(-np.log(chance[np.arange(800), outcome] / chance.sum(axis=1)).sum())

    other = minimize(value, np.array([0.5, 0.5]), method="BFGS", options={"gtol": 1e-5})
    found = fitted(known, outcome, "a test")
    assert found.weights == pytest.approx(tuple(other.x), abs=1e-5)
    assert found.weights[0] > 0.8 > 0.3 > abs(found.weights[1])


def test_errors_are_those_of_many_samples_and_of_whole_blocks() -> None:
    samples = np.array([fitted(*pair(seed, 500), "a test").weights for seed in range(200)])
    single = fitted(*pair(900, 500), "a test")
    assert single.errors == pytest.approx(tuple(samples.std(axis=0)), rel=0.2)
    known, outcome = pair(3, 500)
    fourfold = fitted(
        [np.repeat(p, 4, axis=0) for p in known], np.repeat(outcome, 4), "a test", np.repeat(np.arange(500), 4)
    )
    assert fourfold.weights == pytest.approx(fitted(known, outcome, "a test").weights, abs=1e-9)
    assert fourfold.errors == pytest.approx(fitted(known, outcome, "a test").errors, abs=1e-6)


def test_the_same_forecast_twice_has_no_weights_and_a_row_alone_the_same_bits() -> None:
    known, outcome = pair(4, 300)
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted([known[0], known[0]], outcome, "a test")
    found = fitted(known, outcome, "a test")
    whole = found.probabilities(known)
    assert all((found.probabilities([p[row : row + 1] for p in known])[0] == whole[row]).all() for row in range(50))
    assert restored(json.loads(json.dumps(found.artifact()))) == found
