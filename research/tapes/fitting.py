"""Strategies with a model: fitted at the start of each fold, on nothing that was settled or quoted later.

One tape holds the decisions of all folds. Each decision comes from the model fitted at the start of its fold; before
the first fold boundary there is no model and no decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.clock import day_start
from engine.errors import ConfigurationError, TapeError, check_frame
from engine.schema import OPPORTUNITIES
from engine.strategy import History, Learner, Strategy, View
from research.config.tape_spec import TapeSpec
from research.strategies.user_file import failures_named

_END = int(np.iinfo(np.int64).max)


def fitted_at(spec: TapeSpec, strategy: Strategy | Learner, dates: Sequence[dt.date]) -> TapeSpec:
    """The specification with the days on which its model is fitted; unchanged if the strategy has no model.

    Parameters
    ----------
    spec : TapeSpec
    strategy : Strategy or Learner
    dates : sequence of date
        Fold boundaries (`research.validation.folds`); empty: no validation.

    Raises
    ------
    ConfigurationError
        A strategy with a model, and no folds.
    """
    if not isinstance(strategy, Learner):
        return spec
    if not dates:
        raise ConfigurationError(
            f"{strategy.name} is fitted at the start of each fold, and there are none",
            where="validation",
            expected="walk_forward, purged_kfold or cpcv",
            found="none",
        )
    return replace(spec, fit_at=tuple(date.isoformat() for date in dates[1:-1]))


def opportunities(spec: TapeSpec, strategy: Any, events: pl.DataFrame, views: Sequence[View]) -> pl.DataFrame:
    """Opportunities of a strategy over the views of one part of the universe, fitted first if it has a model.

    Raises
    ------
    ConfigurationError
        The user's own strategy fails; file and line are named.
    """
    with nullcontext() if spec.strategy_file is None else failures_named(Path(spec.strategy_file)):
        if not spec.fit_at:
            return _together([_offered(spec, strategy, view) for view in views if view.quotes.height])
        return _fold_by_fold(spec, strategy, events, pl.concat([view.quotes for view in views]))


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Opportunities of several views; a strategy may answer with a frame without columns where it has none."""
    return pl.concat([pl.DataFrame(schema=OPPORTUNITIES), *(frame for frame in frames if frame.width)], how="diagonal")


def _fold_by_fold(spec: TapeSpec, strategy: Any, events: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    decided, settled = pl.col("decided_at").cast(pl.Int64), pl.col("settled_at").cast(pl.Int64)
    frames: list[pl.DataFrame] = []
    for since, until in pairwise([*(_midnight(day, spec.zone) for day in spec.fit_at), _END]):
        seen = quotes.filter(decided >= since, decided < until)
        if seen.is_empty():
            continue  # nothing to decide in this fold, so nothing to fit
        known = History(events.filter(settled < since), quotes.filter(decided < since))
        fitted = strategy.fit(known, since)
        frames.append(_offered(spec, fitted, View(seen)))
    return _together(frames)


def _offered(spec: TapeSpec, strategy: Any, view: View) -> pl.DataFrame:
    """What a strategy offers on a view; raises `TapeError` if it is no Polars frame."""
    offered: pl.DataFrame = strategy.opportunities(view)
    check_frame(offered, f"the opportunities of strategy {spec.strategy}", TapeError)
    return offered


def _midnight(day: str, zone: str) -> int:
    """The instant at which a day begins in a zone, UTC nanoseconds."""
    return day_start(dt.date.fromisoformat(day), zone)
