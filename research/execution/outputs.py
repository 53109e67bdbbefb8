"""What a run stores beside its results: findings, flags, paths of selected configurations, entries of the ledger."""

from __future__ import annotations

import datetime as dt
import shlex
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.backtesting.measures import METRICS
from engine.backtesting.path import Path as ConfigurationPath
from engine.files import write_json
from engine.identity import digest
from engine.kernel.params import Params
from engine.plausibility.winnings import implausible_yield, too_many_hits
from engine.tape import Tape
from research.execution.assess import FinishedSweep, Selection, assess_selection, draw, select
from research.execution.job import Computed, Matrix, Span, numbers
from research.execution.parts import PartFolder
from research.execution.price import measure_price
from research.execution.ruler import Ruler, ruler_of
from research.execution.series import Series, series_of
from research.execution.units import Unit, UnitResult
from research.inference.closing_line import PricedBets
from research.inference.multipliers import null_maxima
from research.inference.superiority import BootstrapMoments
from research.records.leaks import leaking
from research.records.looks import look_bytes
from research.records.results import BETS, DAILY, RESULTS, TableWriter, ranked
from research.records.trial_hashes import hashes
from research.records.trials import Entry, Ledger, Part
from research.sweeps.plan import describe
from research.tapes.matches import with_matches
from research.verdict.findings import AFTER, AFTER_SCHEMA, FLAG_SCHEMA, FLAGS, PATH_BETS, WITH_FLAGGED
from research.verdict.plausibility import SweepMeasures, implausible_flags
from research.verdict.price import PRICE
from research.verdict.ruin import BANKRUPT

_BANKROLL: Final = Params._fields.index("bankroll_minor")
_MEASURES: Final = ("n_bets", "yield", "clv_mean", "clv_n")
_BET_COLUMNS: Final = ("config", "event_id", "state", "stake_minor", "pnl_minor", "close_prob")
#: columns that tell copies of a match
_MATCH: Final = ("sport", "competition", "date", "home", "away")


#: most times that the selection is repeated because the bets of what was selected are flagged
_ROUNDS: Final = 20


@dataclass(frozen=True)
class Tried:
    """What the trial ledger learns of a command.

    Attributes
    ----------
    first : date
        The first day.
    days : float32 (configurations, days)
        P&L at level stakes (`research.execution.series.Series`).
    maxima : float32 (draws,)
        Largest null statistics of all of them (`research.inference.multipliers.null_maxima`).
    """

    first: dt.date
    days: NDArray[np.float32]
    maxima: NDArray[np.float32]


def tried_alone(daily: pl.DataFrame) -> Tried:
    """A backtest: one configuration by its days (`engine.backtesting.path.Path.daily`)."""
    days = daily["level"].to_numpy().astype(np.float32).reshape(1, -1)
    first: dt.date = daily["date"][0] if daily.height else dt.date(1970, 1, 1)
    return Tried(first, days, null_maxima(days.T, first))


def write_findings(computed: Computed, target: Path, work: Path) -> tuple[list[int], Tried]:
    """Test a finished sweep against luck and write its findings, its flags, and the paths of the best configurations.

    A flagged configuration is set aside: it is neither selected nor judged. The findings in which none is set aside are
    written as well, for a reader who acknowledges the flags.

    Parameters
    ----------
    computed : Computed
    target : Path
        Folder of the run, with its results.
    work : Path
        Folder for large arrays that are mapped to files.

    Returns
    -------
    list of int, Tried
        Configurations whose paths are stored, the selected one first, then the best; and what the ledger learns.
    """
    job = computed.job
    job.command.progress.say(f"testing {describe(job.command.plan)} against luck")
    try:
        return _tested(computed, target, _finished(computed, target, work))
    finally:
        job.command.progress.end()


def _tested(computed: Computed, target: Path, sweep: FinishedSweep) -> tuple[list[int], Tried]:
    """`write_findings` of a sweep whose days are collected."""
    drawn = draw(sweep)
    flags = flags_by_measures(target, drawn.moments, sweep.series.yield_error)
    aside = {int(config) - 1 for config in flags["config"]} | _leaking(computed)
    selection, configs, flags = _unflagged(computed, sweep, target, flags, aside)
    flags.write_parquet(target / FLAGS)
    sweep.series.bankruptcies().write_parquet(target / BANKRUPT)
    assess_selection(sweep, selection, drawn).write(target)
    ruler, counts, series = ruler_of(computed), closed_bets(target), sweep.series
    priced = PricedBets(series.level, series.clv, series.level_turnover, series.closed_turnover)
    write_price(target, priced, counts, ruler, selection.aside, sweep.seed)
    shutil.rmtree(target / WITH_FLAGGED, ignore_errors=True)  # of an attempt that was killed
    if selection.aside:
        (target / WITH_FLAGGED).mkdir(exist_ok=True)
        assess_selection(sweep, select(sweep), drawn).write(target / WITH_FLAGGED)
        write_price(target / WITH_FLAGGED, priced, counts, ruler, (), sweep.seed)
    return configs, Tried(sweep.series.first, sweep.series.level, drawn.maxima)


