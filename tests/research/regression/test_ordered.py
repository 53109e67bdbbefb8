"""The ordered logit against a general optimiser, the binary logit of scikit-learn, and its own derivatives."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from engine.errors import DataError
from research.regression.ordered import _Design, fitted, restored

Array = NDArray[np.float64]
NAMES = ("a", "b")


def drawn(seed: int, n: int = 400, n_outcomes: int = 3) -> tuple[Array, NDArray[np.int64]]:
    """Inputs far from standard, and outcomes of an ordered logit of them."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal((100.0, -3.0), (50.0, 0.2), (n, 2))
    score = 0.02 * (inputs[:, 0] - 100) - 2.0 * (inputs[:, 1] + 3) + rng.logistic(size=n)
    cuts = np.linspace(-0.4, 0.8, n_outcomes - 1)
    return inputs, n_outcomes - 1 - (score[:, None] > cuts).sum(axis=1)


def likelihood(point: Array, inputs: Array, outcome: NDArray[np.int64], n_outcomes: int) -> float:
    """Written from the definition, on the inputs as they are: P(outcome <= k) of each k."""
    cuts = np.cumsum(np.r_[point[0], np.exp(point[1 : n_outcomes - 1])])
    total = 0.0
    for row, k in zip(inputs, outcome, strict=True):
        below = [0.0, *(1 / (1 + np.exp(-(cut + row @ point[n_outcomes - 1 :]))) for cut in cuts), 1.0]
        total -= np.log(max(below[k + 1] - below[k], 1e-300))
    return float(total)


@pytest.mark.parametrize("n_outcomes", [3, 4])
def test_it_is_the_optimum_that_a_general_optimiser_finds(n_outcomes: int) -> None:
    inputs, outcome = drawn(1, 150, n_outcomes)
    found = fitted(inputs, outcome, NAMES, n_outcomes, "a test")
    centred = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    start = np.zeros(n_outcomes + 1)
    other = minimize(likelihood, start, (centred, outcome, n_outcomes), method="BFGS", options={"gtol": 1e-4})
    chance = found.probabilities(inputs)
    ours = -np.log(chance[np.arange(outcome.size), outcome]).sum()
    assert ours == pytest.approx(other.fun, abs=1e-6)
    assert found.slopes == pytest.approx(tuple(other.x[n_outcomes - 1 :]), abs=1e-3)
    assert np.allclose(chance.sum(axis=1), 1.0, atol=1e-12) and (chance > 0).all()


def test_with_two_outcomes_it_is_the_binary_logit() -> None:
    from sklearn.linear_model import LogisticRegression

    inputs, outcome = drawn(2, 400, 2)
    found = fitted(inputs, outcome, NAMES, 2, "a test")
    centred = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(centred, outcome == 0)
    assert found.slopes == pytest.approx(tuple(other.coef_[0]), abs=1e-4)
    assert np.allclose(found.probabilities(inputs)[:, 0], other.predict_proba(centred)[:, 1], atol=1e-5)


def test_derivatives_are_those_of_the_value() -> None:
    inputs, outcome = drawn(3, 60)
    design = _Design((inputs - inputs.mean(axis=0)) / inputs.std(axis=0), outcome, 3)
    point, step = np.array([-0.3, 0.6, 0.4, -0.2]), 1e-5
    _, gradient, hessian = design.terms(point)
    for place in range(4):
        shift = np.eye(4)[place] * step
        high, low = design.terms(point + shift), design.terms(point - shift)
        assert (high[0] - low[0]) / (2 * step) == pytest.approx(gradient[place], abs=1e-5)
        assert np.allclose((high[1] - low[1]) / (2 * step), hessian[place], atol=1e-5)


def test_a_row_alone_has_the_same_bits_and_so_has_a_restored_regression() -> None:
    inputs, outcome = drawn(4)
    found = fitted(inputs, outcome, NAMES, 3, "a test")
    inputs[5, 0] = np.nan
    chance = found.probabilities(inputs)
    assert np.isnan(chance[5]).all() and np.isfinite(np.delete(chance, 5, axis=0)).all()
    alone = np.concatenate([found.probabilities(inputs[row : row + 1]) for row in range(50)])
    assert np.array_equal(alone, chance[:50], equal_nan=True)
    again = restored(json.loads(json.dumps(found.artifact())))
    assert again == found and np.array_equal(again.probabilities(inputs), chance, equal_nan=True)


def test_outcomes_that_the_inputs_separate_and_inputs_that_are_not_known_are_refused() -> None:
    inputs = np.linspace(0, 1, 60)[:, None]
    outcome = np.repeat([0, 1, 2], 20)
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted(inputs, outcome, ("a",), 3, "a test")
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted(np.random.default_rng(1).normal(size=(60, 1)), np.minimum(outcome, 1), ("a",), 3, "a test")
    for value in (np.nan, np.inf):
        inputs[7] = value
        with pytest.raises(DataError, match=r"not known in every row of a fit in a test, a: .*found 1 of 60 without"):
            fitted(inputs, outcome, ("a",), 3, "a test")
