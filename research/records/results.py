"""Tables of a run as Parquet, written in one fixed way, so that the same run gives the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.backtesting.measures import METRICS, metrics_frame
from engine.errors import ConfigurationError
from research.config.mistakes import nearest

RESULTS, BETS, DAILY = "results.parquet", "bets.parquet", "daily.parquet"
_GROUP_ROWS: Final = 65_536
#: measures where less is better
_LESS: Final = (
    "max_drawdown_frac",
    "longest_losing_streak",
    "commission_minor",
    "n_streak_warnings",
    "n_void",
    "n_open",
)


def write_results(path: Path, table: pl.DataFrame, blocks: Iterable[NDArray[np.float64]]) -> None:
    """Write one row a configuration: the keys that vary, then the measures.

    Parameters
    ----------
    path : Path
    table : polars.DataFrame
        The plan's table: config, branch, tape and the keys that vary.
    blocks : iterable of float64 (c, len(COLUMNS))
        Measures in the order of the table. At most one block and one row group are in memory at a time.
    """
    with TableWriter(path) as writer:
        row = 0
        for block in blocks:
            part = table.slice(row, len(block))
            row += len(block)
            writer.add(pl.concat([part, metrics_frame(block)], how="horizontal"))
        if row != table.height:
            raise ValueError(f"expected {table.height} rows of measures, found {row}")


class TableWriter:
    """Writes frames one after another, in row groups of one size whatever the sizes of the frames."""

    def __init__(self, path: Path) -> None:
        self.path, self.held = path, pl.DataFrame()
        self.file: Any = None

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._write(self.held)
        finally:
            if self.file is not None:
                self.file.close()

    def add(self, frame: pl.DataFrame) -> None:
        """Append a frame."""
        self.held = pl.concat([self.held, frame]) if self.held.width else frame
        while self.held.height >= _GROUP_ROWS:
            self._write(self.held.head(_GROUP_ROWS))
            self.held = self.held.slice(_GROUP_ROWS)

    def _write(self, frame: pl.DataFrame) -> None:
        if (self.file is not None and not frame.height) or not frame.width:
            return
        arrow = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self.file is None:
            self.file = pq.ParquetWriter(self.path, arrow.schema, compression="zstd", version="2.6")
        self.file.write_table(arrow, row_group_size=_GROUP_ROWS)


def order_expressions(order: str, bets_min: int = 0) -> tuple[list[pl.Expr], list[bool]]:
    """Sort keys of a leaderboard: configurations with enough bets first, then with any, by the measure, by number.

    Raises
    ------
    ConfigurationError
        `order` is no measure.
    """
    if order not in METRICS:
        raise ConfigurationError(
            "unknown measure",
            where="sweep.order",
            expected=", ".join(METRICS),
            found=order,
            todo=nearest(order, METRICS),
        )
    better_is_more = order not in _LESS
    enough = [pl.col("n_bets") >= max(bets_min, 1), pl.col("n_bets") > 0]
    return [*enough, pl.col(order), pl.col("config")], [True, True, better_is_more, False]


def ranked(
    results: pl.DataFrame | pl.LazyFrame,
    order: str,
    top: int | None = None,
    unranked: Collection[int] = (),
    bets_min: int = 0,
) -> pl.DataFrame:
    """Rows of a leaderboard, best first.

    Rows with fewer than `bets_min` bets come after all that have them, rows without a value of the measure come last,
    and after them `unranked`.
    """
    by, descending = order_expressions(order, bets_min)
    if unranked:
        by, descending = [pl.col("config").is_in(list(unranked)), *by], [False, *descending]
    lazy = results.lazy().sort(by, descending=descending, nulls_last=True)
    return (lazy if top is None else lazy.head(top)).collect()
