"""The statistical jump model: states that fit the observations, with a price for each change.

Bemporad, Breschi, Piga & Boyd (2018), "Fitting jump models", Automatica 96; Nystrup, Lindström & Madsen (2020),
"Learning hidden Markov models with persistent states by penalizing jumps", Expert Systems with Applications 150. The
loss of an observation x in a state with center c is ``|x - c|^2 / 2`` (Shu, Yu & Mulvey 2024, "Downside risk reduction
using regime-switching signals: a statistical jump model approach", Journal of Asset Management 25).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from engine.errors import ConfigurationError
from research.regimes.states import Filtered, Hindsight, Matrix, Path, check_enough, one_hot

#: first guesses of a fit, of which the cheapest counts
STARTS = 10
#: rounds of a fit at most; it ends where the path repeats
ROUNDS = 100


@dataclass(frozen=True)
class JumpStates:
    """States of a jump model.

    Attributes
    ----------
    means : array of float64, (k, d)
        Center of each state.
    deviations : array of float64, (k, d)
        Standard deviations within each state; they do not enter the loss.
    penalty : float
        Price of a change of state.
    """

    means: Matrix
    deviations: Matrix
    penalty: float

    @property
    def centers(self) -> Matrix:
        """Centers of the states."""
        return self.means

    @property
    def spreads(self) -> Matrix:
        """Standard deviations within the states."""
        return self.deviations

    def filtered(self, values: Matrix) -> Filtered:
        """The last state of the cheapest path up to each observation, as a certain one."""
        costs, _, _ = _paths(values, self.means, self.penalty)
        return Filtered(one_hot(costs.argmin(axis=1), len(self.means)))

    def hindsight(self, values: Matrix) -> Hindsight:
        """The cheapest path of the whole series."""
        return Hindsight(one_hot(_paths(values, self.means, self.penalty)[1], len(self.means)))

    def reordered(self, order: tuple[int, ...]) -> Self:
        """As `States.reordered`."""
        return replace(self, means=self.means[list(order)], deviations=self.deviations[list(order)])


def fit_jump(values: Matrix, n_states: int, penalty: float, seed: int = 0) -> JumpStates:
    """A jump model fitted by turns: the cheapest path for given centers, then the means along it.

    Parameters
    ----------
    values : array of float64, (n, d)
        Standardised, without NaN.
    n_states : int
    penalty : float
        At least 0; with 0 it is k-means.
    seed : int
        Of the first guesses: distant observations (k-means++).

    Raises
    ------
    ConfigurationError
        The penalty is below 0 or no number.
    DataError
        Too few observations.
    """
    if not penalty >= 0:
        raise ConfigurationError("wrong penalty of a jump", expected="a number from 0 up", found=f"{penalty:g}")
    check_enough(values, n_states)
    rng = np.random.default_rng(seed)
    best: tuple[float, Matrix, Path] | None = None
    for _ in range(STARTS):
        cost, means, path = _descended(values, _distant(values, n_states, rng), penalty)
        if best is None or cost < best[0]:
            best = cost, means, path
    assert best is not None
    _, means, path = best
    parts = [values[path == state] for state in range(n_states)]
    deviations = np.array([part.std(axis=0) if len(part) else np.zeros(values.shape[1]) for part in parts])
    return JumpStates(means, deviations, float(penalty))


def _descended(values: Matrix, means: Matrix, penalty: float) -> tuple[float, Matrix, Path]:
    """Cost, centers and path where another round changes nothing; a state without observations keeps its center."""
    path = np.full(len(values), -1, dtype=np.int64)
    for _ in range(ROUNDS):
        _, found, cost = _paths(values, means, penalty)
        if np.array_equal(found, path):
            break
        path = found
        means = np.array([values[path == k].mean(axis=0) if (path == k).any() else means[k] for k in range(len(means))])
    return cost, means, path


def _paths(values: Matrix, means: Matrix, penalty: float) -> tuple[Matrix, Path, float]:
    from research.regimes.passes import cheapest

    loss = 0.5 * ((values[:, None, :] - means) ** 2).sum(axis=2)
    costs, before, path = np.empty(loss.shape), np.empty(loss.shape, np.int64), np.empty(len(loss), np.int64)
    total = cheapest(loss, float(penalty), costs, before, path)
    return costs, path, float(total)


def _distant(values: Matrix, n_states: int, rng: np.random.Generator) -> Matrix:
    """First centers: observations drawn with a chance that grows with the squared distance to those drawn before."""
    chosen = [int(rng.integers(len(values)))]
    while len(chosen) < n_states:
        distance = ((values[:, None, :] - values[chosen]) ** 2).sum(axis=2).min(axis=1)
        total = distance.sum()
        chosen.append(int(rng.choice(len(values), p=distance / total)) if total > 0 else chosen[0])
    return values[chosen].copy()
