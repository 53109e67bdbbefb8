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

from engine.backtesting.block import Daily, Found, Outputs, jobs
from engine.backtesting.columns import columns_of
from engine.backtesting.measures import COLUMNS, METRICS, REASON_COLUMNS, metrics_frame
from engine.backtesting.path import Path, path_of
from engine.backtesting.plan import split
from engine.configuration import Configuration, params_matrix
from engine.custom_rule import Rule, kernel_of, telling
from engine.errors import ConfigurationError
from engine.kernel import account as acc
from engine.kernel.cache import CACHE_FOLDER, is_cold
from engine.kernel.codes import REASONS, Staking
from engine.kernel.params import Params
from engine.kernel.record import Columns, Work
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
        day_bets=np.zeros(n_days),
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


def walk_one(columns: Columns, work: Work, params: Params, seed: int, rule: Rule | None = None) -> list[float]:
    """Walk one configuration and give its measures in the order of `result.COLUMNS`."""
    with telling(rule):
        kernel_of(rule).walk(columns, work, np.zeros(2, np.int64), params, np.int64(seed))
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


def _check_rule(matrix: Matrix, rule: Rule | None) -> None:
    if rule is None and (matrix[:, Params._fields.index("staking")] == Staking.OWN).any():
        raise ConfigurationError(
            "no staking rule of your own", where="staking.file", todo="name the file of its function stake_minor"
        )


def run_params(
    tape: Tape,
    matrix: Matrix,
    seed: int = 0,
    threads: int | None = None,
    block: int = 64,
    on_block: Callable[[int], None] | None = None,
    rule: Rule | None = None,
    daily: Daily | None = None,
) -> Matrix:
    """Run configurations given as numbers: in lanes where they can (`engine.backtesting.block`), else one after
    another.

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
    rule : Rule, optional
        What `Staking.OWN` asks for (`engine.custom_rule.load`).
    daily : Daily, optional
        Receives what each configuration did by day, block by block.

    Returns
    -------
    float64 (c, len(result.COLUMNS))
        Measures and counts of reasons; NaN where a measure has no value.
    """
    if matrix.ndim != 2 or matrix.shape[1] != len(Params._fields):
        raise ValueError(f"expected (c, {len(Params._fields)}) numbers, found {matrix.shape}")
    _check_commission(tape, matrix)
    _check_limiting(tape, matrix)
    _check_rule(matrix, rule)
    if daily is not None:
        daily.check(len(matrix), len(tape.midnights))
    out = np.full((len(matrix), len(COLUMNS)), np.nan)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        pending: set[Future[int]] = set()
        try:
            pending |= {pool.submit(job) for job in _jobs(_Asked(tape, matrix, seed, rule), block, Outputs(out, daily))}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    with telling(rule):
                        finished = future.result()
                    if on_block:
                        on_block(finished)
        except BaseException:
            for future in pending:
                future.cancel()
            raise
    return out


@dataclass(frozen=True)
class _Asked:
    """Configurations over a tape, some of which may stake by a rule of the user's own."""

    tape: Tape
    matrix: Matrix
    seed: int
    rule: Rule | None


def _jobs(asked: _Asked, block: int, out: Outputs) -> Iterator[Callable[[], int]]:
    """Functions that fill rows of `out` and give their number; none depends on another."""
    tape, matrix = asked.tape, asked.matrix
    large, alone = split(tape, matrix)
    own = matrix[:, Params._fields.index("staking")] == Staking.OWN
    for rule, theirs in ((None, ~own), (asked.rule, own)):
        kernel = kernel_of(rule) if theirs.any() else None
        mine = [rows for rows in large if theirs[rows[0]]]
        if kernel and mine:
            say_if_cold(kernel.walk_lanes.__module__)
            yield from jobs(tape, matrix, mine, asked.seed, out, kernel.walk_lanes)
        rest = alone[theirs[alone]]
        if kernel and len(rest):
            say_if_cold(kernel.walk.__module__)
            columns = columns_of(tape)
            for low in range(0, len(rest), block):
                yield partial(_walk_alone, asked, rule, columns, rest[low : low + block], out)


def _walk_alone(asked: _Asked, rule: Rule | None, columns: Columns, rows: NDArray[np.intp], out: Outputs) -> int:
    work = work_for(asked.tape)
    for c in rows:
        params = Params(*asked.matrix[c].tolist())
        measures = np.array([walk_one(columns, work, params, asked.seed, rule)])
        out.keep(np.array([c]), Found(measures, *_by_day(work, params, out.daily)))
    return len(rows)


def _by_day(work: Work, params: Params, daily: Daily | None) -> tuple[Matrix, Matrix]:
    """P&L by day, and bets and stakes before each edge, of the walk that `work` has just been used for."""
    edges = np.empty(0, np.int64) if daily is None else daily.edges
    sums = np.zeros((1, len(edges), 2))
    for number, column in enumerate((work.day_bets, work.day_turnover)):
        sums[0, :, number] = np.concatenate([[0.0], column])[edges]
    return np.diff(work.day_equity, prepend=params.bankroll_minor)[None], sums


def replay(tape: Tape, params: Params, seed: int = 0, rule: Rule | None = None) -> Path:
    """Walk one configuration again and keep what it did: bets, daily P&L, reasons."""
    work, rule = work_for(tape), rule if params.staking == Staking.OWN else None
    walk_one(columns_of(tape), work, params, seed, rule)
    return path_of(tape, work, params)


@dataclass(frozen=True)
class Result:
    """What `backtest` gives: measures of each configuration, and each one's path on demand."""

    tape: Tape
    configurations: tuple[Configuration, ...]
    seed: int
    metrics: pl.DataFrame  # one row a configuration, columns of `result.METRICS`
    reasons: pl.DataFrame  # one row a configuration, a count for each reason
    rule: Rule | None = None  # what Staking.OWN asks for

    def replay(self, number: int) -> Path:
        """The path of configuration `number`."""
        return replay(self.tape, self.configurations[number].params(), self.seed, self.rule)


def backtest(
    tape: Tape,
    configurations: Configuration | Sequence[Configuration],
    seed: int = 0,
    threads: int | None = None,
    rule: Rule | None = None,
) -> Result:
    """Run one or many configurations over a tape; `rule` is what `Staking.OWN` asks for (`engine.custom_rule.load`).

    Examples
    --------
    >>> import engine
    >>> result = engine.backtest(tape, [engine.Configuration(fraction=0.1)])      # doctest: +SKIP
    >>> result.metrics["pnl_minor"]                                               # doctest: +SKIP
    """
    many = (configurations,) if isinstance(configurations, Configuration) else tuple(configurations)
    table = metrics_frame(run_params(tape, params_matrix(many), seed, threads, rule=rule))
    reasons = table.select(pl.col(c).alias(c.removeprefix("reason_")) for c in REASON_COLUMNS)
    return Result(tape, many, seed, table.select(METRICS), reasons, rule)