def write_price(
    folder: Path, bets: PricedBets, closed_bets: NDArray[np.int64], ruler: Ruler, aside: Collection[int], seed: int
) -> None:
    """Write the numbers behind the verdict of price (`measure_price`) beside the findings."""
    write_json(folder / PRICE, measure_price(bets, closed_bets, ruler, aside, seed).plain())


def write_price_alone(computed: Computed, target: Path, daily: pl.DataFrame) -> None:
    """Write the numbers behind the verdict of price of a backtest, from its days as in `tried_alone`."""
    level, clv = (daily[name].to_numpy().reshape(1, -1) for name in ("level", "clv"))
    turnovers = [np.array([daily[name].sum()], np.float64) for name in ("level_stake", "closed_stake")]
    seed = int(computed.job.command.settings["seed"])
    write_price(target, PricedBets(level, clv, *turnovers), closed_bets(target), ruler_of(computed), (), seed)


def closed_bets(target: Path) -> NDArray[np.int64]:
    """Bets of each configuration that have a fair closing price; int64 (configurations,)."""
    return pl.read_parquet(target / RESULTS, columns=["clv_n"])["clv_n"].fill_null(0).to_numpy().astype(np.int64)


def _finished(computed: Computed, target: Path, work: Path) -> FinishedSweep:
    job, plan = computed.job, computed.job.command.plan
    leader, spans = best(target, job.command.settings)[0] - 1, [built.span for built in computed.built]
    return FinishedSweep(
        rules=job.rules,
        dates=job.dates,
        series=_collected(computed, spans, work),
        configuration_of=computed.replayable,
        purged_days=max(span.cuts.purged for span in spans),
        bankroll_minor=float(numbers(plan, leader, leader + 1)[0, _BANKROLL]),
        best=leader,
        seed=int(job.command.settings["seed"]),
        parts=_parts(computed, work),
    )


def _parts(computed: Computed, work: Path) -> PartFolder:
    """Where the finished parts of the tests are kept until the run is published."""
    folder = work / "parts"
    if computed.job.command.settings["force"]:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    belongs = digest([computed.job.run, *(built.hash for built in computed.built)])
    return PartFolder(folder, belongs, computed.job.command.progress)


def _unflagged(
    computed: Computed, sweep: FinishedSweep, target: Path, flags: pl.DataFrame, aside: set[int]
) -> tuple[Selection, list[int], pl.DataFrame]:
    """Select among what is not flagged, until the bets of what is selected and stored are not flagged either.

    Returns the selection, the configurations whose paths are stored, and all flags.
    """
    settings = computed.job.command.settings
    for _ in range(_ROUNDS):
        leaders = best(target, settings, [row + 1 for row in aside])
        sweep = replace(sweep, best=leaders[0] - 1)
        selection = select(sweep, aside)
        selected = [] if selection.row is None else [selection.row + 1]
        configs = [*selected, *(config for config in leaders if config not in selected)]
        if selection.stitched is not None:
            selection.stitched.bets.write_parquet(target / PATH_BETS)
        write_paths(computed, target, configs)
        flags = pl.concat([flags, flags_by_bets(target)]).unique(maintain_order=True)
        found = {int(config) - 1 for config in flags["config"]} - aside
        if not found:
            break
        aside |= found
    return selection, configs, flags


def _leaking(computed: Computed) -> set[int]:
    """Rows of the configurations on a tape on which `bea leakage` has found a leak."""
    tapes, rows = computed.job.tapes, set[int]()
    for job in computed.job.tape_jobs:
        if leaking([tapes.made_of(job.spec)]):
            rows.update(range(job.low, job.high))
    return rows


def count_trials(computed: Computed, manifest: dict[str, Any], tried: Tried) -> str:
    """Enter the configurations in the trial ledger, one entry a set of events; simulated data are not counted.

    Returns
    -------
    str
        The head of the ledger's chain after it, hex; empty for simulated data.
    """
    if set(manifest["data"]["sources"]) <= {"simulator"}:
        return ""
    plan = computed.job.command.plan
    every, tape_of = hashes(plan), plan.table["tape"].to_numpy()
    event_sets = [built.events for built in computed.built]
    parts = []
    for events in {event_set.hash: event_set for event_set in event_sets if event_set.events}.values():
        tapes = [number for number, event_set in enumerate(event_sets) if event_set.hash == events.hash]
        rows = np.flatnonzero(np.isin(tape_of, tapes))
        alone = len(rows) == len(plan)
        maxima = tried.maxima if alone else null_maxima(tried.days[rows].T, tried.first)
        parts.append(Part([every[row] for row in rows], events, maxima))
    entry = Entry(
        run=computed.job.run,
        finished_at=manifest["finished_at"],
        command=shlex.join(manifest["command"]),
        kind=computed.job.command.kind,
        look=look_bytes(plan, [(part.events, part.configurations) for part in parts]),
    )
    return Ledger().record(entry, parts)


