"""Run many configurations over one tape: threads over one compiled walk, the same bits for any number of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.blocks import jobs, split
from engine.columns import columns_of
from engine.configuration import Configuration, params_matrix
from engine.errors import ConfigurationError
from engine.kernel import account as acc
from engine.kernel.cache import CACHE_FOLDER, is_cold
from engine.kernel.params import Params
from engine.kernel.record import Columns, Work
from engine.kernel.walk import walk
from engine.replay import Path, path_of
from engine.result import COLUMNS, METRICS, REASON_COLUMNS, metrics_frame
from engine.schema import REASONS
from engine.tape import Tape

Matrix = NDArray[np.float64]


def _dense(ids: NDArray[np.int64]) -> int:
    return int(ids.max()) + 1 if len(ids) else 0


def work_for(tape: Tape) -> Work:
    """Fresh working arrays for walks along `tape`; they may be used for one walk after another."""
    n, n_markets, n_days = len(tape), _dense(tape.market), len(tape.midnights)
    return Work(
        reason=np.empty(n, np.int8),
        stake=np.zeros(n),
        backer=np.zeros(n),
        pnl=np.zeros(n),
        equity=np.zeros(n),
        passing=np.empty(n, np.int64),
        open_on_event=np.empty(_dense(tape.event)),
        open_on_competition=np.empty(_dense(tape.competition)),
        market_pnl=np.empty(n_markets),
        taken=np.empty(_dense(tape.question), np.int8),
        market_open=np.empty(n_markets, np.int64),
        touched=np.empty(n_markets, np.int64),
        wallet=np.empty(_dense(tape.bookmaker)),
        won_since=np.empty(_dense(tape.bookmaker)),
        limit_factor=np.empty(_dense(tape.bookmaker)),
        day_equity=np.zeros(n_days),
        day_turnover=np.zeros(n_days),
        account=np.zeros(acc.N_CELLS),
        counts=np.zeros(len(REASONS), np.int64),
    )


def _measures(work: Work, params: Params, n: int) -> list[float]:
    a = work.account
    equity = float(a[acc.CASH] + a[acc.OPEN])
    pnl = equity - params.bankroll_minor
    turnover, clv_n = float(a[acc.TURNOVER]), float(a[acc.CLV_N])
    row = {
        "n_opportunities": n,
        "n_bets": a[acc.N_BETS],
        "n_won": a[acc.N_WON],
        "n_void": a[acc.N_VOID],
        "n_open": a[acc.N_BETS] - a[acc.N_SETTLED],
        "turnover_minor": turnover,
        "pnl_minor": pnl,
        "yield": pnl / turnover if turnover else np.nan,
        "roi": pnl / params.bankroll_minor,
        "bankroll_final_minor": equity,
        "max_drawdown_frac": a[acc.MAX_DRAWDOWN],
        "clv_mean": float(a[acc.CLV_SUM]) / clv_n if clv_n else np.nan,
        "clv_n": clv_n,
        "longest_losing_streak": a[acc.LONGEST],
        "commission_minor": a[acc.COMMISSION],
        "n_streak_warnings": a[acc.WARNINGS],
    }
    return [float(row[name]) for name in METRICS] + [float(count) for count in work.counts]


def walk_one(columns: Columns, work: Work, params: Params, seed: int) -> list[float]:
    """Walk one configuration and give its measures in the order of `result.COLUMNS`."""
    walk(columns, work, np.zeros(2, np.int64), params, np.int64(seed))
    return _measures(work, params, len(columns.id))


def say_if_cold(module: str) -> None:
    """Tell, on stderr, that a part of the kernel is about to be compiled."""
    if is_cold(module):
        kept = f"kept in {CACHE_FOLDER}" if CACHE_FOLDER else "not kept: no folder for it is writable"
        print(f"compiling the kernel for this machine, once, some 10 s ({kept})", file=sys.stderr)  # noqa: T201


def _check_commission(tape: Tape, matrix: Matrix) -> None:
    rate = float(tape.commission_rate.max(initial=0.0))
    factor = float(matrix[:, Params._fields.index("commission_factor")].max(initial=0.0))
    if rate * factor >= 1.0:
        raise ConfigurationError(
            "commission takes the whole profit",
            where="execution.commission_factor",
            expected="rate times factor below 1",
            found=f"{rate:g} * {factor:g}",
        )


def _check_limiting(tape: Tape, matrix: Matrix) -> None:
    on = np.isfinite(matrix[:, Params._fields.index("limiting_profit_minor")]).any()
    if on and len(tape) and not np.isfinite(tape.size_minor).any():
        raise ConfigurationError(
            "no bookmaker has a limit that could fall",
            where="execution.limiting_profit_minor",
            todo="give limits: execution.venues={NAME:{limit_minor:50000}}",
        )


def run_params(
    tape: Tape,
    matrix: Matrix,
    seed: int = 0,
    threads: int | None = None,
    block: int = 64,
    on_block: Callable[[int], None] | None = None,
) -> Matrix:
    """Run configurations given as numbers: in lanes where they can (`engine.blocks`), else one after another.

    Parameters
    ----------
    tape : Tape
    matrix : float64 (c, len(Params))
        Rows of `Configuration.params()`.
    seed : int
        Keys the draws of rejections.
    threads : int, optional
        Default: the number of processors.
    block : int
        Configurations handed to a thread at once, of those that walk alone.
    on_block : callable, optional
        Told the number of configurations done, from the calling thread.

    Returns
    -------
    float64 (c, len(result.COLUMNS))
        Measures and counts of reasons; NaN where a measure has no value.
    """
    if matrix.ndim != 2 or matrix.shape[1] != len(Params._fields):
        raise ValueError(f"expected (c, {len(Params._fields)}) numbers, found {matrix.shape}")
    _check_commission(tape, matrix)
    _check_limiting(tape, matrix)
    out = np.full((len(matrix), len(COLUMNS)), np.nan)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        pending: set[Future[int]] = set()
        try:
            pending |= {pool.submit(job) for job in _jobs(tape, matrix, seed, block, out)}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    finished = future.result()
                    if on_block:
                        on_block(finished)
        except BaseException:
            for future in pending:
                future.cancel()
            raise
    return out


def _jobs(tape: Tape, matrix: Matrix, seed: int, block: int, out: Matrix) -> Iterator[Callable[[], int]]:
    """Functions that fill rows of `out` and give their number; none depends on another."""
    large, alone = split(tape, matrix)
    if large:
        say_if_cold("lane_walk")
        yield from jobs(tape, matrix, large, seed, out)
    if len(alone):
        say_if_cold("walk")
        columns = columns_of(tape)
    for low in range(0, len(alone), block):
        yield partial(_walk_alone, tape, columns, matrix, alone[low : low + block], seed, out)


def _walk_alone(tape: Tape, columns: Columns, matrix: Matrix, rows: NDArray[np.intp], seed: int, out: Matrix) -> int:
    work = work_for(tape)
    for c in rows:
        out[c] = walk_one(columns, work, Params(*matrix[c].tolist()), seed)
    return len(rows)


def replay(tape: Tape, params: Params, seed: int = 0) -> Path:
    """Walk one configuration again and keep what it did: bets, daily P&L, reasons."""
    work = work_for(tape)
    walk_one(columns_of(tape), work, params, seed)
    return path_of(tape, work, params)


@dataclass(frozen=True)
class Result:
    """What `backtest` gives: measures of each configuration, and each one's path on demand."""

    tape: Tape
    configurations: tuple[Configuration, ...]
    seed: int
    metrics: pl.DataFrame  # one row a configuration, columns of `result.METRICS`
    reasons: pl.DataFrame  # one row a configuration, a count for each reason

    def replay(self, number: int) -> Path:
        """The path of configuration `number`."""
        return replay(self.tape, self.configurations[number].params(), self.seed)


def backtest(
    tape: Tape,
    configurations: Configuration | Sequence[Configuration],
    seed: int = 0,
    threads: int | None = None,
) -> Result:
    """Run one or many configurations over a tape.

    Examples
    --------
    >>> import engine
    >>> result = engine.backtest(tape, [engine.Configuration(fraction=0.1)])      # doctest: +SKIP
    >>> result.metrics["pnl_minor"]                                               # doctest: +SKIP
    """
    many = (configurations,) if isinstance(configurations, Configuration) else tuple(configurations)
    table = metrics_frame(run_params(tape, params_matrix(many), seed, threads))
    reasons = table.select(pl.col(c).alias(c.removeprefix("reason_")) for c in REASON_COLUMNS)
    return Result(tape, many, seed, table.select(METRICS), reasons)
