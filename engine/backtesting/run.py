"""Run many configurations over one tape on threads. The number of threads changes no bit of the results."""

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

from engine.backtesting.block import BlockResult, Daily, Outputs, jobs
from engine.backtesting.columns import columns_of
from engine.backtesting.measures import COLUMNS, METRICS, REASON_COLUMNS, metrics_frame
from engine.backtesting.path import Path, path_of
from engine.backtesting.plan import split
from engine.configuration import Configuration, params_matrix
from engine.custom_rule import Rule, compile_errors, kernel_of
from engine.errors import ConfigurationError, TapeError
from engine.kernel import account as acc
from engine.kernel.cache import CACHE_FOLDER, is_cold
from engine.kernel.codes import REASONS, Staking
from engine.kernel.params import FIELD, Params
from engine.kernel.record import Columns, Work
from engine.tape import Tape

Matrix = NDArray[np.float64]


def _dense(ids: NDArray[np.int64]) -> int:
    return int(ids.max()) + 1 if len(ids) else 0


def work_for(tape: Tape, level: bool = True) -> Work:
    """New working arrays for walks along `tape`, with level stakes or without. One walk after another can use them."""
    n, n_commission_markets, n_days = len(tape), _dense(tape.market), len(tape.midnights)
    n_level = n_days if level else 0
    return Work(
        reason=np.empty(n, np.int8),
        stake=np.zeros(n),
        backer=np.zeros(n),
        pnl=np.zeros(n),
        equity=np.zeros(n),
        passing=np.empty(n, np.int64),
        open_on_event=np.empty(_dense(tape.event)),
        open_on_competition=np.empty(_dense(tape.competition)),
        commission_market_pnl=np.empty(n_commission_markets),
        taken=np.empty(_dense(tape.question), np.int8),
        commission_market_open=np.empty(n_commission_markets, np.int64),
        offer_taken=np.empty(_dense(tape.offer)),
        commission_market_weight=np.empty(n_commission_markets),
        commission_market_stake=np.empty(n_commission_markets),
        closed_rows=np.empty(n_commission_markets, np.int64),
        wallet=np.empty(_dense(tape.bookmaker)),
        won_since=np.empty(_dense(tape.bookmaker)),
        limit_factor=np.empty(_dense(tape.bookmaker)),
        day_equity=np.zeros(n_days),
        day_turnover=np.zeros(n_days),
        day_bets=np.zeros(n_days),
        day_level=np.zeros(n_level),
        day_clv=np.zeros(n_level),
        day_level_turnover=np.zeros(n_level),
        day_closed_turnover=np.zeros(n_level),
        account=np.zeros(acc.N_CELLS),
        counts=np.zeros(len(REASONS), np.int64),
    )


def _measures(work: Work, params: Params, n: int) -> list[float]:
    cells = work.account
    equity = float(cells[acc.CASH] + cells[acc.OPEN])
    pnl = equity - params.bankroll_minor
    turnover, clv_n = float(cells[acc.TURNOVER]), float(cells[acc.CLV_N])
    row = {
        "n_opportunities": n,
        "n_bets": cells[acc.N_BETS],
        "n_won": cells[acc.N_WON],
        "n_void": cells[acc.N_VOID],
        "n_open": cells[acc.N_BETS] - cells[acc.N_SETTLED],
        "turnover_minor": turnover,
        "pnl_minor": pnl,
        "yield": pnl / turnover if turnover else np.nan,
        "roi": pnl / params.bankroll_minor,
        "bankroll_final_minor": equity,
        "max_drawdown_frac": cells[acc.MAX_DRAWDOWN],
        "clv_mean": float(cells[acc.CLV_SUM]) / clv_n if clv_n else np.nan,
        "clv_n": clv_n,
        "longest_losing_streak": cells[acc.LONGEST],
        "commission_minor": cells[acc.COMMISSION],
        "n_streak_warnings": cells[acc.WARNINGS],
    }
    return [float(row[name]) for name in METRICS] + [float(count) for count in work.counts]


def walk_one(columns: Columns, work: Work, params: Params, seed: int, rule: Rule | None = None) -> list[float]:
    """Walk one configuration; returns its measures in the order of `measures.COLUMNS`, NaN without a value."""
    with compile_errors(rule):
        kernel_of(rule).walk(columns, work, np.zeros(2, np.int64), params, np.int64(seed))
    return _measures(work, params, len(columns.id))


