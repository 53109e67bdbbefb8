"""How large the yields of a sweep are at level stakes, as they are stored.

The numbers that correct a yield for having passed (`research.inference.conditional`), and that say which edge could
have been found (`research.inference.detectable`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.inference.conditional import Measured


@dataclass(frozen=True)
class Size:
    """Yields at level stakes.

    Attributes
    ----------
    selected : Measured or None
        Of the selected configuration; None if none qualified or it did not bet.
    ensemble : Measured or None
        Of the equal-turnover portfolio of all configurations that are judged; None if none bet.
    error : float
        Median standard error of the yields of the configurations that are judged and bet; NaN if none did.
    bets : int
        Bets of the selected configuration; without one, the median over those that are judged and bet.
    """

    selected: Measured | None
    ensemble: Measured | None
    error: float
    bets: int

    @classmethod
    def from_plain(cls, document: dict[str, Any]) -> Size:
        """From a JSON document, where null is a missing number; raises KeyError or TypeError if it is none of these."""
        selected, ensemble = (_measured(document[name]) for name in ("selected", "ensemble"))
        return cls(selected, ensemble, _value(document["error"], math.nan), int(document["bets"]))


def level_yield(daily: NDArray[Any], turnover: float) -> tuple[float, float]:
    """Yield of a series of daily profits at level stakes, and its standard error with days as observations.

    Parameters
    ----------
    daily : (days,) float
        Profits at level stakes.
    turnover : float
        Their stakes, above zero.
    """
    values = np.asarray(daily, np.float64)
    centred = values - values.mean()
    return float(values.sum()) / turnover, math.sqrt(float(centred @ centred)) / turnover


def _measured(part: dict[str, Any] | None) -> Measured | None:
    if part is None:
        return None
    estimate, error = _value(part["estimate"], math.nan), _value(part["error"], math.nan)
    return Measured(estimate, error, _value(part["margin"], math.inf))


def _value(value: float | None, missing: float) -> float:
    return missing if value is None else float(value)
