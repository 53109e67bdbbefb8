"""Intervals by a bootstrap over whole weeks: events of a week share teams, rounds and prices, so they stay together.

Weeks run from Monday to Sunday. Each resample draws as many weeks as there are, with replacement (Efron, Annals of
Statistics 7 (1979), with weeks as the units; Kunsch, Annals of Statistics 17 (1989), on blocks). Ends are those of
`research.inference.bootstrap.bca_quantiles`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.inference.bootstrap import ratio_of, student_quantile
from research.regression.pool import weeks_of

__all__ = ["FEWEST", "LEVEL", "UNKNOWN", "Interval", "Weeks", "by_error", "plain"]

Floats = NDArray[np.float64]

#: share of true values inside an interval
LEVEL: Final = 0.9
#: an interval, and a verdict, is reported from this many weeks on. Noise beside a market, 60 events a week: with 10
#: weeks a verdict for one of 13 forecasts is wrong in .5% of cases, with 20 and 60 in .3 to .4%; .4% is promised
FEWEST: Final = 20


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval; NaN where it is not known."""

    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether both ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)


#: what is not known
UNKNOWN: Final = Interval(math.nan, math.nan, math.nan)


def plain(values: Interval, name: str) -> dict[str, float | None]:
    """An interval as plain values, its estimate under a name; null for what is not known."""
    pairs = ((name, values.value), ("low", values.low), ("high", values.high))
    return {key: value if math.isfinite(value) else None for key, value in pairs}


def by_error(value: float, error: float, freedom: int, level: float = LEVEL) -> Interval:
    """The interval of an estimate from its standard error, by the quantiles of Student's distribution."""
    reach = student_quantile(0.5 + level / 2.0, freedom) * error
    return Interval(value, value - reach, value + reach)


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
        days = dates.cast(pl.Date).cast(pl.Int32).to_numpy().astype(np.int64)
        weeks, place = np.unique(weeks_of(days), return_inverse=True)
        counts = rng.multinomial(len(weeks), np.full(len(weeks), 1.0 / len(weeks)), size=resamples)
        return cls(place.astype(np.int64), counts.astype(np.float64))

    @property
    def n(self) -> int:
        """Number of weeks."""
        return int(self.counts.shape[1])

    @property
    def enough(self) -> bool:
        """Whether there are `FEWEST` weeks."""
        return self.n >= FEWEST

    def sums(self, values: Floats) -> Floats:
        """Sums over the events of each week; (events, ...) to (weeks, ...)."""
        total = np.zeros((self.n, *values.shape[1:]))
        np.add.at(total, self.place, values)
        return total

    def mean(self, values: Floats, level: float = LEVEL) -> Interval:
        """Mean over all events, and its interval."""
        return self.ratio(values, np.ones(len(values)), level)

    def ratio(self, above: Floats, below: Floats, level: float = LEVEL) -> Interval:
        """One sum over another, and its interval.

        NaN where nothing is below. The ends are NaN where fewer than `FEWEST` weeks have anything below, and where the
        ratio is the same in all resamples, as that of bets that were all lost.
        """
        sums = self.sums(np.stack([above, below], axis=1))
        held = sums[:, 1] != 0.0
        found = ratio_of(sums[held], (self.counts if held.sum() >= FEWEST else self.counts[:0]) @ sums)
        if not len(found.replicates):
            return Interval(found.estimate, math.nan, math.nan)
        return Interval(found.estimate, *found.quantiles([0.5 - level / 2.0, 0.5 + level / 2.0]))
