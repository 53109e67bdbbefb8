"""Newton's method with halved steps, for convex functions of a few dozen numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from research.regression.threads import single_threaded

Array = NDArray[np.float64]
#: value, gradient and Hessian of a function at a point; the value is infinite outside its domain
Terms = Callable[[Array], tuple[float, Array, Array]]

#: steps until a fit is given up, and halvings of one step
_STEPS: Final = 100
_HALVINGS: Final = 40
#: a number beyond this is on its way to infinity: inputs are scaled, outcomes and weights in logarithms
_FARTHEST: Final = 30.0
#: information on a number below this, in squared units of it, is none: a standard error of a thousand
_LEAST: Final = 1e-6


def minimised(start: Array, terms: Terms, where: str) -> tuple[Array, Array]:
    """The minimum of a convex function, and its Hessian there.

    A step is halved until the value falls. The search ends where Newton's decrement, half the expected fall of the
    value, is below 1e-10: with a negative log likelihood, far below what any data can tell apart. On the way to
    infinity the decrement falls below that too, so the point and the Hessian are looked at.

    Parameters
    ----------
    start : array of float64, (d,)
        A point at which the function is finite.
    terms : callable
    where : str
        What is fitted, for the message.

    Returns
    -------
    point : array of float64, (d,)
    hessian : array of float64, (d, d)

    Raises
    ------
    DataError
        The function has no finite minimum, or not only one, or it is not found.
    """
    point = np.array(start, dtype=np.float64)
    with single_threaded():
        value, gradient, hessian = terms(point)
        for _ in range(_STEPS):
            try:
                step = np.linalg.solve(hessian, gradient)
            except np.linalg.LinAlgError:
                break
            decrement = float(gradient @ step)
            if not np.isfinite(decrement):
                break
            if decrement < 2e-10:
                return _checked(point - step, hessian, where)
            size = 1.0
            for _ in range(_HALVINGS):
                tried = point - size * step
                found = terms(tried)
                if found[0] < value:
                    break
                size /= 2.0
            else:  # rounding hides any further fall
                if decrement < 1e-6 * max(1.0, abs(value)):
                    return _checked(point, hessian, where)
                break
            point, (value, gradient, hessian) = tried, found
    raise unbounded(where)


def _checked(point: Array, hessian: Array, where: str) -> tuple[Array, Array]:
    """Both, if the point is finite and the Hessian bends in every direction."""
    if np.abs(point).max() > _FARTHEST or float(np.linalg.eigvalsh(hessian)[0]) < _LEAST:
        raise unbounded(where)
    return point, hessian


def check_outcomes(outcome: NDArray[np.int64], n_outcomes: int, where: str) -> None:
    """Raise `DataError` if an outcome never happens: its probability would fall to 0 without end."""
    if np.bincount(outcome, minlength=n_outcomes).min() == 0:
        raise unbounded(where)


def unbounded(where: str) -> DataError:
    """The error of a fit without a finite optimum."""
    return DataError(
        "a fit has no finite optimum",
        where=where,
        expected="outcomes of every kind that the inputs do not separate",
        todo="give it a longer past or fewer inputs",
    )
