"""The measures of a configuration: their names, in the order of a row of results."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import BeaError
from engine.kernel.codes import REASONS

#: P&L is after commission, except in n_won: bets with a P&L above 0 before commission. yield: P&L / turnover.
#: roi: P&L / opening bankroll.
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

#: every whole number up to this one is a float64
_WHOLE: Final = 2.0**53
#: measures that are not whole numbers
FRACTIONS: Final = ("yield", "roi", "max_drawdown_frac", "clv_mean")


def metrics_frame(matrix: NDArray[np.float64]) -> pl.DataFrame:
    """The table of measures from their numbers.

    Parameters
    ----------
    matrix : float64 (c, len(COLUMNS))

    Returns
    -------
    polars.DataFrame
        A row for each configuration, columns `COLUMNS`. Counts and money are Int64, NaN is null.

    Raises
    ------
    BeaError
        An amount is beyond 2^53 minor units, where float64 is no longer exact.
    """
    columns = {}
    for number, name in enumerate(COLUMNS):
        values = pl.Series(name, np.ascontiguousarray(matrix[:, number]))
        if name in FRACTIONS:
            columns[name] = values.fill_nan(None)
            continue
        if not (values.abs() <= _WHOLE).all():
            raise BeaError("money is no longer exact", where=name, expected="less than 2^53 minor units")
        columns[name] = values.cast(pl.Int64)
    return pl.DataFrame(columns)
