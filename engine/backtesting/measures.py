"""The measures of a configuration: their names, in the order in which they stand in a row."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import BeaError
from engine.kernel.codes import REASONS

#: n_won: P&L before commission above 0. yield: P&L / turnover. roi: P&L / opening bankroll. P&L is after commission.
METRICS: Final = (
    "n_opportunities",
    "n_bets",
    "n_won",
    "n_void",
    "n_open",
    "turnover_minor",
    "pnl_minor",
    "yield",
    "roi",
    "bankroll_final_minor",
    "max_drawdown_frac",
    "clv_mean",
    "clv_n",
    "longest_losing_streak",
    "commission_minor",
    "n_streak_warnings",
)
REASON_COLUMNS: Final = tuple(f"reason_{name}" for name in REASONS)
COLUMNS: Final = METRICS + REASON_COLUMNS

#: up to here every whole number is a float64
_WHOLE: Final = 2.0**53
#: measures that are no whole numbers
FRACTIONS: Final = ("yield", "roi", "max_drawdown_frac", "clv_mean")


def metrics_frame(matrix: NDArray[np.float64]) -> pl.DataFrame:
    """A table of measures from rows of numbers, shape (c, len(COLUMNS)): counts and money whole, NaN as null."""
    columns = {}
    for number, name in enumerate(COLUMNS):
        values = pl.Series(name, np.ascontiguousarray(matrix[:, number]))
        if name in FRACTIONS:
            columns[name] = values.fill_nan(None)
            continue
        if not (values.abs() <= _WHOLE).all():
            raise BeaError("money left the whole numbers", where=name, expected="less than 2^53 minor units")
        columns[name] = values.cast(pl.Int64)
    return pl.DataFrame(columns)
