"""At which instants the future is changed: random ones among those at which something is decided."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from research.leakage.rows import nanoseconds


def chosen(offers: pl.DataFrame, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Instants of decision, one at random in each of `count` parts of equal numbers of them.

    A row that came after a decision is after the instant too only where the instant lies between them; the instant of
    the decision itself always does.

    Parameters
    ----------
    offers : polars.DataFrame
        With `decided_at`.
    count : int
        At least 1; fewer instants are given where fewer are there.

    Returns
    -------
    int64 (n,), n <= count
        UTC nanoseconds, ascending.
    """
    known = np.unique(offers.select(nanoseconds("decided_at")).to_series().to_numpy()).astype(np.int64)
    edges = np.linspace(0, len(known), min(count, len(known)) + 1).astype(np.int64)
    return np.array([known[rng.integers(low, high)] for low, high in pairwise(edges)], np.int64)


def until(frame: pl.DataFrame, instant_ns: int) -> pl.DataFrame:
    """Rows decided at or before an instant."""
    return frame.filter(nanoseconds("decided_at") <= instant_ns)
