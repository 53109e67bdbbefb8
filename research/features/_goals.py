"""Expected goals by a model that is fitted to the settled matches of a competition."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl

from engine.asof.running import replayed
from research.goals.fitted import Prior
from research.goals.matches import READS
from research.goals.newton import Played
from research.goals.refitted import Rated, Refits, Refitted

__all__ = ["FittedGoals"]


@dataclass(frozen=True)
class FittedGoals(ABC):
    """A feature of a goal model; a subclass says which one.

    The model of a competition has weights that decay in time. It is fitted again after every instant at which results
    were settled, always from the same start. A team that the window has never seen is a newcomer. The defaults were
    chosen on five leagues before 2013/14 (docs/goals.md).

    Attributes
    ----------
    name : str
        As `engine.strategy.Feature`.
    columns : mapping of str to polars.DataType
        Of the two rates, and of one further value, an attribute of the model, if there is one.
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

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Any]]
    decay: float = 0.0018
    window_days: float = 2557.0
    ridge: float = 9.0
    newcomer: float = 0.15
    warm_up: int = 100

    @property
    def prior(self) -> Prior:
        """What is believed of a team before its matches."""
        return Prior(self.ridge, self.newcomer)

    @abstractmethod
    def fit(self, played: Played, n_teams: int) -> Rated:
        """The model of matches in the order of time."""

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """By the running form."""
        return replayed(self, READS, results, asked)

    def start(self) -> Refitted:
        """No match yet."""
        last = next((name for name in self.columns if name not in ("home_rate", "away_rate")), None)
        return Refitted(Refits(self.fit, last, self.warm_up, self.window_days))
