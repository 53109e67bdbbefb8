"""Calibration of probabilities: what is learnt from forecasts and outcomes of one period corrects those of the next.

Each method is a function of this package by name, `fitted`; what it gives is a frozen dataclass, `restored` from its
plain values. Methods for two outcomes are applied to each outcome against the rest, and the results are divided by
their sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError, TooShortError, unknown_name
from research.calibration import parametric, ranked

Array = NDArray[np.float64]

#: rows below which no calibration is fitted
LEAST: Final = 100


class Calibration(Protocol):
    """A calibration that was fitted."""

    def applied(self, chance: Array) -> Array:
        """Corrected probabilities of (n, n_outcomes) probabilities; a row with NaN stays NaN."""
        ...

    def artifact(self) -> dict[str, Any]:
        """Plain values with the ``method``, from which `restored` makes the same calibration."""
        ...


_FITS: Final[Mapping[str, Callable[[Array, NDArray[np.int64], str], Calibration]]] = {
    "none": parametric.identity,
    "temperature": parametric.temperature,
    "matrix": parametric.matrix,
    "platt": parametric.platt,
    "beta": parametric.beta,
    "isotonic": ranked.isotonic,
    "venn_abers": ranked.venn_abers,
}
#: names of the methods
METHODS: Final = tuple(_FITS)


def fitted(method: str, chance: Array, outcome: NDArray[np.int64], where: str) -> Calibration:
    """A calibration learnt from forecasts and what happened.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    chance : array of float64, (n, n_outcomes)
        Forecasts that were made without the outcomes; rows with NaN are left out.
    outcome : array of int64, (n,)
        From 0 to n_outcomes - 1.
    where : str
        What is fitted, for messages.

    Raises
    ------
    ConfigurationError
        There is no such method.
    TooShortError
        There are fewer than `LEAST` forecasts.
    DataError
        The fit has no finite optimum.
    """
    check_method(method, where)
    known = ~np.isnan(chance[:, 0])
    if int(known.sum()) < LEAST and method != "none":
        raise TooShortError(
            "too few forecasts to calibrate", where=where, expected=f"{LEAST} or more", found=str(int(known.sum()))
        )
    return _FITS[method](chance[known], outcome[known], where)


def check_method(method: str, where: str) -> None:
    """Raise `ConfigurationError` for a method that is unknown."""
    if method not in METHODS:
        raise unknown_name("calibration", method, METHODS, where=where)


def restored(artifact: Mapping[str, Any]) -> Calibration:
    """The calibration of an artifact; raises `DataError` for an unknown method."""
    method = artifact.get("method")
    if method not in METHODS:
        raise DataError("a calibration of an unknown method", expected=", ".join(METHODS), found=str(method))
    module = ranked if method in ("isotonic", "venn_abers") else parametric
    found: Calibration = module.restored(artifact)
    return found
