"""What forecasts are judged on: outcomes that happen with their probabilities, and weeks of ten events."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from research.judging.blocks import Weeks


def drawn(prob: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Outcomes that happen with their probabilities."""
    return (prob.cumsum(axis=1) < rng.random((len(prob), 1))).sum(axis=1).clip(0, prob.shape[1] - 1)


def weeks_of(n: int, resamples: int = 400) -> Weeks:
    """Ten events a week."""
    dates = pl.Series([dt.date(2010, 1, 4) + dt.timedelta(weeks=i // 10) for i in range(n)])
    return Weeks.of(dates, resamples, np.random.default_rng(1))
