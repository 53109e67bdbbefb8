"""Training and test folds: walk-forward, purged k-fold, combinatorial purged cross-validation.

Lopez de Prado, "Advances in financial machine learning" (2018), sections 7.4 (purging, embargo) and 12.4 (combinatorial
purged cross-validation: N groups, k of them tested, C(N, k) splits, C(N - 1, k - 1) backtest paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from research.validation.folds import Flags
from research.validation.rules import Rules
from research.validation.slices import PARTS, TrainingParts

Split = tuple[int, ...]


def splits_of(rules: Rules) -> list[Split]:
    """Folds that each split tests; for walk-forward each fold but the first, in order."""
    if rules.name == "purged_kfold":
        return [(fold,) for fold in range(rules.folds)]
    if rules.name == "cpcv":
        return list(combinations(range(rules.folds), rules.test_folds))
    return [(fold,) for fold in range(1, rules.folds)]


def training_parts(tested: Split, folds: Sequence[int], touching: Flags) -> TrainingParts:
    """Parts of `folds` that may be learned from while `tested` are tested: those that no tested fold reaches into.

    Excluded are the part of a fold that shares events with earlier tested folds or lies in their embargo, and the part
    that shares events with later tested folds.

    Parameters
    ----------
    tested : tuple of int
    folds : sequence of int
    touching : bool (folds, folds)
        `folds.Cuts.touching`.
    """
    use = np.zeros((len(touching), PARTS))
    for fold in folds:
        if fold not in tested:
            head = not any(touching[other, fold] for other in tested if other < fold)
            tail = not any(touching[other, fold] for other in tested if other > fold)
            use[fold] = head, 1.0, head and tail, tail
    return TrainingParts(use)


def training_of(tested: Split, rules: Rules, touching: Flags) -> TrainingParts:
    """Parts that a split learns from, by the rules of validation."""
    if rules.name in ("purged_kfold", "cpcv"):
        return training_parts(tested, range(rules.folds), touching)
    first = tested[0]
    begin = 0 if rules.train_folds is None else max(0, first - rules.train_folds)
    return training_parts(tested, range(begin, first), touching)


def backtest_paths(splits: Sequence[Split], n_folds: int) -> NDArray[np.int64]:
    """Split that each backtest path takes each fold from, int64 (paths, folds).

    Every fold is tested by equally many splits. Path p takes the p-th of them.
    """
    testing = [[number for number, tested in enumerate(splits) if fold in tested] for fold in range(n_folds)]
    return np.array(testing, dtype=np.int64).T