def announce_compilation(module: str) -> None:
    """Print one line to stderr if a module of the kernel is about to be compiled."""
    if is_cold(module):
        place = f"kept in {CACHE_FOLDER}" if CACHE_FOLDER else "not kept: no folder for it is writable"
        print(f"compiling the kernel once for this machine, about 10 s ({place})", file=sys.stderr)  # noqa: T201


def _check_commission(tape: Tape, matrix: Matrix) -> None:
    rate = float(tape.commission_rate.max(initial=0.0))
    factor = float(matrix[:, FIELD["commission_factor"]].max(initial=0.0))
    if rate * factor >= 1.0:
        raise ConfigurationError(
            "commission takes the whole profit",
            where="execution.commission_factor",
            expected="rate times factor below 1",
            found=f"{rate:g} * {factor:g}",
        )


def _check_limiting(tape: Tape, matrix: Matrix) -> None:
    on = np.isfinite(matrix[:, FIELD["limiting_profit_minor"]]).any()
    if on and len(tape) and not np.isfinite(tape.size_minor).any():
        raise ConfigurationError(
            "no bookmaker has a limit that it could cut",
            where="execution.limiting_profit_minor",
            todo="give limits: execution.venues={NAME:{limit_minor:50000}}",
        )


def _check_rule(matrix: Matrix, rule: Rule | None) -> None:
    if rule is None and (matrix[:, FIELD["staking"]] == Staking.OWN).any():
        raise ConfigurationError(
            "no staking rule of your own", where="staking.file", todo="name the file of its function stake_minor"
        )


def _check_all(tape: Tape, matrix: Matrix, rule: Rule | None, daily: Daily | None) -> None:
    if matrix.ndim != 2 or matrix.shape[1] != len(Params._fields):
        raise ValueError(f"expected (c, {len(Params._fields)}) numbers, found {matrix.shape}")
    _check_commission(tape, matrix)
    _check_limiting(tape, matrix)
    _check_rule(matrix, rule)
    if daily is not None:
        daily.check(len(matrix), len(tape.midnights))


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
    """Run configurations given as numbers: in lanes if possible (`engine.backtesting.block`), else one after another.

    Parameters
    ----------
    tape : Tape
    matrix : float64 (c, P)
        A row for each configuration (`engine.configuration.params_matrix`).
    seed : int
        Seed of the random rejections.
    threads : int, optional
        Default: the number of processors.
    block : int
        How many of the configurations that walk alone a thread takes at once.
    on_block : callable, optional
        Called in the calling thread with the number of configurations just finished.
    rule : Rule, optional
        The rule that `Staking.OWN` uses (`engine.custom_rule.load`).
    daily : Daily, optional
        Receives the daily results of each configuration, block by block.

    Returns
    -------
    float64 (c, len(measures.COLUMNS))
        Measures and counts of reasons; NaN where a measure has no value.

    Raises
    ------
    ConfigurationError
        Configurations that do not fit the tape, or a rule that is missing or does not compile.
    """
    _check_all(tape, matrix, rule, daily)
    out = np.full((len(matrix), len(COLUMNS)), np.nan)
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        pending: set[Future[int]] = set()
        try:
            task = _Task(tape, matrix, seed, rule)
            pending |= {pool.submit(job) for job in _jobs(task, block, Outputs(out, daily))}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    with compile_errors(rule):
                        finished = future.result()
                    if on_block:
                        on_block(finished)
        except BaseException:
            for future in pending:
                future.cancel()
            raise
    return out


@dataclass(frozen=True)
class _Task:
    """Configurations to run over a tape. Some of them may use the user's staking rule."""

    tape: Tape
    matrix: Matrix
    seed: int
    rule: Rule | None


