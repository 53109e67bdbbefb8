"""Hidden Markov models and mixtures of Gaussian states; a mixture is a chain that forgets its state at once."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from research.regimes.states import Filtered, Hindsight, Matrix, check_enough

#: variance added to every state, in standardised inputs: a state of equal values has a density
VARIANCE_MIN: Final = 1e-3
#: probability that a fitted state, or change of state, has at least: a filter can always come back to every state
CHANCE_MIN: Final = 1e-10
#: first guesses of the chain
STARTS: Final = 5


@dataclass(frozen=True)
class GaussianStates:
    """States with independent normal inputs, and the probabilities of changing between them.

    Attributes
    ----------
    start : array of float64, (k,)
        Probabilities of the first state.
    transition : array of float64, (k, k)
        ``[i, j]``: probability of state j after state i.
    means, variances : array of float64, (k, d)
    n_parameters : int
        Numbers that were fitted; a mixture has fewer than a chain.
    """

    start: Matrix
    transition: Matrix
    means: Matrix
    variances: Matrix
    n_parameters: int

    @property
    def centers(self) -> Matrix:
        """Means of the states."""
        return self.means

    @property
    def spreads(self) -> Matrix:
        """Standard deviations of the states."""
        spreads: Matrix = np.sqrt(self.variances)
        return spreads

    def _forward(self, values: Matrix) -> tuple[Matrix, float]:
        from research.regimes.passes import forward

        out = np.empty((len(values), len(self.start)))
        return out, float(forward(self._log_density(values), self.transition, self.start, out))

    def _log_density(self, values: Matrix) -> Matrix:
        distance = (values[:, None, :] - self.means) ** 2 / self.variances
        density: Matrix = -0.5 * (distance + np.log(2 * math.pi * self.variances)).sum(axis=2)
        return density

    def filtered(self, values: Matrix) -> Filtered:
        """As `States.filtered`, by the compiled forward pass."""
        return Filtered(self._forward(values)[0])

    def hindsight(self, values: Matrix) -> Hindsight:
        """As `States.hindsight`: smoothed probabilities."""
        from research.regimes.passes import smooth

        filtered = self._forward(values)[0]
        out = np.empty(filtered.shape)
        smooth(filtered, self.transition, out)
        return Hindsight(out)

    def log_likelihood(self, values: Matrix) -> float:
        """Log likelihood of a series; each observation is judged by those before it."""
        return self._forward(values)[1]

    def reordered(self, order: tuple[int, ...]) -> Self:
        """As `States.reordered`."""
        rows = list(order)
        return replace(
            self,
            start=self.start[rows],
            transition=np.ascontiguousarray(self.transition[np.ix_(rows, rows)]),
            means=self.means[rows],
            variances=self.variances[rows],
        )


def fit_hmm(values: Matrix, n_states: int, seed: int = 0, starts: int = STARTS) -> GaussianStates:
    """A hidden Markov model with independent normal inputs, fitted by hmmlearn (expectation maximisation).

    Parameters
    ----------
    values : array of float64, (n, d)
        Standardised, without NaN.
    n_states : int
    seed : int
        Of the first guesses (k-means).
    starts : int
        First guesses; the fit with the highest likelihood counts. A single one may end in two equal states.

    Raises
    ------
    DataError
        Too few observations.
    """
    from hmmlearn.hmm import GaussianHMM

    check_enough(values, n_states)
    n_parameters = n_states * n_states - 1 + 2 * n_states * values.shape[1]
    found = []
    for guess in range(seed, seed + starts):
        with _quiet():
            model = GaussianHMM(n_states, "diag", n_iter=100, random_state=guess, min_covar=VARIANCE_MIN).fit(values)
        variances = np.array([np.diag(covariance) for covariance in model.covars_]).reshape(n_states, -1)
        start, chain = _rows_of_one(model.startprob_), _rows_of_one(model.transmat_)
        found.append(GaussianStates(start, chain, model.means_, np.maximum(variances, VARIANCE_MIN), n_parameters))
    return max(found, key=lambda states: states.log_likelihood(values))


def fit_mixture(values: Matrix, n_states: int, seed: int = 0) -> GaussianStates:
    """A mixture of normal states, fitted by scikit-learn. Each observation is judged alone, whatever came before it.

    Parameters and errors are those of `fit_hmm`; three first guesses.
    """
    from sklearn.mixture import GaussianMixture

    check_enough(values, n_states)
    with _quiet():
        model = GaussianMixture(
            n_states, covariance_type="diag", n_init=3, max_iter=300, random_state=seed, reg_covar=VARIANCE_MIN
        ).fit(values)
    weights = _rows_of_one(model.weights_)
    n_parameters = n_states - 1 + 2 * n_states * values.shape[1]
    return GaussianStates(weights, np.tile(weights, (n_states, 1)), model.means_, model.covariances_, n_parameters)


def _rows_of_one(probabilities: Matrix) -> Matrix:
    """Rows of at least `CHANCE_MIN` that sum to one; a state that was never left or seen has equal chances."""
    floored = np.maximum(probabilities, CHANCE_MIN)
    return np.ascontiguousarray(floored / floored.sum(axis=-1, keepdims=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """One thread, and no notes of the libraries on convergence: the likelihood decides."""
    from threadpoolctl import threadpool_limits

    logger = logging.getLogger("hmmlearn")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
