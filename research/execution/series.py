"""Daily returns and sums of all configurations of a sweep, collected from its units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from engine.backtesting.measures import METRICS
from engine.machine import cores
from research.execution.job import Span
from research.execution.units import Unit, UnitResult
from research.validation.folds import Flags
from research.validation.slices import PARTS, fold_sums
from research.verdict.plausibility import yield_errors
from research.verdict.ruin import BANKRUPT_SCHEMA, NEVER_BANKRUPT, bankrupt_days

__all__ = ["Series", "daily_returns", "series_of"]

Floats = NDArray[np.float64]
_TURNOVER: Final = METRICS.index("turnover_minor")
#: values at a time: few enough for the processor's cache, which is seven times as fast as all at once
_HELD: Final = 1 << 18
#: most units at a time, which may take 200 MB each
_AT_ONCE: Final = 4


@dataclass(frozen=True)
class Series:
    """Daily returns and sums by fold of all configurations of a sweep.

    Attributes
    ----------
    first : date
        The first day.
    returns : float32 (configurations, days)
        Daily returns, mapped to a file.
    sums : float64 (configurations, folds, 4, 6)
        Sums by fold (`research.validation.slices`).
    touching : bool (folds, folds)
        `research.validation.folds.Cuts.touching`, of any tape.
    bankrupt : int64 (configurations,)
        First day at whose end a configuration is bankrupt; `ruin.NEVER_BANKRUPT` if none.
    yield_error : float64 (configurations,)
        Standard error of the yield (`research.verdict.plausibility.yield_errors`); NaN without a bet.
    level : float32 (configurations, days)
        P&L at level stakes by day of settlement, after commission, mapped to a file
        (`engine.backtesting.block.Daily`); days without a settlement are 0.
    clv : float32 (configurations, days)
        Sum of weight times closing line value, over the bets settled on the day that have a fair closing price;
        mapped to a file.
    level_turnover : float64 (configurations,)
        Sum of the weights of all settled bets. The yield at level stakes is the sum of `level` over it.
    closed_turnover : float64 (configurations,)
        Sum of the weights of those with a fair closing price. The mean CLV is the sum of `clv` over it.
    """

    first: dt.date
    returns: NDArray[np.float32]
    sums: Floats
    touching: Flags
    bankrupt: NDArray[np.int64]
    yield_error: Floats
    level: NDArray[np.float32]
    clv: NDArray[np.float32]
    level_turnover: Floats
    closed_turnover: Floats

    def bankruptcies(self) -> pl.DataFrame:
        """The configurations that go bankrupt, with the date: config, date."""
        rows = np.flatnonzero(self.bankrupt != NEVER_BANKRUPT)
        dates = [self.first + dt.timedelta(days=int(day)) for day in self.bankrupt[rows]]
        return pl.DataFrame({"config": rows + 1, "date": dates}, schema=BANKRUPT_SCHEMA)


def series_of(
    spans: Sequence[Span],
    units: Sequence[Unit],
    load: Callable[[Unit], tuple[UnitResult, Floats]],
    folder: Path,
    on_unit: Callable[[Unit], None] = lambda unit: None,
) -> Series:
    """Collect daily returns and sums of all configurations, mapped to files in `folder`; some units at a time.

    Parameters
    ----------
    spans : sequence of Span
        One for each tape.
    units : sequence of Unit
        All units, of all configurations.
    load : callable
        Gives the result of a unit, and the opening bankrolls of its configurations, float64 (c,), minor units.
    folder : Path
    on_unit : callable
        Called in the calling thread, in the order of the units, with each one that is done.
    """
    count = max((unit.high for unit in units), default=0)
    filled = [span for span in spans if span.n_days]
    first = min((span.first for span in filled), default=spans[0].first)
    end = max((span.first + dt.timedelta(days=span.n_days) for span in filled), default=first)
    with ExitStack() as stack:
        shape = count, (end - first).days
        returns, level, clv = (
            stack.enter_context(_Rows.at(folder / name, shape)) for name in ("returns", "level", "clv")
        )
        sums = _mapped(folder / "sums", (count, len(spans[0].cuts.days), PARTS, 6))
        tables = _Tables(
            first,
            returns,
            level,
            clv,
            sums,
            turnover=np.zeros((count, 2)),
            bankrupt=np.full(count, NEVER_BANKRUPT, np.int64),
            yield_error=np.full(count, np.nan),
        )

        def collect(unit: Unit) -> Unit:
            tables.put(unit, *load(unit), spans[unit.tape])
            return unit

        with ThreadPoolExecutor(min(cores(), _AT_ONCE)) as pool:
            for unit in pool.map(collect, units):
                on_unit(unit)
    return tables.series(np.logical_or.reduce([span.cuts.touching for span in spans]))


def _mapped(path: Path, shape: tuple[int, ...]) -> Floats:
    """Zeros mapped to a file; an empty array in memory, since no file can be mapped to it."""
    return np.zeros(shape) if 0 in shape else np.memmap(path, "<f8", "w+", shape=shape)


@dataclass(frozen=True)
class _Rows:
    """A table of float32 in a file, written some rows at a time: a third of what stores to a mapped file cost."""

    path: Path
    shape: tuple[int, int]
    file: BinaryIO
    lock: Lock = field(default_factory=Lock)

    @classmethod
    @contextmanager
    def at(cls, path: Path, shape: tuple[int, int]) -> Iterator[_Rows]:
        """A new file of zeros, open for writing."""
        with path.open("wb") as file:
            file.truncate(4 * shape[0] * shape[1])
            yield cls(path, shape, file)

    def put(self, row: int, day: int, values: NDArray[np.float32]) -> None:
        """Write all of some rows: `values` (rows, days) from day `day` on, zero on the other days."""
        if values.shape[1] < self.shape[1]:
            whole = np.zeros((len(values), self.shape[1]), "<f4")
            whole[:, day : day + values.shape[1]] = values
            values = whole
        content = np.ascontiguousarray(values, "<f4").data
        with self.lock:
            self.file.seek(4 * row * self.shape[1])
            self.file.write(content)

    def mapped(self) -> NDArray[np.float32]:
        """The table, mapped to be read; an empty array in memory, since no file can be mapped to it."""
        return np.memmap(self.path, "<f4", "r", shape=self.shape) if all(self.shape) else np.zeros(self.shape, "<f4")


@dataclass(frozen=True)
class _Tables:
    """What the units fill, each the rows of its own configurations; as in `Series`."""

    first: dt.date
    returns: _Rows
    level: _Rows
    clv: _Rows
    sums: Floats
    turnover: Floats
    bankrupt: NDArray[np.int64]
    yield_error: Floats

    def put(self, unit: Unit, result: UnitResult, bankroll: Floats, span: Span) -> None:
        """Put the results of a unit in their rows, as many at a time as the cache of a core holds."""
        step = max(1, _HELD // max(1, result.days.shape[1]))
        for low in range(0, len(bankroll), step):
            self._put(unit.low + low, result.part(low, low + step), bankroll[low : low + step], span)

    def _put(self, low: int, result: UnitResult, bankroll: Floats, span: Span) -> None:
        rows, day = slice(low, low + len(bankroll)), (span.first - self.first).days
        returns, gone = daily_returns(result.days, bankroll), bankrupt_days(result.days, bankroll)
        for table, values in ((self.returns, returns), (self.level, result.level), (self.clv, result.clv)):
            table.put(low, day, values)
        self.bankrupt[rows] = np.where(gone == NEVER_BANKRUPT, gone, gone + day)
        self.turnover[rows] = result.level_turnover
        self.yield_error[rows] = yield_errors(result.days, result.measures[:, _TURNOVER])
        self.sums[rows] = fold_sums(result.days, returns, result.marks, span.cuts)

    def series(self, touching: Flags) -> Series:
        """All of them, once every unit is there."""
        return Series(
            first=self.first,
            returns=self.returns.mapped(),
            sums=self.sums,
            touching=touching,
            bankrupt=self.bankrupt,
            yield_error=self.yield_error,
            level=self.level.mapped(),
            clv=self.clv.mapped(),
            level_turnover=self.turnover[:, 0],
            closed_turnover=self.turnover[:, 1],
        )


def daily_returns(pnl: ArrayLike, bankroll: ArrayLike) -> NDArray[np.float32]:
    """P&L of each day over equity at its start.

    Parameters
    ----------
    pnl : (configurations, days) float
        After commission, minor units; days without a settlement are 0.
    bankroll : (configurations,) float
        Opening bankroll, minor units.

    Returns
    -------
    float32 (configurations, days): 0 once nothing is left.
    """
    gained = np.asarray(pnl, np.float64)
    start = np.cumsum(gained, axis=1)
    start += np.asarray(bankroll, np.float64)[:, None] - gained
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(start > 0.0, gained / start, 0.0).astype(np.float32)