def _jobs(task: _Task, block: int, out: Outputs) -> Iterator[Callable[[], int]]:
    """Independent functions that write rows of `out` and return their number."""
    tape, matrix = task.tape, task.matrix
    large, alone = split(tape, matrix)
    custom = matrix[:, FIELD["staking"]] == Staking.OWN
    for rule, uses_rule in ((None, ~custom), (task.rule, custom)):
        kernel = kernel_of(rule) if uses_rule.any() else None
        in_lanes = [rows for rows in large if uses_rule[rows[0]]]
        if kernel and in_lanes:
            announce_compilation(kernel.walk_lanes.__module__)
            yield from jobs(tape, matrix, in_lanes, task.seed, out, kernel.walk_lanes)
        rest = alone[uses_rule[alone]]
        if kernel and len(rest):
            announce_compilation(kernel.walk.__module__)
            columns = columns_of(tape)
            for low in range(0, len(rest), block):
                yield partial(_walk_alone, task, rule, columns, rest[low : low + block], out)


def _walk_alone(task: _Task, rule: Rule | None, columns: Columns, rows: NDArray[np.intp], out: Outputs) -> int:
    work = work_for(task.tape, level=out.daily is not None)
    for c in rows:
        params = Params(*task.matrix[c].tolist())
        measures = np.array([walk_one(columns, work, params, task.seed, rule)])
        out.keep(np.array([c]), _one_result(measures, work, params, out.daily))
    return len(rows)


def _one_result(measures: Matrix, work: Work, params: Params, daily: Daily | None) -> BlockResult:
    """The result of the walk that `work` has just been used for."""
    edges = np.empty(0, np.int64) if daily is None else daily.edges
    sums = np.zeros((1, len(edges), 2))
    for number, column in enumerate((work.day_bets, work.day_turnover)):
        sums[0, :, number] = np.concatenate([[0.0], column])[edges]
    pnl, cells = np.diff(work.day_equity, prepend=params.bankroll_minor)[None], work.account
    weights = cells[[acc.LEVEL_TURNOVER, acc.CLOSED_TURNOVER]][None]
    return BlockResult(measures, pnl, work.day_level[None], work.day_clv[None], weights, sums)


def replay(tape: Tape, params: Params, seed: int = 0, rule: Rule | None = None) -> Path:
    """Walk one configuration and return its path: bets, daily P&L, reasons."""
    work, rule = work_for(tape), rule if params.staking == Staking.OWN else None
    walk_one(columns_of(tape), work, params, seed, rule)
    return path_of(tape, work, params)


@dataclass(frozen=True)
class Result:
    """The result of `backtest`: measures of each configuration, and the path of one on demand.

    Attributes
    ----------
    tape : Tape
    configurations : tuple of Configuration
    seed : int
    metrics : polars.DataFrame
        A row for each configuration, columns `measures.METRICS`.
    reasons : polars.DataFrame
        A row for each configuration, a column for the count of each reason.
    rule : Rule or None
        The rule that `Staking.OWN` uses.
    """

    tape: Tape
    configurations: tuple[Configuration, ...]
    seed: int
    metrics: pl.DataFrame
    reasons: pl.DataFrame
    rule: Rule | None = None

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
    """Run one or many configurations over a tape. `Staking.OWN` uses `rule` (`engine.custom_rule.load`).

    Raises
    ------
    TapeError
        `tape` is no tape: a frame becomes one by `engine.tape.from_frame`.
    ConfigurationError
        A configuration is none, or does not fit the tape; or a rule is missing or does not compile.

    Examples
    --------
    >>> import engine
    >>> result = engine.backtest(tape, [engine.Configuration(fraction=0.1)])      # doctest: +SKIP
    >>> result.metrics["pnl_minor"]                                               # doctest: +SKIP
    """
    if not isinstance(tape, Tape):
        found = f"{type(tape).__name__} of {type(tape).__module__.partition('.')[0]}"
        raise TapeError(
            "not a tape", where="backtest", expected="a tape", found=found, todo="engine.tape.from_frame(frame)"
        )
    many = (configurations,) if isinstance(configurations, Configuration) else tuple(configurations)
    for one in many:
        if not isinstance(one, Configuration):
            raise ConfigurationError(
                "not a configuration", where="backtest", expected="engine.Configuration(...)", found=type(one).__name__
            )
    table = metrics_frame(run_params(tape, params_matrix(many), seed, threads, rule=rule))
    reasons = table.select(pl.col(c).alias(c.removeprefix("reason_")) for c in REASON_COLUMNS)
    return Result(tape, many, seed, table.select(METRICS), reasons, rule)
