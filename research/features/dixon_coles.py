"""Expected goals by the Dixon-Coles model, as of the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.goals.fitted import Prior, fitted
from research.goals.matches import READS
from research.goals.refitted import Refits, Refitted


@dataclass(frozen=True)
class DixonColes:
    """Columns `home_rate` and `away_rate`, expected goals, and `rho`, the dependence of low scores.

    Dixon & Coles (1997), "Modelling association football scores and inefficiencies in the football betting market",
    Applied Statistics 46(2), with weights that decay in time. The model of a competition is fitted again after every
    instant at which results were settled, always from the same start.
    A team that the window has never seen is a newcomer. The defaults were chosen on five leagues before 2013/14
    (docs/goals.md).

    Attributes
    ----------
    decay : float
        Of the weights, per day.
    window_days : float
        Matches so long before the last settled one are left out.
    ridge : float
        Precision of the normal prior of attack and defence, in units of the weighted likelihood; above 0.
    newcomer : float
        What a team that was not there in the first year of the window is believed to score less and let in more, as a
        log factor (`research.goals.fitted.Prior`).
    warm_up : int
        Null until so many matches of the competition are settled.
    """

    name: ClassVar[str] = "dixon_coles"
    columns: ClassVar[Mapping[str, Any]] = {"home_rate": pl.Float64, "away_rate": pl.Float64, "rho": pl.Float64}
    decay: float = 0.0018
    window_days: float = 2557.0
    ridge: float = 9.0
    newcomer: float = 0.15
    warm_up: int = 100

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """By the running form."""
        return replayed(self, READS, results, asked)

    def start(self) -> Refitted:
        """No match yet."""
        fit = partial(fitted, decay=self.decay, prior=Prior(self.ridge, self.newcomer), with_rho=True)
        return Refitted(Refits(fit, "rho", self.warm_up, self.window_days))
