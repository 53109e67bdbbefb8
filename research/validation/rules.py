"""Rules of validation: the values of the `validation` group of the configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.clock import DAY_NS, duration_ns
from engine.errors import ConfigurationError

#: most splits of combinatorial cross-validation; a command with more is refused
MOST_SPLITS: Final = 20_000
#: when a strategy with a model is fitted: at the start of each fold, every day, at the start of each season
FOLD, DAILY, SEASON = "fold", "1d", "season"


@dataclass(frozen=True)
class Rules:
    """How folds are cut and how a configuration is selected.

    Attributes
    ----------
    name : str
        ``none``, ``walk_forward``, ``purged_kfold``, ``cpcv``.
    folds : int
        Number of folds that the days are cut into.
    folds_by : str
        ``time``, ``season``, ``count``.
    train_folds : int or None
        Folds before a boundary that a walk-forward choice learns from; None: all.
    test_folds : int
        Folds that one split of ``cpcv`` tests.
    embargo_days : int
        Days after a tested fold that are excluded from training.
    metric : str
        ``sharpe``, ``growth``, ``yield``.
    metric_min : float
        The metric must be above this; -inf: no minimum.
    bets_min : int
        Fewest bets in the training folds.
    refit : str
        When a strategy with a model is fitted: ``fold``, ``1d``, ``season``.
    """

    name: str = "walk_forward"
    folds: int = 6
    folds_by: str = "time"
    train_folds: int | None = None
    test_folds: int = 2
    embargo_days: int = 1
    metric: str = "sharpe"
    metric_min: float = 0.0
    bets_min: int = 100
    refit: str = FOLD

    @property
    def enabled(self) -> bool:
        """Whether anything is validated."""
        return self.name != "none"


def rules_of(flat: Mapping[str, Any]) -> Rules:
    """Rules of a configuration given as dotted keys.

    Raises
    ------
    ConfigurationError
        If a number is out of range, or there are more splits than `MOST_SPLITS`.
    """
    prefix = "validation."
    values = {key.removeprefix(prefix): value for key, value in flat.items() if key.startswith(prefix)}
    embargo_ns, metric_min = duration_ns(values.pop("embargo"), "validation.embargo"), values.pop("metric_min")
    rules = Rules(
        **values,
        embargo_days=-(-embargo_ns // DAY_NS),
        metric_min=-math.inf if metric_min is None else metric_min,
    )
    bounds = {
        "folds": (rules.folds, 2, 366),
        "train_folds": (1 if rules.train_folds is None else rules.train_folds, 1, rules.folds - 1),
        "test_folds": (rules.test_folds, 1, rules.folds - 1),
        "bets_min": (rules.bets_min, 1, math.inf),
    }
    for name, (value, low, high) in bounds.items():
        unused = name == "test_folds" and rules.name != "cpcv"
        if not low <= value <= high and not unused:
            raise ConfigurationError(
                "out of range", where=f"validation.{name}", expected=f"{low} to {high}", found=str(value)
            )
    splits = math.comb(rules.folds, rules.test_folds)
    if rules.name == "cpcv" and splits > MOST_SPLITS:
        raise ConfigurationError(
            f"{splits:,} splits",
            where="validation",
            expected=f"at most {MOST_SPLITS:,}",
            todo="use fewer folds or test_folds",
        )
    return rules
