"""Ordered logit: outcomes in an order, one score, and a cut between neighbours."""

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
class OrderedLogit:
    """``P(outcome <= k) = 1 / (1 + exp(-(cut_k + slopes . x)))``: McCullagh (1980), JRSS B 42, equation 2.2.

    With two outcomes it is the binary logit.

    Attributes
    ----------
    scaling : Scaling
        Of the inputs.
    cuts : tuple of float, n_outcomes - 1
        Rising.
    slopes : tuple of float, d
        Of the scaled inputs; a higher score favours the first outcome.
    """

    scaling: Scaling
    cuts: tuple[float, ...]
    slopes: tuple[float, ...]

    def probabilities(self, inputs: Array) -> Array:
        """Probabilities, (n, n_outcomes), of inputs (n, d); NaN throughout where one of them is NaN."""
        score = weighted_sum(self.scaling.applied(inputs), self.slopes, 0.0)
        below = [_logistic(score + cut) for cut in self.cuts]
        above = [_logistic(-(score + cut)) for cut in self.cuts]
        found = np.empty((inputs.shape[0], len(self.cuts) + 1), dtype=np.float64)
        found[:, 0], found[:, -1] = below[0], above[-1]
        for k in range(1, len(self.cuts)):  # of two differences the one of the smaller numbers
            found[:, k] = np.where(below[k] < 0.5, below[k] - below[k - 1], above[k - 1] - above[k])
        return found

    def artifact(self) -> dict[str, Any]:
        """Plain values; `restored` takes them back."""
        return {
            "mean": list(self.scaling.mean),
            "deviation": list(self.scaling.deviation),
            "cuts": list(self.cuts),
            "slopes": list(self.slopes),
        }


def restored(artifact: Mapping[str, Any]) -> OrderedLogit:
    """The regression of an artifact."""
    scaling = Scaling(tuple(artifact["mean"]), tuple(artifact["deviation"]))
    return OrderedLogit(scaling, tuple(artifact["cuts"]), tuple(artifact["slopes"]))


def fitted(
    inputs: Array, outcome: NDArray[np.int64], names: tuple[str, ...], n_outcomes: int, where: str
) -> OrderedLogit:
    """The maximum of the likelihood.

    Parameters
    ----------
    inputs : array of float64, (n, d)
        Without NaN.
    outcome : array of int64, (n,)
        From 0 to n_outcomes - 1.
    names : tuple of str, d
        Of the inputs, for messages.
    n_outcomes : int
        2 or more.
    where : str
        What is fitted, for messages.

    Raises
    ------
    DataError
        There is no finite optimum: an outcome never happens, or the inputs separate the outcomes.
    """
    scaling = scaling_of(inputs, names, where)
    scaled = scaling.applied(inputs)
    share = np.cumsum(np.bincount(outcome, minlength=n_outcomes) + 0.5)[:-1] / (outcome.size + 0.5 * n_outcomes)
    start = np.concatenate([np.log(share / (1.0 - share)), np.zeros(len(names))])
    check_outcomes(outcome, n_outcomes, where)
    point, _ = minimised(start, _Design(scaled, outcome, n_outcomes).terms, where)
    n_cuts = n_outcomes - 1
    return OrderedLogit(scaling, tuple(point[:n_cuts].tolist()), tuple(point[n_cuts:].tolist()))


class _Design:
    """The negative log likelihood of cuts and slopes, with both derivatives."""

    def __init__(self, scaled: Array, outcome: NDArray[np.int64], n_outcomes: int) -> None:
        cuts = np.eye(n_outcomes - 1)
        nothing = np.zeros((1, n_outcomes - 1))
        self._has_upper = outcome < n_outcomes - 1
        self._has_lower = outcome > 0
        # rows of the linear forms whose difference of distribution functions is the probability
        self._upper = np.hstack([np.vstack([cuts, nothing])[outcome], scaled * self._has_upper[:, None]])
        self._lower = np.hstack([np.vstack([nothing, cuts])[outcome], scaled * self._has_lower[:, None]])

    def terms(self, point: Array) -> tuple[float, Array, Array]:
        """As `newton.Terms`."""
        upper, upper_slope, upper_bend = _ends(self._upper @ point, self._has_upper, 1.0)
        lower, lower_slope, lower_bend = _ends(self._lower @ point, self._has_lower, 0.0)
        chance = upper - lower
        if not (chance > 0.0).all():
            return np.inf, point, np.eye(point.size)
        up, down = upper_slope / chance, lower_slope / chance
        gradient = -(up @ self._upper - down @ self._lower)
        bend_up, bend_down = up * up - upper_bend / chance, down * down + lower_bend / chance
        mixed = self._upper.T @ ((up * down)[:, None] * self._lower)
        hessian = self._upper.T @ (bend_up[:, None] * self._upper) + self._lower.T @ (bend_down[:, None] * self._lower)
        return -float(np.log(chance).sum()), gradient, hessian - mixed - mixed.T


def _ends(form: Array, exists: NDArray[np.bool_], otherwise: float) -> tuple[Array, Array, Array]:
    """Distribution function at a linear form, with two derivatives; where there is no cut, a constant."""
    value = _logistic(form)
    slope = value * (1.0 - value)
    bend = slope * (1.0 - 2.0 * value)
    return np.where(exists, value, otherwise), np.where(exists, slope, 0.0), np.where(exists, bend, 0.0)


def _logistic(value: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-value)))
