"""Log-linear pools: forecasts multiplied with powers that are fitted, and the intervals of the powers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.regression.multinomial import softmax
from research.regression.newton import minimised
from research.regression.threads import single_threaded

Array = NDArray[np.float64]

#: two-sided 95% of the normal distribution
_NORMAL_95: Final = 1.959963984540054
#: smallest probability of which a logarithm is taken
_SMALLEST: Final = 1e-12


@dataclass(frozen=True)
class Pool:
    """``P(outcome = k)`` in proportion to the product of ``p_mk ** weight_m``.

    A logarithmic pool: Genest & Zidek (1986), Statistical Science 1, section 3.

    Attributes
    ----------
    weights : tuple of float, n_forecasts
        Free: they need not sum to one, and a negative one turns a forecast round.
    errors : tuple of float, n_forecasts
        Standard errors.
    """

    weights: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """Lower and upper end of the 95% interval of each weight."""
        return tuple((w - _NORMAL_95 * e, w + _NORMAL_95 * e) for w, e in zip(self.weights, self.errors, strict=True))

    def probabilities(self, forecasts: Sequence[Array]) -> Array:
        """The pool of forecasts, each (n, n_outcomes); a row with a NaN in any of them is NaN throughout."""
        scores = np.zeros_like(forecasts[0], order="F")
        for weight, forecast in zip(self.weights, forecasts, strict=True):
            for k in range(scores.shape[1]):
                scores[:, k] += weight * np.log(np.maximum(np.ascontiguousarray(forecast[:, k]), _SMALLEST))
        return softmax(scores)

    def artifact(self) -> dict[str, Any]:
        """Plain values; `restored` takes them back."""
        return {"weights": list(self.weights), "errors": list(self.errors)}


def restored(artifact: Mapping[str, Any]) -> Pool:
    """The pool of an artifact."""
    return Pool(tuple(artifact["weights"]), tuple(artifact["errors"]))


def fitted(
    forecasts: Sequence[Array], outcome: NDArray[np.int64], where: str, blocks: NDArray[np.int64] | None = None
) -> Pool:
    """The weights of the highest likelihood.

    Parameters
    ----------
    forecasts : sequence of float64 (n, n_outcomes)
        Made before the outcomes; without NaN.
    outcome : array of int64, (n,)
        From 0 to n_outcomes - 1.
    where : str
        What is fitted, for messages.
    blocks : array of int64, (n,), optional
        Rows of one block, such as a week, may depend on each other: the errors are those of White (1982), Econometrica
        50, summed over blocks (Liang & Zeger 1986, Biometrika 73), times sqrt(b / (b - 1)) for b blocks (Cameron &
        Miller 2015, Journal of Human Resources 50, section VI). Without blocks each row is one. With one
        block they are 0: nothing tells them.

    Raises
    ------
    DataError
        There is no finite optimum: two forecasts are the same or nearly so, one says the same of all outcomes, or the
        outcomes are separated.
    """
    logs = np.stack([np.log(np.maximum(p, _SMALLEST)) for p in forecasts])  # (m, n, k)
    happened = np.eye(logs.shape[2])[outcome]

    def terms(point: Array) -> tuple[float, Array, Array]:
        chance = softmax(np.einsum("m,mnk->nk", point, logs))
        own = np.maximum((chance * happened).sum(axis=1), 1e-300)
        mean = (logs * chance).sum(axis=2)
        gradient = (mean - (logs * happened).sum(axis=2)).sum(axis=1)
        centred = logs - mean[:, :, None]
        hessian = np.einsum("ank,bnk->ab", centred * chance, centred)
        return -float(np.log(own).sum()), gradient, hessian

    start = np.zeros(len(forecasts))
    point, hessian = minimised(start, terms, where)
    chance = softmax(np.einsum("m,mnk->nk", point, logs))
    scores = (logs * (happened - chance)).sum(axis=2)  # (m, n)
    if blocks is not None:
        _, block = np.unique(blocks, return_inverse=True)
        scores = np.stack([np.bincount(block, weights=row) for row in scores])
    n_blocks = scores.shape[1]
    factor = np.sqrt(n_blocks / max(n_blocks - 1, 1))
    with single_threaded():
        bread = np.linalg.inv(hessian)
        spread = bread @ (scores @ scores.T) @ bread
    return Pool(tuple(point.tolist()), tuple((factor * np.sqrt(np.diag(spread))).tolist()))


def weeks_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weeks from Monday to Sunday of days since 1970-01-01, for blocks: matches of a round share teams and prices.

    >>> weeks_of(np.array([3, 4, 10, 11])).tolist()  # Sunday 4 January 1970, Monday, Sunday, Monday
    [-1, 0, 0, 1]
    """
    return (days - 4) // 7
