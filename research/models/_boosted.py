"""Boosted trees for three outcomes, or two, that keep to an order: a score for each outcome but the reference.

LightGBM's own multiclass objective has one sign of a monotone constraint for all outcomes, which is no promise at all:
it lets a better home side raise the score of an away win. Here each outcome has trees and signs of its own, and the
reference outcome (the draw) has the score 0. A rising score of home and a falling one of away then make the probability
of a home win rise, and that of an away win fall, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.regression.multinomial import softmax

Array = NDArray[np.float64]

#: one thread and fixed seeds: the same rows give the same trees, and a busy machine does not stall them
_FIXED: Final = {
    "objective": "none",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "boost_from_average": False,
    "feature_pre_filter": False,
    "monotone_constraints_method": "basic",
}


@dataclass(frozen=True)
class Growth:
    """How trees are grown.

    Attributes
    ----------
    leaves, rows_leaf : int
        Most leaves of a tree, and fewest rows of a leaf.
    rate : float
        Learning rate.
    ridge : float
        L2 penalty of the leaves.
    share : float
        Share of the inputs that a tree may use.
    seed : int
        Of that choice.
    """

    leaves: int
    rows_leaf: int
    rate: float
    ridge: float
    share: float
    seed: int

    def parameters(self, signs: list[int] | None) -> dict[str, Any]:
        """Parameters of LightGBM; `signs` are the monotone constraints of the inputs."""
        found = _FIXED | {
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.rows_leaf,
            "learning_rate": self.rate,
            "lambda_l2": self.ridge,
            "feature_fraction": self.share,
            "seed": self.seed,
        }
        return found if signs is None else found | {"monotone_constraints": signs}


@dataclass(frozen=True)
class Boosted:
    """Trees that were grown.

    Attributes
    ----------
    outcomes : tuple of int
        Index of the outcome of each text.
    base : tuple of float
        Score of each of them before the first tree: its log odds against the reference in the rows of the fit.
    texts : tuple of str
        Models of LightGBM as text.
    n_outcomes : int
    """

    outcomes: tuple[int, ...]
    base: tuple[float, ...]
    texts: tuple[str, ...]
    n_outcomes: int

    def probabilities(self, inputs: Array) -> Array:
        """Probabilities, (n, n_outcomes), of inputs (n, d)."""
        scores = np.zeros((inputs.shape[0], self.n_outcomes), order="F")
        for outcome, base, text in zip(self.outcomes, self.base, self.texts, strict=True):
            scores[:, outcome] = base
            if inputs.shape[0]:
                scores[:, outcome] += _booster(text).predict(inputs, raw_score=True, num_threads=1)
        return softmax(scores)


@lru_cache(maxsize=16)
def _booster(text: str) -> Any:
    import lightgbm

    return lightgbm.Booster(model_str=text)


class _Grown:
    """Boosters of the outcomes but the reference, grown together a round at a time."""

    def __init__(
        self, inputs: Array, outcome: NDArray[np.int64], n_outcomes: int, growth: Growth, favours: list[int] | None
    ) -> None:
        import lightgbm

        self._inputs, self._happened = inputs, np.eye(n_outcomes)[outcome]
        self.outcomes = (0, 2) if n_outcomes == 3 else (0,)
        reference = 1
        counts = np.bincount(outcome, minlength=n_outcomes) + 0.5
        self.base = tuple(float(np.log(counts[k] / counts[reference])) for k in self.outcomes)
        self.scores = self.start(inputs.shape[0])
        self.boosters = []
        for k in self.outcomes:
            signs = None if favours is None else [sign if k == 0 else -sign for sign in favours]
            parameters = growth.parameters(signs)
            rows = lightgbm.Dataset(inputs, label=np.zeros(inputs.shape[0]), params=parameters, free_raw_data=False)
            self.boosters.append(lightgbm.Booster(params=parameters, train_set=rows))
        self.rounds = 0

    def start(self, n_rows: int) -> Array:
        """Scores of some rows before the first tree."""
        scores = np.zeros((n_rows, self._happened.shape[1]), order="F")
        for k, base in zip(self.outcomes, self.base, strict=True):
            scores[:, k] = base
        return scores

    def grow(self) -> None:
        """One more tree of each outcome, all from the same probabilities."""
        chance = softmax(self.scores)
        for k, booster in zip(self.outcomes, self.boosters, strict=True):
            slope = chance[:, k] - self._happened[:, k]
            bend = np.maximum(chance[:, k] * (1.0 - chance[:, k]), 1e-6)
            booster.update(fobj=lambda _scores, _rows, slope=slope, bend=bend: (slope, bend))
        self.add_last(self.scores, self._inputs)
        self.rounds += 1

    def add_last(self, scores: Array, inputs: Array) -> None:
        """Add the trees of the last round to the scores of some rows."""
        for k, booster in zip(self.outcomes, self.boosters, strict=True):
            last = booster.current_iteration() - 1
            scores[:, k] += booster.predict(
                inputs, start_iteration=last, num_iteration=1, raw_score=True, num_threads=1
            )


def grown(
    inputs: Array, outcome: NDArray[np.int64], n_outcomes: int, growth: Growth, favours: list[int] | None, rounds: int
) -> Boosted:
    """A fixed number of rounds.

    Parameters
    ----------
    inputs : array of float64, (n, d)
        NaN: not known.
    outcome : array of int64, (n,)
    n_outcomes : int
        2 or 3; of three the second is the reference, of two the last.
    growth : Growth
    favours : list of int or None
        For each input 1 if a higher value can only favour the first outcome, 0 if nothing is promised; None: no
        promise at all.
    rounds : int
    """
    made = _Grown(inputs, outcome, n_outcomes, growth, favours)
    for _ in range(rounds):
        made.grow()
    texts = tuple(booster.model_to_string() for booster in made.boosters)
    return Boosted(made.outcomes, made.base, texts, n_outcomes)


def best_rounds(
    inputs: Array, outcome: NDArray[np.int64], n_outcomes: int, growth: Growth, favours: list[int] | None,
    held_out: NDArray[np.bool_], limits: tuple[int, int],
) -> tuple[int, Array]:  # fmt: skip
    """Early stopping: the rounds with the lowest log loss on rows that are held out of the fit.

    Parameters
    ----------
    inputs, outcome, n_outcomes, growth, favours
        As in `grown`; all rows.
    held_out : array of bool, (n,)
        Rows to stop by: the latest ones.
    limits : tuple of int
        Most rounds, and rounds without a better one after which it stops.

    Returns
    -------
    rounds : int
        1 or more.
    chance : array of float64, (n_held_out, n_outcomes)
        Forecasts of the rows held out after so many rounds.
    """
    made = _Grown(np.asfortranarray(inputs[~held_out]), outcome[~held_out], n_outcomes, growth, favours)
    new, happened = np.asfortranarray(inputs[held_out]), outcome[held_out]
    scores, rows = made.start(new.shape[0]), np.arange(happened.size)
    best, best_loss, best_chance = 1, np.inf, softmax(scores)
    most, patience = limits
    while made.rounds < most and made.rounds - best < patience:
        made.grow()
        made.add_last(scores, new)
        chance = softmax(scores)
        loss = float(-np.log(chance[rows, happened]).mean())
        if loss < best_loss:
            best, best_loss, best_chance = made.rounds, loss, chance
    return best, best_chance
