"""Calibrations that use nothing but the order of the forecasts: isotonic regression and Venn-Abers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.calibration.parametric import normalised, singles

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Isotonic:
    """For each outcome a rising function of its probability: pool adjacent violators (Ayer and others 1955).

    Between two forecasts of the fit it is interpolated, outside it is constant. Values are at least half an outcome
    among the rows of the fit away from 0 and from 1, so that no forecast rules anything out.

    Attributes
    ----------
    forecast, value : tuple of tuple of float
        Corners of the function of each outcome; of two outcomes only of one.
    """

    forecast: tuple[tuple[float, ...], ...]
    value: tuple[tuple[float, ...], ...]

    def applied(self, chance: Array) -> Array:
        """As `research.calibration.Calibration.applied`."""
        pairs = enumerate(zip(self.forecast, self.value, strict=True))
        return normalised([np.interp(chance[:, k], x, y) for k, (x, y) in pairs], chance)

    def artifact(self) -> dict[str, Any]:
        """As `research.calibration.Calibration.artifact`."""
        return {"method": "isotonic", "forecast": list(map(list, self.forecast)), "value": list(map(list, self.value))}


@dataclass(frozen=True)
class VennAbers:
    """``p1 / (1 - p0 + p1)`` of the two isotonic values of a forecast that is counted as not happened and as happened.

    Inductive Venn-Abers predictors: Vovk, Petej & Fedorova (2015), NeurIPS 28, section 4.

    Attributes
    ----------
    forecast : tuple of tuple of float
        Distinct forecasts of the fit, rising, for each outcome; of two outcomes only one.
    low, high : tuple of tuple of float
        p0 of a new forecast from each of these on, up to the next, and p1 up to each of these.
    """

    forecast: tuple[tuple[float, ...], ...]
    low: tuple[tuple[float, ...], ...]
    high: tuple[tuple[float, ...], ...]

    def applied(self, chance: Array) -> Array:
        """As `research.calibration.Calibration.applied`."""
        parts = []
        for k, forecasts in enumerate(self.forecast):
            column = np.ascontiguousarray(chance[:, k])
            low = np.r_[0.0, self.low[k]][np.searchsorted(forecasts, column, "right")]
            high = np.r_[self.high[k], 1.0][np.searchsorted(forecasts, column, "left").clip(max=len(forecasts))]
            parts.append(high / (1.0 - low + high))
        return normalised(parts, chance)

    def artifact(self) -> dict[str, Any]:
        """As `research.calibration.Calibration.artifact`."""
        names = ("forecast", "low", "high")
        return {"method": "venn_abers"} | {name: list(map(list, getattr(self, name))) for name in names}


def isotonic(chance: Array, outcome: NDArray[np.int64], where: str) -> Isotonic:
    """The rising functions of least squares."""
    forecasts, values = [], []
    for k in singles(chance):
        x, count, happened = _grouped(chance[:, k], outcome == k)
        level = _levels(count, happened)
        edge = 0.5 / outcome.size
        corner = np.r_[True, level[1:] != level[:-1]] | np.r_[level[1:] != level[:-1], True]
        forecasts.append(tuple(x[corner].tolist()))
        values.append(tuple(np.clip(level[corner], edge, 1.0 - edge).tolist()))
    return Isotonic(tuple(forecasts), tuple(values))


def venn_abers(chance: Array, outcome: NDArray[np.int64], where: str) -> VennAbers:
    """Both isotonic values at every place that a new forecast can take."""
    forecasts, lows, highs = [], [], []
    for k in singles(chance):
        x, count, happened = _grouped(chance[:, k], outcome == k)
        # counted as not happened, a forecast is pooled as from the other end of the mirrored order
        low = 1.0 - _with_one_more(count[::-1], (count - happened)[::-1])[::-1]
        forecasts.append(tuple(x.tolist()))
        lows.append(tuple(low.tolist()))
        highs.append(tuple(_with_one_more(count, happened).tolist()))
    return VennAbers(tuple(forecasts), tuple(lows), tuple(highs))


def restored(artifact: Mapping[str, Any]) -> Isotonic | VennAbers:
    """The calibration of an artifact of this module."""
    kind: Any = Isotonic if artifact["method"] == "isotonic" else VennAbers
    names = ("forecast", "value") if kind is Isotonic else ("forecast", "low", "high")
    found: Isotonic | VennAbers = kind(*(tuple(map(tuple, artifact[name])) for name in names))
    return found


def _grouped(chance: Array, happened: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Distinct forecasts, rising, with the number of rows and of outcomes of each."""
    x, group = np.unique(chance, return_inverse=True)
    count = np.bincount(group, minlength=x.size).astype(np.float64)
    return x, count, np.bincount(group, weights=happened.astype(np.float64), minlength=x.size).astype(np.float64)


def _starts(count: Array, happened: Array) -> list[int]:
    """First group of the last pool of each prefix: the pool before it ends just before that."""
    n, s = np.r_[0.0, np.cumsum(count)].tolist(), np.r_[0.0, np.cumsum(happened)].tolist()
    starts: list[int] = []
    for end in range(count.size):
        start = end
        while start > 0:
            before = starts[start - 1]
            rises = (s[end + 1] - s[start]) * (n[start] - n[before]) > (s[start] - s[before]) * (n[end + 1] - n[start])
            if rises:
                break
            start = before
        starts.append(start)
    return starts


def _levels(count: Array, happened: Array) -> Array:
    """The isotonic regression: the mean of its pool for each group."""
    starts, level, end = _starts(count, happened), np.empty(count.size), int(count.size)
    while end > 0:
        start = starts[end - 1]
        level[start:end] = happened[start:end].sum() / count[start:end].sum()
        end = start
    return level


def _with_one_more(count: Array, happened: Array) -> Array:
    """The isotonic value of one more row that happened, at each group.

    The pools of the groups before and of those from there on are known. The new row is pooled with the next of either
    side until the values rise.
    """
    size = count.size
    n, s = np.r_[0.0, np.cumsum(count)].tolist(), np.r_[0.0, np.cumsum(happened)].tolist()
    before = _starts(count, happened)
    turned = _starts(count[::-1], (count - happened)[::-1])  # pools of suffixes: those of the mirrored order
    after = [size - turned[size - 1 - first] for first in range(size)]
    values = np.empty(size)
    for place in range(size):
        first, last = place, after[place]  # it is a row of this group, or comes before it: pooled in either case
        while True:
            value = (s[last] - s[first] + 1.0) / (n[last] - n[first] + 1.0)
            if last < size and s[after[last]] - s[last] <= value * (n[after[last]] - n[last]):
                last = after[last]
            elif first > 0 and s[first] - s[before[first - 1]] >= value * (n[first] - n[before[first - 1]]):
                first = before[first - 1]
            else:
                break
        values[place] = value
    return values
