"""What the future of a promotion must stay in: six measures since its start, each between two bounds for each day.

    bets_a_day   bets over days
    yield        profit over stakes of the settled bets
    clv          mean closing line value of the settled bets that have one
    calibration  mean of what the settled bets returned, of their full return, less what was expected (`surprise`)
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

MEASURES: Final = ("bets_a_day", "yield", "clv", "calibration", "drawdown", "fill_rate")
#: reasons of orders that a venue did not fill
NOT_FILLED: Final = ("price_moved", "rejected")
#: fields of a day, the columns of the array that `cumulative` takes
FIELDS: Final = (
    "bets", "attempts", "stake_minor", "pnl_minor", "clv_sum", "clv_n", "return_frac", "surprise_sum", "surprise_n",
)  # fmt: skip
#: share of its full return that a bet brings, by how it ended: this much, and this much of its stake
_RETURNED: Final = {
    "lose": (0.0, 0.0),
    "half_lose": (0.0, 0.5),
    "void": (0.0, 1.0),
    "half_win": (0.5, 0.5),
    "win": (1.0, 0.0),
}


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
    surprise_sum : float
        `surprise` of the settled bets, summed over those that have one.
    surprise_n : int
        Number of those.
    """

    bets: int
    attempts: int
    stake_minor: int
    pnl_minor: int
    clv_sum: float
    clv_n: int
    return_frac: float
    surprise_sum: float = 0.0
    surprise_n: int = 0


def as_back(side: str, odds: float) -> float:
    """Odds of the back bet of equal risk: of a lay ``odds / (odds - 1)``."""
    return odds / (odds - 1.0) if side == "lay" else odds


def surprise(state: str, odds: float, edge_frac: float) -> float:
    """What a settled bet returned less what its own probabilities expected, both as a share of its full return.

    For a bet that is won or lost that is 1 or 0 less its own probability of winning. The mean over many bets is their
    calibration in the large: 0 if the probabilities are right on average, below 0 if they promise too much.

    Parameters
    ----------
    state : str
        How the bet ended, as `engine.kernel.codes.State` names it, in lower case.
    odds : float
        Quoted, of the back bet of equal risk; above 1.
    edge_frac : float
        Expected value of a unit at risk by the bet's own probabilities, before commission.

    Returns
    -------
    float
        NaN for other states than win, half win, void, half loss and loss.

    >>> surprise("win", 2.0, 0.1), round(surprise("lose", 2.0, 0.1), 4), round(surprise("half_win", 2.0, 0.1), 4)
    (0.45, -0.55, 0.2)
    """
    if state not in _RETURNED:
        return float("nan")
    whole, stake = _RETURNED[state]
    return whole + (stake - 1.0 - edge_frac) / odds


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
    float64 (..., days, 6)
        Columns as in `MEASURES`; NaN where nothing is settled, has a closing line value, or was tried yet.
    """
    total = np.cumsum(days, axis=-2)
    bets, attempts, stake, pnl, clv, clv_n, _, told, told_n = (total[..., number] for number in range(len(FIELDS)))
    elapsed = np.arange(1, days.shape[-2] + 1, dtype=np.float64)
    equity = np.cumprod(1.0 + days[..., 6], axis=-1)
    peak = np.maximum(np.maximum.accumulate(equity, axis=-1), 1.0)
    drawdown = np.maximum.accumulate(1.0 - equity / peak, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = (pnl, stake), (clv, clv_n), (told, told_n)
        ratios = [np.where(below > 0.0, above / below, np.nan) for above, below in pairs]
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
    """Where each measure that has a band is, one standing a measure in the order of `MEASURES`.

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
        if name in bands["measures"]  # an older promotion has none for some
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
