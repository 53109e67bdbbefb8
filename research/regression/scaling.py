"""Inputs of a regression on one scale, learnt from the rows of the fit and from no others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each input in the rows of the fit.

    Attributes
    ----------
    mean, deviation : tuple of float, d each
        An input that does not vary has a deviation of 1.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def applied(self, inputs: Array) -> Array:
        """``(x - mean) / deviation``, (n, d), in Fortran order; NaN stays NaN.

        A row has the same bits alone and among others.
        """
        scaled = np.empty(inputs.shape, dtype=np.float64, order="F")
        for place, (mean, deviation) in enumerate(zip(self.mean, self.deviation, strict=True)):
            scaled[:, place] = (inputs[:, place] - mean) / deviation
        return scaled


def scaling_of(inputs: Array, names: tuple[str, ...], where: str) -> Scaling:
    """The scaling of the rows of a fit.

    Parameters
    ----------
    inputs : array of float64, (n, d)
    names : tuple of str, d
        Names of the inputs, for the message.
    where : str
        What is fitted, for the message.

    Raises
    ------
    DataError
        An input that is not known in some row, or infinite.
    """
    mean, deviation = [], []
    for place, name in enumerate(names):
        column = inputs[:, place]
        unknown = int((~np.isfinite(column)).sum())
        if unknown:
            raise DataError(
                "an input is not known in every row of a fit", where=f"{where}, {name}", expected="finite numbers",
                found=f"{unknown} of {column.size} without",
            )  # fmt: skip
        spread = float(column.std())
        mean.append(float(column.mean()))
        deviation.append(spread if spread > 0.0 else 1.0)
    return Scaling(tuple(mean), tuple(deviation))


def weighted_sum(scaled: Array, weights: NDArray[np.float64] | tuple[float, ...], start: float) -> Array:
    """``start + sum of weights * columns``, (n,), added column by column, so that no other row changes the bits."""
    total = np.full(scaled.shape[0], start, dtype=np.float64)
    for place, weight in enumerate(weights):
        total += scaled[:, place] * weight
    return total
