"""Bands of a promotion, drawn from the days of its own backtest.

A simulated future is a block bootstrap (Politis & Romano 1994) of a block bootstrap: first the days of the backtest are
resampled, since their means are estimates too, then the future is drawn from the resample. Blocks are a week long on
average, or longer where the weeks depend on each other. One tail level is common to all measures and days
(`common_tail`), so that the wanted share of futures without a change leaves any band on any day.

A backtest whose orders were all filled does not prove that all will be: each future also misses a share of its fills
that Jeffreys' prior leaves open, Beta(1/2, attempts + 1/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import PromotionError
from engine.promotion.bands import FIELDS, MEASURES, Day, as_array, cumulative
from research.inference.block_bootstrap import block_length, lost_spread, resampled_order, resampled_orders
from research.inference.bootstrap import generator
from research.promotion.settings import BandSettings

Floats = NDArray[np.float64]

#: shortest mean block, days: a week of matches
WEEK: Final = 7.0
#: fewest days and bets that bands can be drawn from
FEWEST_DAYS: Final = 30
FEWEST_BETS: Final = 50
#: fewest blocks that a resample is made of on average
_FEWEST_BLOCKS: Final = 12.0
#: tail level down to which quantiles of the futures are bounds by themselves
_SURE: Final = 0.01
_NORMAL: Final = NormalDist()
_BETS, _ATTEMPTS = FIELDS.index("bets"), FIELDS.index("attempts")
#: futures that share a resample of the days
_FUTURES: Final = 4
#: for the tail level: futures of a resample that its bands are drawn from, and futures that are held against them
_FUTURES_DRAWN: Final = 1000
_FUTURES_HELD: Final = 200
#: halvings of the interval that the tail level is in
_HALVINGS: Final = 20
_DIGITS: Final = 6
_DECIMALS: Final = 6
#: measures that cannot be below a value
_LEAST: Final = {"bets_a_day": 0.0, "fill_rate": 0.0}


def bands(days: list[Day], settings: BandSettings, seed: int, basis: str) -> dict[str, Any]:
    """Bands as a plain document.

    Parameters
    ----------
    days : list of Day
        Of the backtest, in order.
    settings : BandSettings
    seed : int
    basis : str
        Which days these are, for the reader.

    Returns
    -------
    dict
        days; measures: by name lower, upper and middle (a number for each day, None: no bound), and changed (the value
        that a measure must tell from, None: none); level, tail, paths, block_days, reference.

    Raises
    ------
    PromotionError
        There are too few days or bets.
    """
    reference = as_array(days)
    _check_enough(reference, basis)
    length = mean_block(reference)
    tail = common_tail(reference, length, settings, seed)
    ordered, known = sorted_futures(reference, length, settings.days, settings.paths, generator(seed, "bands"))
    lower, upper = bounds(ordered, known, tail)
    middle = _at(ordered, np.maximum(known - 1, 0) * 0.5)
    whole = cumulative(reference)[-1]
    measures = {
        name: {
            "lower": rounded_outward(np.maximum(lower[:, number], _LEAST.get(name, -np.inf)), math.floor),
            "upper": rounded_outward(upper[:, number], math.ceil),
            "middle": [_number(float(value)) for value in middle[:, number]],
            "changed": _changed(name, float(whole[number])),
        }
        for number, name in enumerate(MEASURES)
    }
    return {
        "days": settings.days,
        "measures": measures,
        "level": settings.false_alarm_frac,
        "tail": round(tail, 8),
        "paths": settings.paths,
        "block_days": round(length, 3),
        "reference": {
            "basis": basis,
            "days": len(reference),
            **{name: _number(float(value)) for name, value in zip(MEASURES, whole, strict=True)},
        },
    }


def _check_enough(reference: Floats, basis: str) -> None:
    bets = int(reference[:, _BETS].sum())
    if len(reference) < FEWEST_DAYS or bets < FEWEST_BETS:
        raise PromotionError(
            "too little to draw bands from",
            where=basis,
            expected=f"{FEWEST_DAYS} days and {FEWEST_BETS} bets",
            found=f"{len(reference)} days and {bets} bets",
            todo="backtest over a longer time",
        )


def mean_block(reference: Floats) -> float:
    """Mean block length, days: what the totals of weeks ask for, in bets, profit and returns; at least a week.

    The pattern inside a week is no dependence between weeks, so that the days themselves would ask for too much.
    """
    totals = _weeks(reference)
    columns = [FIELDS.index(name) for name in ("bets", "pnl_minor", "return_frac")]
    longest = WEEK * max(block_length(totals[:, column]) for column in columns)
    return float(min(longest, max(WEEK, len(reference) / _FEWEST_BLOCKS)))


def _weeks(reference: Floats) -> Floats:
    """Totals of weeks, float64 (weeks, fields); the days after the last whole week are left out."""
    weeks = len(reference) // int(WEEK)
    totals: Floats = reference[: weeks * int(WEEK)].reshape(weeks, int(WEEK), -1).sum(axis=1)
    return totals


def futures(reference: Floats, length: float, horizon: int, count: int, rng: np.random.Generator) -> Floats:
    """Simulated futures of the process that the days come from, as far as they tell.

    Parameters
    ----------
    reference : float64 (n, fields)
        Days of the backtest.
    length : float
        Mean block length, days.
    horizon, count : int
        Days of a future, and number of futures. A resample of the days serves `_FUTURES` of them.
    rng : numpy.random.Generator

    Returns
    -------
    float64 (count, horizon, fields)
    """
    n = len(reference)
    resamples = np.stack([resampled_order(n, length, rng) for _ in range(-(-count // _FUTURES))])
    rows = np.repeat(resamples, _FUTURES, axis=0)[:count]
    out = reference[np.take_along_axis(rows, resampled_orders(n, length, (count, horizon), rng), axis=1)]
    missing = rng.beta(0.5, reference[:, _ATTEMPTS].sum() + 0.5, (count, 1))
    out[..., _BETS] -= rng.binomial(out[..., _BETS].astype(np.int64), missing)
    return out


def sorted_futures(
    reference: Floats, length: float, horizon: int, count: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """Measures of `futures`, ascending with NaN last, float64 (count, days, 6), and how many are no NaN, (days, 6).

    Blocks cut a slow swing of the number of bets off. Its spread is made as wide as the weeks of the backtest have it.
    """
    measures = cumulative(futures(reference, length, horizon, count, rng))
    rate = measures[..., MEASURES.index("bets_a_day")]  # a view
    mean = reference[:, _BETS].mean()
    rate[:] = mean + (rate - mean) * lost_spread(_weeks(reference)[:, _BETS], length / WEEK)
    ordered = np.sort(measures, axis=0)
    return ordered, np.sum(~np.isnan(ordered), axis=0)


def bounds(ordered: Floats, known: NDArray[np.int64], tail: float) -> tuple[Floats, Floats]:
    """Bounds of each day and measure at a tail level, float64 (days, 6) each; a drawdown has no lower bound.

    Down to `_SURE` they are quantiles. Few futures lie beyond; there the distance of the quantile from the median
    grows as that of a normal, or more where the quantile itself does.

    Parameters
    ----------
    ordered : float64 (paths, days, 6)
        Ascending, NaN last.
    known : int64 (days, 6)
        Values that are not NaN.
    tail : float
        Above 0, below 0.5.
    """
    last = np.maximum(known - 1, 0)
    lower, upper = _at(ordered, last * tail), _at(ordered, last * (1.0 - tail))
    if tail < _SURE:
        middle = _at(ordered, last * 0.5)
        wider = _NORMAL.inv_cdf(tail) / _NORMAL.inv_cdf(_SURE)
        lower = np.minimum(lower, middle + wider * (_at(ordered, last * _SURE) - middle))
        upper = np.maximum(upper, middle + wider * (_at(ordered, last * (1.0 - _SURE)) - middle))
    unknown = known == 0
    lower[unknown], upper[unknown] = -np.inf, np.inf
    lower[:, MEASURES.index("drawdown")] = -np.inf
    return lower, upper


def _at(ordered: Floats, place: Floats) -> Floats:
    """Values at fractional places of sorted columns, interpolated."""
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.ceil(place).astype(np.int64))
    low, high = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (below, above))
    part = place - below
    values: Floats = np.where(part > 0.0, low + (high - low) * part, low)
    return values


def common_tail(reference: Floats, length: float, settings: BandSettings, seed: int) -> float:
    """The tail level of all measures and days, by the bootstrap of the whole procedure.

    The backtest takes the place of the truth. Bands are drawn from resamples of it, as they are drawn from itself, each
    with the block length that its own days ask for, and futures of the backtest's own days are held against them. The
    tail level is the largest at which at most the wanted share of these leaves any band on any day (calibration of a
    prediction interval: Beran, "Calibrating prediction regions", JASA 85 (1990)). So what a resample loses of a slow
    dependence widens the bands, as much as the backtest itself lost of it.
    """
    rng, n = generator(seed, "tail of the bands"), len(reference)
    shape = _FUTURES_HELD, settings.days
    pairs = []
    for _ in range(settings.resamples):
        resample = reference[resampled_order(n, length, rng)]
        drawn = sorted_futures(resample, mean_block(resample), settings.days, _FUTURES_DRAWN, rng)
        pairs.append((*drawn, cumulative(reference[resampled_orders(n, length, shape, rng)])))
    low, high = 1e-9, 0.25
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        alarms = np.mean([alarm_share(*bounds(ordered, known, middle), held) for ordered, known, held in pairs])
        low, high = (middle, high) if alarms <= settings.false_alarm_frac else (low, middle)
    return low


def alarm_share(lower: Floats, upper: Floats, measured: Floats) -> float:
    """Share of paths, float64 (paths, days, 6), that leave any band on any day; NaN leaves none."""
    outside = (measured < lower) | (measured > upper)
    return float(outside.any(axis=(1, 2)).mean())


def _changed(name: str, whole: float) -> float | None:
    if name in ("yield", "clv"):
        return 0.0
    return None if name in ("calibration", "drawdown") or whole != whole else _number(whole / 2.0)


def rounded_outward(values: Floats, rounded: Callable[[float], int]) -> list[float | None]:
    """Bounds with `_DECIMALS` decimals, rounded away from the middle: a value on a bound stays inside."""
    scale = 10**_DECIMALS
    return [float(rounded(value * scale) / scale) if np.isfinite(value) else None for value in values.tolist()]


def _number(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
