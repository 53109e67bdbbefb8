"""The log-linear pool: weights that are known, a general optimiser, and errors by resampling."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.errors import DataError
from research.regression.multinomial import softmax
from research.regression.pool import fitted, restored, weeks_of
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


def test_few_blocks_have_the_error_of_their_number() -> None:
    known, outcome = pair(5, 400)
    blocks = np.arange(400) // 100
    found = fitted(known, outcome, "a test", blocks)
    logs, happened = [np.log(p) for p in known], np.eye(3)[outcome]
    chance = found.probabilities(known)
    centred = [one - (one * chance).sum(axis=1, keepdims=True) for one in logs]
    bread = np.linalg.inv([[(chance * a * b).sum() for b in centred] for a in centred])
    scores = [[(one * (happened - chance))[blocks == block].sum() for block in range(4)] for one in logs]
    meat = np.array(scores) @ np.array(scores).T * 4.0 / 3.0
    assert found.errors == pytest.approx(tuple(np.sqrt(np.diag(bread @ meat @ bread))), rel=1e-6)


def test_forecasts_that_are_all_but_the_same_and_separated_outcomes_have_no_weights() -> None:
    known, outcome = pair(6, 300)
    rng = np.random.default_rng(0)
    for apart in (1e-15, 1e-9, 1e-6):
        with pytest.raises(DataError, match="no finite optimum in a test"):
            fitted([known[0], known[0] * (1.0 + apart * rng.normal(size=known[0].shape))], outcome, "a test")
    told = np.where(np.eye(3)[outcome] == 1.0, 0.4, 0.3)
    for told_all in ([told], [known[0], told], [np.full((300, 3), 1.0 / 3.0)]):
        with pytest.raises(DataError, match="no finite optimum in a test"):
            fitted(told_all, outcome, "a test")


def test_a_week_runs_from_monday_to_sunday() -> None:
    days = np.arange(-400, 20_000)
    first = dt.date(1970, 1, 1)
    weeks = weeks_of(days)
    assert (np.diff(weeks) == [(first + dt.timedelta(days=int(day))).weekday() == 0 for day in days[1:]]).all()


def test_the_same_forecast_twice_has_no_weights_and_a_row_alone_the_same_bits() -> None:
    known, outcome = pair(4, 300)
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted([known[0], known[0]], outcome, "a test")
    found = fitted(known, outcome, "a test")
    whole = found.probabilities(known)
    assert all((found.probabilities([p[row : row + 1] for p in known])[0] == whole[row]).all() for row in range(50))
    assert restored(json.loads(json.dumps(found.artifact()))) == found
