"""Configurations with the same bets: a leaderboard shows the first of them and counts the others."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtesting.measures import METRICS

#: measures that two configurations with the same bets share; the number of opportunities may differ
SAME: Final = tuple(name for name in METRICS if name not in ("n_opportunities", "n_streak_warnings"))


def first_alike(board: pl.DataFrame) -> NDArray[np.int32]:
    """The place of the first row with the same bets as each row; its own place where it is the first, (rows,).

    Configurations have the same bets if all their measures are equal.

    Parameters
    ----------
    board : polars.DataFrame
        A leaderboard, best first, with the measures.
    """
    shared = [name for name in SAME if name in board.columns]
    places = board.select(shared).with_row_index("place").select(pl.col("place").min().over(shared).cast(pl.Int32))
    return places.to_series().to_numpy()


def fold(board: pl.DataFrame) -> pl.DataFrame:
    """The first of the configurations with the same bets, and how many others there are: column `alike`."""
    first = first_alike(board)
    others = np.bincount(first, minlength=board.height) - 1
    return board.with_columns(alike=pl.Series(others, dtype=pl.Int64)).filter(first == np.arange(board.height))
