"""What is learned from and what is tested: walk-forward, purged k-fold, combinatorial purged cross-validation.

Lopez de Prado, "Advances in financial machine learning" (2018), sections 7.4 (purging, embargo) and 12.4
(combinatorial purged cross-validation: N groups, k tested, C(N, k) splits, C(N - 1, k - 1) backtest paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from research.validation.folds import Flags
from research.validation.rules import Rules
from research.validation.slices import PARTS, Learned

Split = tuple[int, ...]


def splits_of(rules: Rules) -> list[Split]:
    """The folds that each split tests; for walk-forward one fold after another, without the first."""
    if rules.name == "purged_kfold":
        return [(fold,) for fold in range(rules.folds)]
    if rules.name == "cpcv":
        return list(combinations(range(rules.folds), rules.test_folds))
    return [(fold,) for fold in range(1, rules.folds)]


def learned(tested: Split, folds: Sequence[int], touching: Flags) -> Learned:
    """Parts of `folds` that may be learned from where `tested` are tested: none that a tested fold reaches into.

    Left out is the part of a fold that shares events with tested ones before it or lies in their embargo, and the part
    that shares events with tested ones behind it.

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
            head = not any(touching[one, fold] for one in tested if one < fold)
            tail = not any(touching[one, fold] for one in tested if one > fold)
            use[fold] = head, 1.0, head and tail, tail
    return Learned(use)


def training(tested: Split, rules: Rules, touching: Flags) -> Learned:
    """What a split learns from."""
    if rules.name in ("purged_kfold", "cpcv"):
        return learned(tested, range(rules.folds), touching)
    first = tested[0]
    begin = 0 if rules.train_folds is None else max(0, first - rules.train_folds)
    return learned(tested, range(begin, first), touching)


def backtest_paths(splits: Sequence[Split], n_folds: int) -> NDArray[np.int64]:
    """Which split gives each fold of each backtest path; int64 (paths, folds).

    Every fold is tested by equally many splits; path p takes, of each fold, the p-th of them.
    """
    testing = [[number for number, tested in enumerate(splits) if fold in tested] for fold in range(n_folds)]
    return np.array(testing, dtype=np.int64).T


def n_paths(rules: Rules) -> int:
    """How many backtest paths there are: 1 for k-fold, C(folds - 1, test_folds - 1) for cpcv."""
    return comb(rules.folds - 1, rules.test_folds - 1) if rules.name == "cpcv" else 1
