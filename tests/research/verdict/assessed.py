"""The evidence on daily returns alone, with resamples drawn for them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.verdict.at_level import LevelStakes
from research.verdict.evidence import Assessment, assess, resampled

#: first day of returns that have no dates
FIRST: Final = dt.date(1970, 1, 1)


def assessed(
    returns: NDArray[np.float32], selected: int | None, seed: int, *, level: LevelStakes | None = None, **options: Any
) -> Assessment:
    """Draw the resamples of returns, (days, configurations) from `FIRST` on, and compute their evidence."""
    drawn = resampled(returns, seed, FIRST, None if level is None else level.days)
    return assess(returns, selected, seed, drawn, level=level, **options)
