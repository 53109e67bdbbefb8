"""Strategies with a model: fitted anew at the start of each fold, on nothing that was settled or quoted later.

One tape holds the decisions of all folds, each by the model that was fitted at the start of its own fold; before the
first border there is no model and no decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from engine.clock import zone_of
from engine.errors import ConfigurationError
from engine.strategy import History, Learner, Strategy, View
from research.config.tape_spec import Slow

_SECOND_NS = 1_000_000_000
_END = int(np.iinfo(np.int64).max)


def fitted_at(slow: Slow, strategy: Strategy | Learner, dates: Sequence[dt.date]) -> Slow:
    """The slow part with the days at which its model is fitted; as it was where it has none.

    Parameters
    ----------
    slow : Slow
    strategy : Strategy or Learner
    dates : sequence of date
        Borders of folds (`research.validation.folds.borders`); empty: nothing is validated.

    Raises
    ------
    ConfigurationError
        A strategy with a model, and no folds.
    """
    if not isinstance(strategy, Learner):
        return slow
    if not dates:
        raise ConfigurationError(
            f"{strategy.name} is fitted at the start of each fold, and there are none",
            where="validation",
            expected="walk_forward, purged_kfold or cpcv",
            found="none",
        )
    return replace(slow, fit_at=tuple(date.isoformat() for date in dates[1:-1]))


def opportunities(slow: Slow, strategy: Any, events: pl.DataFrame, views: Sequence[View]) -> pl.DataFrame:
    """What a strategy offers over the views of a part of the universe, fitted where it has a model."""
    if not slow.fit_at:
        whole: pl.DataFrame = pl.concat((strategy.opportunities(view) for view in views), how="diagonal")
        return whole
    quotes = pl.concat([view.quotes for view in views])
    decided, settled = pl.col("decided_at").cast(pl.Int64), pl.col("settled_at").cast(pl.Int64)
    offered: list[pl.DataFrame] = []
    for since, until in pairwise([*(_midnight(day, slow.zone) for day in slow.fit_at), _END]):
        known = History(events.filter(settled < since), quotes.filter(decided < since))
        fitted = strategy.fit(known, since)
        offered.append(fitted.opportunities(View(quotes.filter(decided >= since, decided < until))))
    made: pl.DataFrame = pl.concat(offered, how="diagonal")
    return made


def _midnight(day: str, zone: str) -> int:
    """The instant at which a day begins in a zone, UTC nanoseconds."""
    return int(dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), zone_of(zone)).timestamp()) * _SECOND_NS
