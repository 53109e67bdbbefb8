"""What the bets of a run are measured with: closing prices, and how far they are known to be right at such odds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.asof.calibration import band_of, laid
from research.execution.job import Computed
from research.inference.closing_calibration import Tau
from research.tapes.closes import TapeClose

__all__ = ["Ruler", "bets_by_cell", "cells_of", "ruler_of"]

#: sport, market, selection, and number of the band of fair closing odds
Cell = tuple[str, str, str, int]


@dataclass(frozen=True)
class Ruler:
    """The closing prices that bets are measured with, and what is known of their error.

    Attributes
    ----------
    bookmaker, method : str
        Whose closing prices, and how their margin is removed.
    tau : float64 (configurations,)
        Error of the close at the odds that each configuration can bet at; NaN where it is not known.
    passes : bool (configurations,)
        Whether the close is calibrated well enough at those odds.
    aggregate : bool (configurations,)
        Whether a configuration bets at the price of an aggregate, which nobody offered.
    aggregates : tuple of str
        Names of those aggregates.
    exact : callable
        Error of the close at the odds of the bets of one row.
    cells : float32 (configurations, cells) or None
        How much each cell of the calibration has in the error of each configuration, any scale; None: all
        configurations have the same cells.
    closes_seen : bool
        Whether decisions know closing prices: nothing can be said then.
    """

    bookmaker: str
    method: str
    tau: NDArray[np.float64]
    passes: NDArray[np.bool_]
    aggregate: NDArray[np.bool_]
    aggregates: tuple[str, ...]
    exact: Callable[[int], Tau]
    cells: NDArray[np.float32] | None = None
    closes_seen: bool = False


def ruler_of(computed: Computed) -> Ruler:
    """The ruler of a run, from the closing prices that each of its tapes is measured against."""
    closes = computed.closes
    plan, tape_of = computed.job.command.plan, computed.job.command.plan.table["tape"].to_numpy()
    taus = [close.calibration.taus(close.weights) for close in closes]

    def exact(row: int) -> Tau:
        from engine.backtesting.run import replay

        item, calibration = computed.replayable(row), closes[int(tape_of[row])].calibration
        bets = replay(item.tape, item.params, item.seed, item.rule).bets
        return calibration.tau(calibration.weights(bets_by_cell(bets)))

    return Ruler(
        bookmaker=closes[0].calibration.bookmaker,
        method=closes[0].calibration.method,
        tau=np.concatenate([one.tau for one in taus]),
        passes=np.concatenate([one.passes for one in taus]),
        aggregate=np.array([bool(closes[number].aggregates) for number in tape_of[: len(plan)]], np.bool_),
        aggregates=tuple(sorted({name for close in closes for name in close.aggregates})),
        exact=exact,
        cells=cells_of(closes),
        closes_seen=any(tape_job.spec.closes_seen for tape_job in computed.job.tape_jobs),
    )


def cells_of(closes: Sequence[TapeClose]) -> NDArray[np.float32]:
    """Weights of the cells times the size of their errors, with the same cells of all tapes in one column."""
    column: dict[Cell | None, int] = {None: 0}  # the first one is of bets in cells in which no match was measured
    for close in closes:
        for cell in close.calibration.single:
            column.setdefault((cell.sport, cell.market, cell.selection or "", cell.band), len(column))
    parts = []
    for close in closes:
        single, part = close.calibration.single, np.zeros((len(close.weights), len(column)), np.float32)
        sizes = np.array([*(np.hypot(cell.mean, cell.error) for cell in single), 1.0])
        places = [column[cell.sport, cell.market, cell.selection or "", cell.band] for cell in single]
        part[:, [*places, 0]] = close.weights * sizes
        parts.append(part)
    return np.concatenate(parts)


def bets_by_cell(bets: pl.DataFrame) -> dict[Cell, float]:
    """Settled bets with a fair closing price, by the cells of a calibration; a lay of the home side is ``not home``.

    Parameters
    ----------
    bets : polars.DataFrame
        Columns of `engine.backtesting.path.Path.bets`.
    """
    selection = pl.col("selection")
    settled = bets.filter(pl.col("pnl_minor").is_not_null() & pl.col("close_prob").is_not_null())
    counted = settled.group_by(
        "sport",
        "market",
        selection=pl.when(pl.col("side") == "lay").then(laid(selection)).otherwise(selection),
        band=band_of(1.0 / pl.col("close_prob")),
    ).len()
    return {
        (sport, market, name, int(band)): float(number) for sport, market, name, band, number in counted.iter_rows()
    }
