"""The choice of a configuration by what a training window shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from research.validation.folds import Flags
from research.validation.rules import Rules
from research.validation.slices import BETS, Floats, Learned, metric
from research.validation.splits import backtest_paths, splits_of, training

#: nothing qualified
NONE = -1


@dataclass(frozen=True)
class Choice:
    """What a training window chose.

    Attributes
    ----------
    row : int
        Row of the chosen configuration; `NONE` where none qualifies.
    inside : float
        Its metric in the window; NaN where none qualifies.
    """

    row: int
    inside: float


def choose(sums: Floats, rules: Rules) -> Choice:
    """The best configuration of rows of sums, the first of equally good ones.

    Those with too few bets, or at or below the least metric, do not qualify.
    """
    found = metric(sums, rules.metric)
    with np.errstate(invalid="ignore"):
        qualifies = (sums[:, BETS] >= rules.bets_min) & (found > rules.metric_min)
    if not qualifies.any():
        return Choice(NONE, float("nan"))
    row = int(np.argmax(np.where(qualifies, found, -np.inf)))
    return Choice(row, float(found[row]))


def walk_forward(of: Floats, rules: Rules, touching: Flags) -> list[Choice]:
    """The choice at the start of each fold but the first, by the folds before it.

    Parameters
    ----------
    of : float64 (configurations, folds, 4, 6)
        `slices.slices`.
    rules : Rules
    touching : bool (folds, folds)
        `folds.Cuts.touching`, of any tape.
    """
    forward = replace(rules, name="walk_forward")
    return [choose(training(tested, forward, touching).sums(of), rules) for tested in splits_of(forward)]


def chosen_on_all(of: Floats, rules: Rules) -> Choice:
    """What the same rule chooses on all days."""
    return choose(Learned(np.ones(of.shape[1:3])).sums(of), rules)


@dataclass(frozen=True)
class Path:
    """One backtest path of a cross-validation: bets, and its metric (NaN where nothing was chosen)."""

    bets: int
    metric: float


def cross_validated(of: Floats, rules: Rules, touching: Flags) -> tuple[list[Choice], list[Path]]:
    """The choice of each split, and every backtest path that the tested folds make; as `walk_forward` otherwise."""
    splits = splits_of(rules)
    choices = [choose(training(tested, rules, touching).sums(of), rules) for tested in splits]
    whole = of.sum(axis=2)
    idle = np.zeros_like(whole[0])
    idle[:, 0] = whole[0, :, 0]
    paths = []
    for own in backtest_paths(splits, rules.folds):
        rows = [choices[split].row for split in own]
        total = _total(whole, idle, rows)
        paths.append(Path(int(total[BETS]), float(metric(total, rules.metric))))
    return choices, paths


def _total(whole: Floats, idle: Floats, rows: Sequence[int]) -> Floats:
    """Sums of a path that takes each fold from the configuration of its own row."""
    parts = [idle[fold] if row == NONE else whole[row, fold] for fold, row in enumerate(rows)]
    total: Floats = np.sum(parts, axis=0)
    return total
