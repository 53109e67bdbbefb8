"""Measure the yields of a sweep at level stakes, and how close another configuration came to being selected."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from research.inference.columns import IN_CACHE, over_slices
from research.inference.conditional import Measured
from research.validation.rules import Rules
from research.validation.slices import BETS, metric
from research.verdict.at_level import LevelStakes, equal_turnover, portfolio
from research.verdict.size import Size, level_yield

Floats = NDArray[np.float64]

#: configurations whose level stakes correlate at least this much are the same bet: being ahead of one is no selection
ALIKE: Final = 0.99


@dataclass(frozen=True)
class Days:
    """Day series of all configurations, each float32 (configurations, days), and sums float64.

    Attributes
    ----------
    returns, level : float32 (configurations, days)
        Daily returns on equity; profit at level stakes.
    turnover : float64 (configurations,)
        Settled stakes at level stakes.
    sums : float64 (configurations, 6)
        `research.validation.slices` over all days: what the selection sees.
    """

    returns: NDArray[np.float32]
    level: NDArray[np.float32]
    turnover: Floats
    sums: Floats


def size_of(days: Days, selected: int | None, aside: Collection[int], rules: Rules) -> Size:
    """Measure the yields of a sweep.

    Parameters
    ----------
    days : Days
    selected : int or None
        Row of the selected configuration.
    aside : collection of int
        Rows that are set aside: never selected, not judged.
    rules : Rules
        By which the configuration was selected.
    """
    judged = days.turnover > 0.0
    judged[list(aside)] = False
    rows = np.flatnonzero(judged)
    if not len(rows):
        return Size(None, None, math.nan, 0)
    errors = _errors(days, rows)
    rows, errors = rows[np.isfinite(errors)], errors[np.isfinite(errors)]
    if not len(rows):
        return Size(None, None, math.nan, 0)
    chosen, bets = None, float(np.median(days.sums[rows, BETS]))
    if selected is not None and selected in rows:
        estimate, error = level_yield(days.level[selected], float(days.turnover[selected]))
        chosen = Measured(estimate, error, _margin(days, selected, rows, rules))
        bets = float(days.sums[selected, BETS])
    return Size(chosen, _ensemble(days, rows), float(np.median(errors)), round(bets))


def _errors(days: Days, rows: NDArray[np.intp]) -> Floats:
    """Standard errors of the yields of these rows; (len(rows),)."""
    n = days.level.shape[1]
    parts = over_slices(lambda part: days.level[rows[part]].std(axis=1, dtype=np.float64), len(rows), n, IN_CACHE)
    errors: Floats = np.concatenate(parts) * math.sqrt(n) / days.turnover[rows]
    return errors


def _ensemble(days: Days, rows: NDArray[np.intp]) -> Measured | None:
    """The portfolio of these rows (`research.verdict.at_level.portfolio`)."""
    judged = np.zeros(len(days.turnover), np.bool_)
    judged[rows] = True
    daily = portfolio(LevelStakes(days.level.T, days.turnover), judged)
    if daily is None:
        return None
    shares = days.turnover[rows] * equal_turnover(days.turnover[rows])
    return Measured(*level_yield(daily, float(shares.mean())))


def _margin(days: Days, selected: int, rows: NDArray[np.intp], rules: Rules) -> float:
    """By how many standard errors the yield could be lower before another configuration is selected.

    The metric of each configuration moves with the selected one's standardised yield by their covariance; what is
    independent of it stays (`research.inference.conditional`, theorem of Lee et al.).
    """
    values = metric(days.sums, rules.metric)
    able = rows[(days.sums[rows, BETS] >= rules.bets_min) & np.isfinite(values[rows])]
    own = np.asarray(days.level[selected], np.float64)
    own -= own.mean()
    spread = math.sqrt(float(own @ own))
    if selected not in able or not spread > 0.0:
        return math.inf
    slopes, alike = _slopes(days, able, own / spread, rules.metric)
    place = int(np.flatnonzero(able == selected)[0])
    lead, falls = values[selected] - values[able], slopes[place] - slopes
    others = (falls > 0.0) & (alike < ALIKE)
    margins = lead[others] / falls[others]
    if slopes[place] > 0.0:
        margins = np.append(margins, (values[selected] - rules.metric_min) / slopes[place])
    return max(float(margins.min()), 0.0) if len(margins) else math.inf


def _slopes(days: Days, rows: NDArray[np.intp], own: Floats, name: str) -> tuple[Floats, Floats]:
    """How the metric of each row moves with the standardised yield `own`, and their correlation; (len(rows),) each."""
    n = days.level.shape[1]
    slopes, alike = np.empty(len(rows)), np.empty(len(rows))

    def work(place: slice) -> None:
        part = rows[place]
        level = np.asarray(days.level[part], np.float64)
        along = np.einsum("cd,d->c", level, own)
        with np.errstate(divide="ignore", invalid="ignore"):
            alike[place] = np.nan_to_num(along / (level.std(axis=1) * math.sqrt(n)))
            if name == "yield":
                slopes[place] = along / days.turnover[part]
            else:
                returns = np.asarray(days.returns[part], np.float64)
                scale = n * (returns.std(axis=1) if name == "sharpe" else 1.0)
                slopes[place] = np.nan_to_num(np.einsum("cd,d->c", returns, own) / scale)

    over_slices(work, len(rows), n, IN_CACHE)
    return slopes, alike
