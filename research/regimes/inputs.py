"""Inputs of regimes made robust: winsorised, smoothed over time, and standardised, all by the training window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError
from research.regimes.series import NEEDS

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """How raw inputs become those of a model. All numbers come from the training window.

    Attributes
    ----------
    low, high : array of float64, (d,)
        Raw values beyond are set to these.
    half_life : float
        Half-life of the moving mean, in observations; 0: none.
    center, spread : array of float64, (d,)
        Mean and standard deviation of the smoothed values.
    """

    low: Matrix
    high: Matrix
    half_life: float
    center: Matrix
    spread: Matrix

    def applied(self, values: Matrix) -> Matrix:
        """The inputs of a model for a series; row t rests on rows 0 to t.

        Parameters
        ----------
        values : array of float64, (n, d)
            NaN: no value; the moving mean stays. A value that is not known yet counts as the mean, 0.
        """
        smoothed = _smoothed(np.clip(values, self.low, self.high), self.half_life)
        return np.nan_to_num((smoothed - self.center) / self.spread, nan=0.0)


def scaling_of(values: Matrix, half_life: float, tail: float, names: Sequence[str] = ()) -> Scaling:
    """The scaling of a training window.

    Parameters
    ----------
    values : array of float64, (n, d)
        NaN: no value.
    half_life : float
        In observations, at least 0.
    tail : float
        Share of the values at each end that is winsorised, from 0 to below 0.5.
    names : sequence of str, optional
        Names of the inputs, for errors.

    Raises
    ------
    ConfigurationError
        `half_life` or `tail` is out of its range.
    DataError
        An input without values, or with one value only.
    """
    if not (half_life >= 0 and 0 <= tail < 0.5):
        found = f"{half_life:g} and {tail:g}"
        raise ConfigurationError("wrong scaling of regimes", expected="half_life >= 0 and 0 <= tail < 0.5", found=found)
    named = list(names) or [f"input {number}" for number in range(values.shape[1])]
    known = np.isfinite(values).any(axis=0)
    if not known.all():
        where = named[int(np.argmin(known))]
        raise DataError(
            "an input of regimes has no value", where=where, expected="numbers",
            todo=NEEDS.get(where, "use another input"),
        )  # fmt: skip
    low, high = np.nanquantile(values, (tail, 1 - tail), axis=0)
    smoothed = _smoothed(np.clip(values, low, high), half_life)
    center, spread = np.nanmean(smoothed, axis=0), np.nanstd(smoothed, axis=0)
    if not (spread > 0).all():
        where = named[int(np.argmin(spread > 0))]
        raise DataError("an input of regimes does not vary", where=where, expected="two different values")
    return Scaling(low, high, float(half_life), center, spread)


def _smoothed(values: Matrix, half_life: float) -> Matrix:
    from research.regimes.passes import moving_means

    out = np.empty(values.shape)
    moving_means(np.ascontiguousarray(values, dtype=np.float64), _alpha(half_life), out)
    return out


def _alpha(half_life: float) -> float:
    return 1.0 if half_life == 0 else 1.0 - 0.5 ** (1.0 / half_life)
