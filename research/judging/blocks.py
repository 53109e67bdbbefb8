"""Intervals by a bootstrap over whole weeks: events of a week share teams, rounds and prices, so they stay together.

Weeks run from Monday to Sunday. Each resample draws as many weeks as there are, with replacement (Efron, Annals of
Statistics 7 (1979), with weeks as the units; Kunsch, Annals of Statistics 17 (1989), on blocks). Intervals are
percentiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["LEVEL", "UNKNOWN", "Interval", "Weeks", "interval", "plain"]

Floats = NDArray[np.float64]

#: share of resamples inside an interval
LEVEL: Final = 0.9


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval; NaN where it is not known."""

    value: float
    low: float
    high: float


#: what is not known
UNKNOWN: Final = Interval(math.nan, math.nan, math.nan)


def plain(values: Interval, name: str) -> dict[str, float | None]:
    """An interval as plain values, its estimate under a name; null for what is not known."""
    pairs = ((name, values.value), ("low", values.low), ("high", values.high))
    return {key: value if math.isfinite(value) else None for key, value in pairs}


@dataclass(frozen=True)
class Weeks:
    """The weeks of some events, and how often each resample holds each of them.

    Attributes
    ----------
    place : int64 (events,)
        Week of each event, from 0.
    counts : float64 (resamples, weeks)
    """

    place: NDArray[np.int64]
    counts: Floats

    @classmethod
    def of(cls, dates: pl.Series, resamples: int, rng: np.random.Generator) -> Weeks:
        """The weeks of some dates."""
        monday = dates.cast(pl.Date).dt.truncate("1w").cast(pl.Int32).to_numpy()
        weeks, place = np.unique(monday, return_inverse=True)
        counts = rng.multinomial(len(weeks), np.full(len(weeks), 1.0 / len(weeks)), size=resamples)
        return cls(place.astype(np.int64), counts.astype(np.float64))

    def sums(self, values: Floats) -> Floats:
        """Sums over the events of each week; (events, ...) to (weeks, ...)."""
        total = np.zeros((self.counts.shape[1], *values.shape[1:]))
        np.add.at(total, self.place, values)
        return total

    def mean(self, values: Floats, level: float = LEVEL) -> Interval:
        """Mean over all events, and its interval."""
        return self.ratio(values, np.ones(len(values)), level)

    def ratio(self, above: Floats, below: Floats, level: float = LEVEL) -> Interval:
        """One sum over another, and its interval; NaN where nothing is below."""
        if not below.sum() > 0.0:
            return UNKNOWN
        numbers = self.counts @ self.sums(np.stack([above, below], axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = numbers[:, 0] / numbers[:, 1]
        return interval(float(above.sum() / below.sum()), drawn[np.isfinite(drawn)], level)


def interval(value: float, drawn: Floats, level: float = LEVEL) -> Interval:
    """The percentiles of resamples around an estimate; both ends are the estimate where there is no resample."""
    if not len(drawn):
        return Interval(value, value, value)
    low, high = np.quantile(drawn, [0.5 - level / 2.0, 0.5 + level / 2.0])
    return Interval(value, float(low), float(high))
