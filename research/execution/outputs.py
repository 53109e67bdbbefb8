"""What a run stores beside its results: findings, flags, paths of selected configurations, entries of the ledger."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.backtesting.measures import METRICS
from engine.kernel.params import Params
from research.execution.assess import FinishedSweep, assess_sweep, series_of
from research.execution.job import Computed, Matrix, numbers
from research.execution.units import Unit, UnitResult
from research.inference.effective_trials import effective_trials
from research.inference.superiority import BootstrapMoments
from research.records.results import BETS, DAILY, RESULTS, TableWriter, ranked
from research.records.trial_hashes import hashes
from research.records.trials import Ledger
from research.sweeps.plan import describe
from research.verdict.findings import FLAG_SCHEMA, FLAGS, PATH_BETS
from research.verdict.plausibility import SweepMeasures, implausible_flags, too_many_hits

_BANKROLL: Final = Params._fields.index("bankroll_minor")
_MEASURES: Final = ("n_bets", "yield", "clv_mean", "clv_n")


def write_findings(computed: Computed, target: Path, work: Path) -> tuple[list[int], BootstrapMoments]:
    """Test a finished sweep against luck and write its findings and flags.

    Parameters
    ----------
    computed : Computed
    target : Path
        Folder of the run, with its results.
    work : Path
        Folder for large arrays that are mapped to files.

    Returns
    -------
    list of int, BootstrapMoments
        Configurations whose paths are to be stored, the selected one first, then the best; and the resamples.
    """
    job = computed.job
    plan, settings = job.command.plan, job.command.settings
    job.command.progress.say(f"testing {describe(plan)} against luck")
    leader = best(target, settings)[0] - 1
    spans = [built.span for built in computed.built]
    result = assess_sweep(
        FinishedSweep(
            rules=job.rules,
            dates=job.dates,
            series=series_of(spans, _with_bankrolls(computed), len(plan), work),
            configuration_of=computed.replayable,
            purged_days=max(span.cuts.purged for span in spans),
            bankroll_minor=float(numbers(plan, leader, leader + 1)[0, _BANKROLL]),
            best=leader,
            seed=int(settings["seed"]),
        )
    )
    result.write(target)
    resamples, selected = result.assessment.bootstrap, result.findings.selected
    flags = flags_by_measures(target, resamples)
    flags.write_parquet(target / FLAGS)
    leaders = best(target, settings, flags["config"].unique().to_list())
    if selected is None:
        return leaders, resamples
    return [selected, *(config for config in leaders if config != selected)], resamples


def flag_hits(target: Path) -> None:
    """Add the flags that the stored bets give to those of the measures."""
    pl.concat([pl.read_parquet(target / FLAGS), flags_by_hits(target)]).write_parquet(target / FLAGS)


def count_trials(computed: Computed, manifest: dict[str, Any], resamples: BootstrapMoments | None) -> None:
    """Enter the configurations in the trial ledger, one entry a set of events; simulated data are not counted.

    Parameters
    ----------
    computed : Computed
    manifest : dict
    resamples : BootstrapMoments or None
        Of the sweep's daily returns; None: a backtest, which is one trial.
    """
    if set(manifest["data"]["sources"]) <= {"simulator"}:
        return
    plan, ledger = computed.job.command.plan, Ledger()
    every, tape_of = hashes(plan), plan.table["tape"].to_numpy()
    event_sets = [built.events for built in computed.built]
    for events in {event_set.hash: event_set for event_set in event_sets if event_set.events}.values():
        tapes = [number for number, event_set in enumerate(event_sets) if event_set.hash == events.hash]
        on_events = np.isin(tape_of, tapes)
        trials = [every[row] for row in np.flatnonzero(on_events)]
        fresh = np.zeros(len(plan), np.bool_)
        fresh[on_events] = ledger.fresh(trials, events)
        ledger.record(
            trials,
            events,
            run=computed.job.run,
            finished_at=manifest["finished_at"],
            command=shlex.join(manifest["command"]),
            effective=float(fresh.sum()) if resamples is None else effective_trials(resamples, fresh),
        )


def _with_bankrolls(computed: Computed) -> Iterator[tuple[Unit, UnitResult, Matrix]]:
    plan = computed.job.command.plan
    for unit in computed.units:
        yield unit, computed.result(unit), numbers(plan, unit.low, unit.high)[:, _BANKROLL]


def flags_by_measures(target: Path, resamples: BootstrapMoments) -> pl.DataFrame:
    """Flags of all configurations by yield, Sharpe ratio and closing line value: config, flag."""
    table = pl.read_parquet(target / RESULTS, columns=["config", *_MEASURES])
    columns = (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _MEASURES)
    flagged = implausible_flags(SweepMeasures(*columns), resamples)
    parts = [table.filter(pl.Series(rows)).select("config", flag=pl.lit(kind)) for kind, rows in flagged.items()]
    return pl.concat([pl.DataFrame(schema=FLAG_SCHEMA), *parts])


def flags_by_hits(target: Path) -> pl.DataFrame:
    """Flags by hits against fair closing odds, of the stored configurations and of the stitched path: config, flag."""
    columns = ["config", "event_id", "state", "pnl_minor", "close_prob"]
    flagged = set[int]()
    for path in (target / BETS, target / PATH_BETS):
        if not path.is_file() or not set(columns) <= set(pl.read_parquet_schema(path)):
            continue  # no validation, or a path without a bet
        decided = pl.read_parquet(path, columns=columns).filter(pl.col("state").is_in(["win", "lose"]))
        flagged |= {
            int(config[0])
            for config, bets in decided.group_by("config", maintain_order=True)
            if too_many_hits(bets["pnl_minor"] > 0, bets["close_prob"].fill_null(np.nan), bets["event_id"])
        }
    return pl.DataFrame({"config": sorted(flagged), "flag": ["hit_rate"] * len(flagged)}, schema=FLAG_SCHEMA)


def best(target: Path, settings: dict[str, Any], unranked: Collection[int] = ()) -> list[int]:
    """Numbers of the first `sweep.top` configurations of the leaderboard; `unranked` ones are listed last."""
    table = pl.scan_parquet(target / RESULTS).select("config", *METRICS)
    leaders = ranked(table, settings["sweep.order"], settings["sweep.top"], unranked)
    return [int(config) for config in leaders["config"]]


def write_paths(computed: Computed, target: Path, configs: Sequence[int]) -> None:
    """Bets and days of configurations, each replayed once, in the given order."""
    from engine.backtesting.run import replay

    with TableWriter(target / BETS) as bets, TableWriter(target / DAILY) as days:
        for config in configs:
            item = computed.replayable(config - 1)
            path = replay(item.tape, item.params, item.seed, item.rule)
            number = pl.lit(config, pl.Int64).alias("config")
            bets.add(path.bets.select(number, pl.all()))
            days.add(path.daily.select(number, pl.all()))