def _collected(computed: Computed, spans: Sequence[Span], work: Path) -> Series:
    """The days of all configurations, from the units."""
    plan, progress = computed.job.command.plan, computed.job.command.progress

    def load(unit: Unit) -> tuple[UnitResult, Matrix]:
        return computed.result(unit), numbers(plan, unit.low, unit.high)[:, _BANKROLL]

    progress.begin("collecting days", len(plan))
    return series_of(spans, computed.units, load, work, lambda unit: progress.step(unit.high - unit.low))


def flags_by_measures(target: Path, resamples: BootstrapMoments, yield_error: Matrix) -> pl.DataFrame:
    """Flags of all configurations by yield, Sharpe ratio and closing line value: config, flag."""
    table = pl.read_parquet(target / RESULTS, columns=["config", *_MEASURES])
    columns = (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _MEASURES)
    flagged = implausible_flags(SweepMeasures(*[*columns, yield_error]), resamples)
    parts = [table.filter(pl.Series(rows)).select("config", flag=pl.lit(kind)) for kind, rows in flagged.items()]
    return pl.concat([pl.DataFrame(schema=FLAG_SCHEMA), *parts])


def flags_by_bets(target: Path) -> pl.DataFrame:
    """Flags that the bets of the stored configurations and of the stitched path give: config, flag.

    By hits against fair closing odds, and by a yield with the bets of a match taken together.
    """
    flagged = set[tuple[int, str]]()
    for path in (target / BETS, target / PATH_BETS):
        if not path.is_file() or not set(_BET_COLUMNS) <= set(pl.read_parquet_schema(path)):
            continue  # no validation, or a path without a bet
        known: list[str] = [name for name in (*_BET_COLUMNS, *_MATCH) if name in pl.read_parquet_schema(path)]
        settled = pl.read_parquet(path, columns=known).filter(pl.col("pnl_minor").is_not_null())
        for config, of_config in settled.group_by("config", maintain_order=True):
            bets = with_matches(of_config)
            decided = bets.filter(pl.col("state").is_in(["win", "lose"]))
            hits = decided["pnl_minor"] > 0, decided["close_prob"].fill_null(np.nan), decided["match"]
            if too_many_hits(*hits):
                flagged.add((int(config[0]), "hit_rate"))
            if implausible_yield(bets["pnl_minor"], bets["stake_minor"], bets["match"]):
                flagged.add((int(config[0]), "yield"))
    return pl.DataFrame(sorted(flagged), schema=FLAG_SCHEMA, orient="row")


def best(target: Path, settings: dict[str, Any], unranked: Collection[int] = ()) -> list[int]:
    """Numbers of the first `sweep.top` configurations of the leaderboard; `unranked` ones are listed last."""
    table = pl.scan_parquet(target / RESULTS).select("config", *METRICS)
    leaders = ranked(table, settings["sweep.order"], settings["sweep.top"], unranked, settings["sweep.bets_min"])
    return [int(config) for config in leaders["config"]]


def write_paths(computed: Computed, target: Path, configs: Sequence[int]) -> None:
    """Write bets, days and refusals after the last bet of configurations, each replayed once, in the given order."""
    from engine.backtesting.run import replay

    after = [pl.DataFrame(schema=AFTER_SCHEMA)]
    with TableWriter(target / BETS) as bets, TableWriter(target / DAILY) as days:
        for config in configs:
            item = computed.replayable(config - 1)
            path = replay(item.tape, item.params, item.seed, item.rule)
            number = pl.lit(config, pl.Int64).alias("config")
            bets.add(path.bets.select(number, pl.all()))
            days.add(path.daily.select(number, pl.all()))
            after.append(_after_the_last_bet(path, item.tape).select(number, pl.all()))
    pl.concat(after).write_parquet(target / AFTER)


def _after_the_last_bet(path: ConfigurationPath, tape: Tape) -> pl.DataFrame:
    """How many later opportunities each reason refused: reason, count; all opportunities if there is no bet."""
    rows = pl.DataFrame({"decided_at": tape.decided_at, "reason": path.row_reasons})
    last = path.bets["decided_at"].cast(pl.Int64).max()
    later = rows if last is None else rows.filter(pl.col("decided_at") > last)
    return later.group_by("reason").agg(pl.len().cast(pl.Int64).alias("count")).sort("reason")
