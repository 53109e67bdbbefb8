"""Selection of a configuration by its results in training folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from research.validation.folds import Flags
from research.validation.rules import Rules
from research.validation.slices import BETS, Floats, TrainingParts, metric
from research.validation.splits import backtest_paths, splits_of, training_of

#: row of a choice where no configuration qualifies
NO_CONFIGURATION: Final = -1


@dataclass(frozen=True)
class Choice:
    """Configuration selected by training folds.

    Attributes
    ----------
    row : int
        Row of the configuration; `NO_CONFIGURATION` if none qualifies.
    in_sample : float
        Its metric in the training folds; NaN if none qualifies.
    """

    row: int
    in_sample: float


def select_best(sums: Floats, rules: Rules) -> Choice:
    """Select the configuration with the best metric, the first of equally good ones.

    A configuration with fewer than `rules.bets_min` bets, or whose metric is not above `rules.metric_min`, does not
    qualify.

    Parameters
    ----------
    sums : float64 (configurations, 6)
        `slices.TrainingParts.sums`.
    rules : Rules
    """
    values = metric(sums, rules.metric)
    with np.errstate(invalid="ignore"):
        qualifies = (sums[:, BETS] >= rules.bets_min) & (values > rules.metric_min)
    if not qualifies.any():
        return Choice(NO_CONFIGURATION, float("nan"))
    row = int(np.argmax(np.where(qualifies, values, -np.inf)))
    return Choice(row, float(values[row]))


def walk_forward(sums: Floats, rules: Rules, touching: Flags) -> list[Choice]:
    """Select a configuration at the start of each fold except the first, by the folds before it.

    Parameters
    ----------
    sums : float64 (configurations, folds, 4, 6)
        `slices.fold_sums`.
    rules : Rules
    touching : bool (folds, folds)
        `folds.Cuts.touching`, true where it is for any tape.
    """
    forward = replace(rules, name="walk_forward")
    return [select_best(training_of(tested, forward, touching).sums(sums), rules) for tested in splits_of(forward)]


def select_on_all_days(sums: Floats, rules: Rules) -> Choice:
    """Select by all days; parameters as in `walk_forward`."""
    return select_best(TrainingParts(np.ones(sums.shape[1:3])).sums(sums), rules)


@dataclass(frozen=True)
class BacktestPath:
    """One backtest path of a cross-validation: its bets, and its metric (NaN if nothing was selected)."""

    bets: int
    metric: float


def cross_validate(sums: Floats, rules: Rules, touching: Flags) -> tuple[list[Choice], list[BacktestPath]]:
    """Choice of each split, and every backtest path of the tested folds; parameters as in `walk_forward`."""
    splits = splits_of(rules)
    choices = [select_best(training_of(tested, rules, touching).sums(sums), rules) for tested in splits]
    fold_totals = sums.sum(axis=2)
    idle = np.zeros_like(fold_totals[0])
    idle[:, 0] = fold_totals[0, :, 0]
    paths = []
    for split_of_fold in backtest_paths(splits, rules.folds):
        rows = [choices[split].row for split in split_of_fold]
        total = _path_total(fold_totals, idle, rows)
        paths.append(BacktestPath(int(total[BETS]), float(metric(total, rules.metric))))
    return choices, paths


def _path_total(fold_totals: Floats, idle: Floats, rows: Sequence[int]) -> Floats:
    """Sums of a path that takes each fold from the configuration of its row, float64 (6,)."""
    parts = [idle[fold] if row == NO_CONFIGURATION else fold_totals[row, fold] for fold, row in enumerate(rows)]
    total: Floats = np.sum(parts, axis=0)
    return total
