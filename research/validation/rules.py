"""What the `validation` group says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.clock import DAY_NS, duration_ns
from engine.errors import ConfigurationError

#: splits of combinatorial cross-validation beyond which a command is refused
MOST_SPLITS = 20_000


@dataclass(frozen=True)
class Rules:
    """How folds are cut and how a configuration is chosen.

    Attributes
    ----------
    name : str
        ``none``, ``walk_forward``, ``purged_kfold``, ``cpcv``.
    folds : int
        Spans that the days are cut into.
    folds_by : str
        ``time``, ``season``, ``count``.
    train_folds : int or None
        Folds before a border that a walk-forward choice looks at; None: all.
    test_folds : int
        Folds that one split of ``cpcv`` tests.
    embargo_days : int
        Days after a tested fold that are not learned from.
    metric : str
        ``sharpe``, ``growth``, ``yield``.
    metric_min : float
        What the metric must exceed; -inf: nothing.
    bets_min : int
        Fewest bets in what is learned from.
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

    @property
    def on(self) -> bool:
        """Whether anything is validated."""
        return self.name != "none"


def rules_of(flat: Mapping[str, Any]) -> Rules:
    """The rules of one configuration, given its dotted keys.

    Raises
    ------
    ConfigurationError
        Numbers out of their range, or more splits than `MOST_SPLITS`.
    """
    own = {key.removeprefix("validation."): value for key, value in flat.items() if key.startswith("validation.")}
    embargo_ns, least = duration_ns(own.pop("embargo"), "validation.embargo"), own.pop("metric_min")
    rules = Rules(**own, embargo_days=-(-embargo_ns // DAY_NS), metric_min=-math.inf if least is None else least)
    bounds = {
        "folds": (rules.folds, 2, 366),
        "train_folds": (1 if rules.train_folds is None else rules.train_folds, 1, rules.folds - 1),
        "test_folds": (rules.test_folds, 1, rules.folds - 1),
        "bets_min": (rules.bets_min, 1, math.inf),
    }
    for name, (value, low, high) in bounds.items():
        needless = name == "test_folds" and rules.name != "cpcv"
        if not low <= value <= high and not needless:
            raise ConfigurationError(
                "out of range", where=f"validation.{name}", expected=f"{low} to {high}", found=str(value)
            )
    splits = math.comb(rules.folds, rules.test_folds)
    if rules.name == "cpcv" and splits > MOST_SPLITS:
        raise ConfigurationError(
            f"{splits:,} splits",
            where="validation",
            expected=f"at most {MOST_SPLITS:,}",
            todo="fewer folds or test_folds",
        )
    return rules
