"""Each calibration undoes a distortion that is known; its numbers against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError
from research.calibration import METHODS, fitted, restored
from research.regression.multinomial import softmax

Array = NDArray[np.float64]


def forecasts(seed: int, n: int, n_outcomes: int = 3, power: float = 1.0) -> tuple[Array, Array, NDArray[np.int64]]:
    """True probabilities, forecasts that are too sharp by a power, and outcomes."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(n_outcomes, 4.0), n)
    outcome = (rng.random(n)[:, None] > np.cumsum(truth, axis=1)[:, :-1]).sum(axis=1)
    return truth, softmax(power * np.log(truth)), outcome


def loss(chance: Array, outcome: NDArray[np.int64]) -> float:
    return float(-np.log(chance[np.arange(outcome.size), outcome]).mean())


def test_the_temperature_is_the_power_that_was_put_in() -> None:
    _, sharp, outcome = forecasts(1, 40_000, power=1.6)
    found = fitted("temperature", sharp, outcome, "a test")
    assert found.artifact()["weights"][0] == pytest.approx(1 / 1.6, abs=0.02)
    assert abs(found.artifact()["weights"][0] - 1 / 1.6) < 3 * found.artifact()["errors"][0] < 0.03


@pytest.mark.parametrize("method", [name for name in METHODS if name != "none"])
@pytest.mark.parametrize("n_outcomes", [2, 3])
def test_each_method_brings_sharp_forecasts_near_to_the_truth_and_keeps_true_ones(method: str, n_outcomes: int) -> None:
    _, sharp, outcome = forecasts(2, 4000, n_outcomes, power=2.0)
    truth, sharp_new, new = forecasts(3, 4000, n_outcomes, power=2.0)
    found = fitted(method, sharp, outcome, "a test")
    corrected = found.applied(sharp_new)
    assert np.allclose(corrected.sum(axis=1), 1.0) and (corrected > 0).all()
    assert loss(corrected, new) < loss(truth, new) + 0.012 < loss(sharp_new, new)
    plain, _, seen = forecasts(4, 4000, n_outcomes)
    assert loss(fitted(method, plain, seen, "a test").applied(truth), new) < loss(truth, new) + 0.012


@pytest.mark.parametrize("method", METHODS)
def test_a_row_alone_and_a_restored_calibration_have_the_same_bits_and_nan_stays_nan(method: str) -> None:
    _, sharp, outcome = forecasts(5, 300, power=1.5)
    found = fitted(method, sharp, outcome, "a test")
    sharp[7] = np.nan
    whole = found.applied(sharp)
    assert np.isnan(whole[7]).all() and not np.isnan(whole[:7]).any()
    assert all(np.array_equal(found.applied(sharp[row : row + 1])[0], whole[row], equal_nan=True) for row in range(60))
    again = restored(json.loads(json.dumps(found.artifact())))
    assert again == found and np.array_equal(again.applied(sharp), whole, equal_nan=True)


def test_platt_is_a_logit_of_the_log_odds_and_beta_of_both_logarithms() -> None:
    from sklearn.linear_model import LogisticRegression

    _, sharp, outcome = forecasts(6, 2000, 2, power=1.7)
    odds = np.log(sharp[:, :1] / sharp[:, 1:])
    platt = LogisticRegression(C=np.inf, tol=1e-10).fit(odds, outcome == 0).predict_proba(odds)[:, 1]
    assert np.allclose(fitted("platt", sharp, outcome, "a test").applied(sharp)[:, 0], platt, atol=1e-5)
    both = np.stack([np.log(sharp[:, 0]), -np.log(sharp[:, 1])], axis=1)
    beta = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(both, outcome == 0)
    assert (beta.coef_ > 0).all()
    expected = beta.predict_proba(both)[:, 1]
    assert np.allclose(fitted("beta", sharp, outcome, "a test").applied(sharp)[:, 0], expected, atol=1e-4)


def test_the_slopes_of_beta_are_never_negative() -> None:
    """Against a bounded optimiser: forecasts turned round, and forecasts of which one logarithm is turned."""
    from scipy.optimize import minimize

    _, chance, outcome = forecasts(9, 1500, 2, power=0.3)
    turned = chance[:, ::-1]
    flat = fitted("beta", turned, outcome, "a test")
    assert flat.artifact()["inputs"] == [[]]
    assert np.allclose(flat.applied(turned)[:, 0], (outcome == 0).mean(), atol=1e-9), "the share of the outcome"
    own = np.random.default_rng(3).uniform(0.02, 0.98, 1500)
    chance = np.stack([own, 1 - own], axis=1)
    logs = np.stack([np.log(own), -np.log(1 - own)], axis=1)
    score = 1.5 * logs[:, 0] - 0.4 * logs[:, 1] + 1.0
    happened = (np.random.default_rng(4).random(1500) > 1 / (1 + np.exp(-score))).astype(np.int64)
    found = fitted("beta", chance, happened, "a test")

    def value(point: Array) -> float:
        return float(np.log1p(np.exp(-np.where(happened == 0, 1, -1) * (point[0] + logs @ point[1:]))).sum())

    bounds = [(None, None), (0.0, None), (0.0, None)]
    other = minimize(value, np.array([0.0, 0.1, 0.1]), method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14})
    assert found.artifact()["inputs"] == [[0]] and other.x[2] == 0.0 < other.x[1]
    expected = 1 / (1 + np.exp(-(other.x[0] + logs @ other.x[1:])))
    assert np.allclose(found.applied(chance)[:, 0], expected, atol=1e-4)


def test_a_matrix_of_few_rows_changes_little() -> None:
    _, chance, outcome = forecasts(7, 100)
    few = fitted("matrix", chance, outcome, "a test").applied(chance)
    assert 0.0 < np.abs(few - chance).max() < 0.25


def test_forecasts_that_hardly_differ_teach_no_slope_that_throws_those_that_do() -> None:
    truth, chance, outcome = forecasts(8, 3000)
    logs = np.log(chance[:200])
    alike = softmax(0.1 * (logs - logs.mean(axis=0)) + np.log(truth.mean(axis=0)))
    learned = fitted("matrix", alike, outcome[:200], "a test")
    later, happened = chance[200:], outcome[200:]
    assert loss(learned.applied(later), happened) < loss(later, happened) + 0.05


def test_unknown_methods_and_too_few_forecasts_are_refused() -> None:
    _, chance, outcome = forecasts(8, 99)
    with pytest.raises(
        ConfigurationError, match=r"unknown calibration 'isotonik' in a test: .*; did you mean isotonic"
    ):
        fitted("isotonik", chance, outcome, "a test")
    with pytest.raises(DataError, match="too few forecasts to calibrate in a test: expected 100 or more, found 99"):
        fitted("matrix", chance, outcome, "a test")
    with pytest.raises(DataError, match="a calibration of an unknown method"):
        restored({"method": "magic"})
