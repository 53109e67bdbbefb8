"""What the future of a promotion must stay in: five measures since its start, each between two bounds for each day.

    bets_a_day   bets over days
    yield        profit over stakes of the settled bets
    clv          mean closing line value of the settled bets that have one
    drawdown     largest fall of equity from its peak, a fraction of the peak
    fill_rate    bets over bets and orders that were rejected or whose price had moved

A day counts if the strategy considered at least one bet on it; what is settled on another day counts with the day
before. `research.promotion.bands` draws the bounds. Here they are only read, by breakers and by `bea drift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEASURES: Final = ("bets_a_day", "yield", "clv", "drawdown", "fill_rate")
#: reasons of orders that a venue did not fill
NOT_FILLED: Final = ("price_moved", "rejected")
#: fields of a day, the columns of the array that `cumulative` takes
FIELDS: Final = ("bets", "attempts", "stake_minor", "pnl_minor", "clv_sum", "clv_n", "return_frac")


class Position(StrEnum):
    """Where a measure is."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    TOO_EARLY = "too early to tell"


def end_shown(measure: str, upper: float) -> float:
    """The upper end of a band as it is shown: a band may be drawn wider than what can happen, more fills than orders.

    >>> end_shown("fill_rate", 1.04), end_shown("yield", 1.04)
    (1.0, 1.04)
    """
    return min(upper, 1.0) if measure == "fill_rate" else upper


@dataclass(frozen=True)
class Day:
    """One day on which the strategy considered at least one bet.

    Attributes
    ----------
    bets : int
        Bets placed that day.
    attempts : int
        These, and orders that were rejected or whose price had moved.
    stake_minor, pnl_minor : int
        Stakes of the bets settled since the day began and until the next one begins, and their profit after
        commission and tax, minor units.
    clv_sum : float
        Closing line value of these bets, summed over those that have one.
    clv_n : int
        Number of those.
    return_frac : float
        Profit of the day over equity at its start.
    """

    bets: int
    attempts: int
    stake_minor: int
    pnl_minor: int
    clv_sum: float
    clv_n: int
    return_frac: float


def as_array(days: Sequence[Day]) -> Floats:
    """Days as float64 (days, fields), columns as in `FIELDS`."""
    rows = [[float(getattr(day, name)) for name in FIELDS] for day in days]
    return np.array(rows, np.float64).reshape(len(rows), len(FIELDS))


def cumulative(days: Floats) -> Floats:
    """The measures since the first day, at the end of each day.

    Parameters
    ----------
    days : float64 (..., days, fields)
        Columns as in `FIELDS`.

    Returns
    -------
    float64 (..., days, 5)
        Columns as in `MEASURES`; NaN where nothing is settled, has a closing line value, or was tried yet.
    """
    total = np.cumsum(days, axis=-2)
    bets, attempts, stake, pnl, clv, clv_n = (total[..., number] for number in range(6))
    elapsed = np.arange(1, days.shape[-2] + 1, dtype=np.float64)
    equity = np.cumprod(1.0 + days[..., 6], axis=-1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=-1), 1.0)
    drawdown = np.maximum.accumulate(1.0 - equity / peak, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.where(below > 0.0, above / below, np.nan) for above, below in ((pnl, stake), (clv, clv_n))]
        filled = np.where(attempts > 0.0, bets / attempts, np.nan)
    return np.stack([bets / elapsed, *ratios, drawdown, filled], axis=-1)


@dataclass(frozen=True)
class Standing:
    """Where one measure is on one day.

    Attributes
    ----------
    measure : str
    day : int
        Days so far.
    value : float
        NaN where it has no value yet.
    lower, upper : float
    position : Position
    """

    measure: str
    day: int
    value: float
    lower: float
    upper: float
    position: Position


def band_position(days: Sequence[Day], bands: Mapping[str, Any], *, every_day: bool = True) -> tuple[Standing, ...]:
    """Where each measure is, one standing a measure in the order of `MEASURES`.

    A measure is outside if it was outside on any day so far: the rate of false alarms holds for all daily looks
    together. It is too early to tell where the band would also hold what must not pass for success: no yield or
    closing line value at all, half of the bets or of the fills.

    Parameters
    ----------
    days : sequence of Day
        Since the start of the promotion, in order. Days after the last one of the bands are not judged.
    bands : mapping
        Of a promotion (`engine.promotion.Promotion.bands`).
    every_day : bool
        Whether an earlier day outside counts; otherwise only the last day.
    """
    horizon = int(bands["days"])
    measured = cumulative(as_array(days[:horizon]))
    return tuple(
        _standing(name, measured[:, number], bands["measures"][name], every_day=every_day)
        for number, name in enumerate(MEASURES)
    )


def _standing(name: str, values: Floats, band: Mapping[str, Any], *, every_day: bool) -> Standing:
    nothing = float("nan")
    if not len(values):
        return Standing(name, 0, nothing, nothing, nothing, Position.TOO_EARLY)
    lower = _bound(band["lower"], len(values), -np.inf)
    upper = _bound(band["upper"], len(values), np.inf)
    is_outside = (values < lower) | (values > upper)
    day = len(values) - 1
    if every_day and is_outside.any():
        day = int(np.flatnonzero(is_outside)[0])
    value, low, high = float(values[day]), float(lower[day]), float(upper[day])
    if is_outside[day]:
        position = Position.OUTSIDE
    else:
        changed = band["changed"]
        tells = changed is None or not low <= float(changed) <= high
        position = Position.INSIDE if tells and value == value else Position.TOO_EARLY
    return Standing(name, day + 1, value, low, high, position)


def _bound(values: Sequence[float | None], count: int, none: float) -> Floats:
    return np.array([none if value is None else value for value in values[:count]], np.float64)
