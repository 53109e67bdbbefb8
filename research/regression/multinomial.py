"""Multinomial logit with a ridge: a score for each outcome, and the softmax of the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.regression.newton import check_outcomes, minimised
from research.regression.scaling import Scaling, scaling_of, weighted_sum

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MultinomialLogit:
    """``P(outcome = k)`` in proportion to ``exp(intercept_k + slopes_k . x)``.

    Attributes
    ----------
    scaling : Scaling
        Of the inputs.
    intercepts : tuple of float, n_outcomes
        They sum to 0.
    slopes : tuple of tuple of float, n_outcomes of d each
        Of the scaled inputs; those of an input sum to 0.
    """

    scaling: Scaling
    intercepts: tuple[float, ...]
    slopes: tuple[tuple[float, ...], ...]

    def probabilities(self, inputs: Array, offset: Array | None = None) -> Array:
        """Probabilities, (n, n_outcomes), of inputs (n, d); NaN throughout where one of them is NaN.

        An `offset`, (n, n_outcomes), is added to the scores.
        """
        scaled = self.scaling.applied(inputs)
        scores = np.empty((inputs.shape[0], len(self.intercepts)), dtype=np.float64, order="F")
        for k, intercept in enumerate(self.intercepts):
            scores[:, k] = weighted_sum(scaled, self.slopes[k], intercept)
            if offset is not None:
                scores[:, k] += offset[:, k]
        return softmax(scores)

    def artifact(self) -> dict[str, Any]:
        """Plain values; `restored` takes them back."""
        return {
            "mean": list(self.scaling.mean),
            "deviation": list(self.scaling.deviation),
            "intercepts": list(self.intercepts),
            "slopes": [list(row) for row in self.slopes],
        }


def restored(artifact: Mapping[str, Any]) -> MultinomialLogit:
    """The regression of an artifact."""
    scaling = Scaling(tuple(artifact["mean"]), tuple(artifact["deviation"]))
    return MultinomialLogit(scaling, tuple(artifact["intercepts"]), tuple(tuple(row) for row in artifact["slopes"]))


def softmax(scores: Array) -> Array:
    """``exp`` of scores (n, k) over the sum of each row; a row has the same bits alone and among others."""
    outcomes = range(scores.shape[1])
    highest = scores[:, 0]
    for k in outcomes[1:]:
        highest = np.maximum(highest, scores[:, k])
    powers = [np.exp(np.ascontiguousarray(scores[:, k] - highest)) for k in outcomes]
    total = powers[0]
    for power in powers[1:]:
        total = total + power
    return np.stack([power / total for power in powers], axis=1)


def _curvature(design: Array, chance: Array) -> Array:
    """The Hessian of the negative log likelihood, of a design (n, width) and probabilities (n, n_outcomes)."""
    width, n_outcomes = design.shape[1], chance.shape[1]
    hessian = np.empty((n_outcomes * width, n_outcomes * width))
    for k in range(n_outcomes):
        rows = slice(k * width, (k + 1) * width)
        for other in range(k + 1):
            columns = slice(other * width, (other + 1) * width)
            weight = chance[:, k] * ((k == other) - chance[:, other])
            block = design.T @ (weight[:, None] * design)
            hessian[rows, columns] = block
            if other < k:
                hessian[columns, rows] = block.T
    return hessian


def fitted(
    inputs: Array,
    outcome: NDArray[np.int64],
    names: tuple[str, ...],
    n_outcomes: int,
    where: str,
    *,
    ridge: float = 1.0,
    is_scaled: bool = True,
    offset: Array | None = None,
) -> MultinomialLogit:
    """The maximum of the likelihood less ``ridge / 2`` times the sum of the squared slopes of the scaled inputs.

    With ``ridge = 1 / C`` it is `sklearn.linear_model.LogisticRegression` on scaled inputs.

    Parameters
    ----------
    inputs, outcome, names, n_outcomes, where
        As in `research.regression.ordered.fitted`.
    ridge : float
        0 or more. Above 0 there is an optimum as soon as every outcome happens.
    is_scaled : bool
        Whether the ridge is on the slopes of the scaled inputs, not of the inputs in their own unit.
    offset : array of float64, (n, n_outcomes), optional
        Added to the scores.

    Raises
    ------
    DataError
        There is no finite optimum: an outcome never happens, or without a ridge the inputs separate the outcomes.
    """
    check_outcomes(outcome, n_outcomes, where)
    scaling = scaling_of(inputs, names, where)
    design = np.hstack([np.ones((inputs.shape[0], 1)), scaling.applied(inputs)])
    width = design.shape[1]
    happened = np.eye(n_outcomes)[outcome]
    unit = np.ones(width - 1) if is_scaled else np.array(scaling.deviation)
    ridges = np.tile(np.r_[0.0, ridge / unit**2], n_outcomes)
    base = np.zeros((outcome.size, n_outcomes)) if offset is None else offset
    # the likelihood does not tell a common shift of all outcomes: of all optima the one whose sums are 0
    shift = np.kron(np.ones((n_outcomes, n_outcomes)), np.eye(width))

    def terms(point: Array) -> tuple[float, Array, Array]:
        chance = softmax(design @ point.reshape(n_outcomes, width).T + base)
        own = np.maximum((chance * happened).sum(axis=1), 1e-300)
        value = -float(np.log(own).sum()) + 0.5 * float(ridges @ point**2) + 0.5 * float(point @ shift @ point)
        gradient = ((chance - happened).T @ design).ravel() + ridges * point + shift @ point
        return value, gradient, np.diag(ridges) + shift + _curvature(design, chance)

    start = np.zeros((n_outcomes, width))
    if offset is None:
        share = np.log((happened.sum(axis=0) + 0.5) / (outcome.size + 0.5 * n_outcomes))
        start[:, 0] = share - share.mean()
    point = minimised(start.ravel(), terms, where)[0].reshape(n_outcomes, width)
    return MultinomialLogit(scaling, tuple(point[:, 0].tolist()), tuple(map(tuple, point[:, 1:].tolist())))
