"""How many states, and what a change of state costs: chosen inside the training window, never by profit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import ConfigurationError
from research.regimes.gaussian import GaussianStates
from research.regimes.inputs import scaling_of
from research.regimes.jump import fit_jump
from research.regimes.states import Matrix

#: share of a training window that is held out at its end
HELD_OUT: Final = 0.3
#: penalties that are compared
PENALTIES: Final = (0.3, 1.0, 3.0, 10.0, 30.0)

GaussianFit = Callable[[Matrix, int, int], GaussianStates]


def learned(n: int) -> int:
    """How many of the observations of a training window lie before those that are held out."""
    return n - int(HELD_OUT * n)


@dataclass(frozen=True)
class Candidate:
    """A number of states and how well it does.

    Attributes
    ----------
    n_states : int
    bic : float
        Bayesian information criterion of the whole window, lower is better: Schwarz (1978), Annals of Statistics 6.
    held_out : float
        Log likelihood an observation at the end of the window, fitted before it; higher is better.
    """

    n_states: int
    bic: float
    held_out: float


def candidates(
    values: Matrix, fit: GaussianFit, numbers: Sequence[int] = (1, 2, 3, 4), seed: int = 0
) -> list[Candidate]:
    """Each number of states with its criterion and its held-out likelihood.

    Parameters
    ----------
    values : array of float64, (n, d)
        The training window, standardised; smoothed inputs taken `apart`.
    fit : callable
        `research.regimes.gaussian.fit_hmm` or `fit_mixture`.
    numbers : sequence of int
    seed : int
    """
    cut = learned(len(values))
    found = []
    for n_states in numbers:
        whole, part = fit(values, n_states, seed), fit(values[:cut], n_states, seed)
        bic = whole.n_parameters * math.log(len(values)) - 2.0 * whole.log_likelihood(values)
        held_out = part.log_likelihood(values) - part.log_likelihood(values[:cut])
        found.append(Candidate(n_states, bic, held_out / (len(values) - cut)))
    return found


def number_of_states(found: Sequence[Candidate]) -> int:
    """The number with the best criterion, unless a smaller one is better on what was held out.

    Both must speak for a further state: each is prone to states that are not there, in its own way.
    """
    if not found:
        raise ConfigurationError("no number of states to choose from", expected="at least one")
    by_bic = min(found, key=lambda one: (one.bic, one.n_states))
    by_likelihood = max(found, key=lambda one: (one.held_out, -one.n_states))
    return min(by_bic.n_states, by_likelihood.n_states)


def spacing(half_life: float) -> int:
    """Rows from one observation of `apart` to the next."""
    return max(math.ceil(2 * half_life), 1)


def apart(values: Matrix, half_life: float) -> Matrix:
    """Every so many-th row of smoothed inputs that neighbours have little in common: two half-lives apart.

    Smoothed inputs that follow each other are nearly the same observation. To a criterion each would count as a new
    one, and it would find states that are not there.
    """
    step = spacing(half_life)
    return np.ascontiguousarray(values[step - 1 :: step])


def held_out_losses(raw: Matrix, n_states: int, penalty: float, half_life: float, tail: float, seed: int = 0) -> Matrix:
    """How far each next observation is from its state, at the end of a window: half the squared distance.

    The model is fitted on the smoothed inputs before the end. What is predicted is the next winsorised input itself, by
    the mean of those inputs in the state of the observation before: a smoothed one would be predicted best by a state
    that changes with every step.

    Parameters
    ----------
    raw : array of float64, (n, d)
        The training window; NaN: no value, which is not predicted.
    n_states, penalty, seed
        As in `research.regimes.jump.fit_jump`.
    half_life, tail : float
        As in `research.regimes.inputs.scaling_of`.

    Returns
    -------
    array of float64, (m,)
        One for each observation that is held out.
    """
    cut = learned(len(raw))
    smooth, plain = scaling_of(raw[:cut], half_life, tail), scaling_of(raw[:cut], 0.0, tail)
    values, exact = smooth.applied(raw), (np.clip(raw, plain.low, plain.high) - plain.center) / plain.spread
    states = fit_jump(values[:cut], n_states, penalty, seed)
    path = states.filtered(values).path
    told = np.zeros((n_states, raw.shape[1]))
    for state in range(n_states):
        after = exact[1:cut][path[: cut - 1] == state]
        known = np.isfinite(after)
        told[state] = np.where(known, after, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    losses: Matrix = np.nansum(0.5 * (exact[cut:] - told[path[cut - 1 : -1]]) ** 2, axis=1)
    return losses


def penalty_of(
    raw: Matrix, n_states: int, half_life: float, tail: float, penalties: Sequence[float] = PENALTIES, seed: int = 0
) -> float:
    """The largest penalty that predicts the held-out observations as well as the best one does.

    As well: the mean difference is within one standard error of itself (the rule of one standard error: Breiman,
    Friedman, Olshen & Stone 1984, "Classification and Regression Trees", section 3.4.3). The loss hardly tells small
    penalties apart, and the larger of two changes state less often.

    Parameters are those of `held_out_losses`; `penalties` are compared.
    """
    if not penalties:
        raise ConfigurationError("no penalty to choose from", expected="at least one")
    losses = {one: held_out_losses(raw, n_states, one, half_life, tail, seed) for one in sorted(penalties)}
    best = losses[min(losses, key=lambda one: float(losses[one].mean()))]
    return max(one for one, loss in losses.items() if _is_as_good(loss - best))


def _is_as_good(excess: Matrix) -> bool:
    error = excess.std(ddof=1) / math.sqrt(len(excess)) if len(excess) > 1 else 0.0
    return float(excess.mean()) <= float(error)
