"""The multinomial logit against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import DataError
from research.regression.multinomial import fitted, restored, softmax
from research.regression.ordered import fitted as ordered
from tests.research.regression.test_ordered import NAMES, drawn

Array = NDArray[np.float64]


@pytest.mark.parametrize("is_scaled", [True, False])
@pytest.mark.parametrize("ridge", [0.1, 30.0])
def test_it_is_the_regression_of_scikit_learn(ridge: float, is_scaled: bool) -> None:
    from sklearn.linear_model import LogisticRegression

    inputs, outcome = drawn(1)
    inputs = inputs * np.array([0.2, 5.0, *np.ones(inputs.shape[1] - 2)])
    found = fitted(inputs, outcome, NAMES, 3, "a test", ridge=ridge, is_scaled=is_scaled)
    deviation = inputs.std(axis=0)
    unit = deviation if is_scaled else np.ones_like(deviation)
    centred = (inputs - inputs.mean(axis=0)) / unit
    other = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=1000).fit(centred, outcome)
    assert np.allclose(np.array(found.slopes) / deviation * unit, other.coef_, atol=1e-4)
    assert np.allclose(found.probabilities(inputs), other.predict_proba(centred), atol=1e-6)


def test_with_two_outcomes_and_no_ridge_it_is_the_ordered_logit() -> None:
    inputs, outcome = drawn(2, 400, 2)
    found = fitted(inputs, outcome, NAMES, 2, "a test", ridge=0.0)
    other = ordered(inputs, outcome, NAMES, 2, "a test")
    assert np.allclose(found.probabilities(inputs), other.probabilities(inputs), atol=1e-7)
    assert sum(found.intercepts) == pytest.approx(0.0, abs=1e-9)


def test_outcomes_that_never_happen_and_inputs_that_separate_without_a_ridge_are_refused() -> None:
    inputs, outcome = drawn(3)
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted(inputs, np.minimum(outcome, 1), NAMES, 3, "a test")
    apart = (inputs[:, 0] > 100).astype(np.int64)
    with pytest.raises(DataError, match="no finite optimum in a test"):
        fitted(inputs, apart, NAMES, 2, "a test", ridge=0.0)
    found = fitted(inputs, apart, NAMES, 2, "a test", ridge=1.0)
    assert found.probabilities(inputs)[np.arange(apart.size), apart].min() > 0.4, "with a ridge there is an optimum"


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


def test_the_softmax_takes_scores_of_any_size() -> None:
    found = softmax(np.array([[1000.0, 1000.0, -1000.0], [0.0, np.log(2.0), np.log(3.0)]]))
    assert np.allclose(found, [[0.5, 0.5, 0.0], [1 / 6, 2 / 6, 3 / 6]], atol=1e-15)
