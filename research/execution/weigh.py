"""A sweep weighed against luck: its findings, its flags, its trials in the ledger."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.backtesting.measures import METRICS
from engine.kernel.params import Params
from research.execution.assess import Subject, judged, series_of
from research.execution.job import Finished, Job, Kept, Matrix, Unit, numbers
from research.inference.effective_trials import effective_trials
from research.inference.superiority import Resampled
from research.records.results import BETS, DAILY, RESULTS, TableWriter, ranked
from research.records.trial_hashes import hashes
from research.records.trials import Ledger
from research.sweeps.plan import describe
from research.verdict.findings import FLAGS, PATH_BETS, SCHEMA
from research.verdict.plausibility import Measured, implausible, too_many_hits

_BANKROLL: Final = Params._fields.index("bankroll_minor")


def weigh(job: Job, kept: Kept, units: Sequence[Unit], folders: tuple[Path, Path]) -> tuple[list[int], Resampled]:
    """Write findings and flags of a sweep whose units are finished.

    Parameters
    ----------
    job : Job
    kept : Kept
    units : sequence of Unit
    folders : tuple of Path
        Where the run is made, its results written; where it is worked on.

    Returns
    -------
    list of int, Resampled
        Numbers of the configurations to be stored: the judged one, then the best; and what was drawn.
    """
    made, work = folders
    plan, settings = job.command.plan, job.command.settings
    job.command.progress.say(f"weighing {describe(plan)} against luck")
    leader = best(made, settings)[0] - 1
    found = judged(
        Subject(
            rules=job.rules,
            dates=job.dates,
            series=series_of(job.spans, _with_bankrolls(job, kept, units), len(plan), work),
            chosen=job.chosen,
            purged_days=max(span.cuts.purged for span in job.spans),
            bankroll_minor=float(numbers(plan, leader, leader + 1)[0, _BANKROLL]),
            best=leader,
            seed=int(settings["seed"]),
        )
    )
    found.write(made)
    drawn, picked = found.weighed.resamples, found.findings.picked
    flags = by_measures(made, drawn)
    flags.write_parquet(made / FLAGS)
    ranked = best(made, settings, flags["config"].unique().to_list())
    return (ranked if picked is None else [picked, *(one for one in ranked if one != picked)]), drawn


def flag_hits(made: Path) -> None:
    """Add the flags that the stored bets give to those of the measures."""
    pl.concat([pl.read_parquet(made / FLAGS), by_hits(made)]).write_parquet(made / FLAGS)


def count_trials(job: Job, manifest: dict[str, Any], drawn: Resampled | None) -> None:
    """Write the configurations into the trial ledger, those of one set of events together; of simulated data none.

    Parameters
    ----------
    job : Job
    manifest : dict
    drawn : Resampled or None
        None: a backtest, which is one trial.
    """
    if set(manifest["data"]["sources"]) <= {"simulator"}:
        return
    every, ledger, plan = hashes(job.command.plan), Ledger(), job.command.plan
    tape_of = plan.table["tape"].to_numpy()
    for own in {one.hash: one for one in job.event_sets if one.events}.values():
        tapes = [number for number, one in enumerate(job.event_sets) if one.hash == own.hash]
        mine = np.isin(tape_of, tapes)
        theirs = [every[row] for row in np.flatnonzero(mine)]
        fresh = np.zeros(len(plan), np.bool_)
        fresh[mine] = ledger.fresh(theirs, own)
        ledger.record(
            theirs,
            own,
            run=job.run,
            finished_at=manifest["finished_at"],
            command=shlex.join(manifest["command"]),
            effective=float(fresh.sum()) if drawn is None else effective_trials(drawn, fresh),
        )


def _with_bankrolls(job: Job, kept: Kept, units: Sequence[Unit]) -> Iterator[tuple[Unit, Finished, Matrix]]:
    for unit in units:
        yield unit, job.finished(kept, unit), numbers(job.command.plan, unit.low, unit.high)[:, _BANKROLL]


_MEASURES: Final = ("n_bets", "yield", "clv_mean", "clv_n")


def by_measures(made: Path, of: Resampled) -> pl.DataFrame:
    """Flags of all configurations by yield, Sharpe ratio and closing line value: config, flag."""
    table = pl.read_parquet(made / RESULTS, columns=["config", *_MEASURES])
    columns = (table[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _MEASURES)
    found = implausible(Measured(*columns), of)
    parts = [table.filter(pl.Series(flagged)).select("config", flag=pl.lit(kind)) for kind, flagged in found.items()]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *parts])


def by_hits(made: Path) -> pl.DataFrame:
    """Flags by hits against fair closing odds, of the stored configurations and of those on the path: config, flag."""
    columns = ["config", "event_id", "state", "pnl_minor", "close_prob"]
    flagged = set[int]()
    for path in (made / BETS, made / PATH_BETS):
        if not path.is_file() or not set(columns) <= set(pl.read_parquet_schema(path)):
            continue  # nothing was validated, or the path placed no bet
        decided = pl.read_parquet(path, columns=columns).filter(pl.col("state").is_in(["win", "lose"]))
        flagged |= {
            int(number[0])
            for number, mine in decided.group_by("config", maintain_order=True)
            if too_many_hits(mine["pnl_minor"] > 0, mine["close_prob"].fill_null(np.nan), mine["event_id"])
        }
    return pl.DataFrame({"config": sorted(flagged), "flag": ["hit_rate"] * len(flagged)}, schema=SCHEMA)


def best(made: Path, settings: dict[str, Any], unranked: Collection[int] = ()) -> list[int]:
    """Numbers of the first `sweep.top` configurations of the leaderboard; `unranked` ones stand last."""
    table = pl.scan_parquet(made / RESULTS).select("config", *METRICS)
    found = ranked(table, settings["sweep.order"], settings["sweep.top"], unranked)
    return [int(number) for number in found["config"]]


def write_paths(job: Job, made: Path, configs: Sequence[int]) -> None:
    """Bets and days of configurations, each replayed once, in the order given."""
    from engine.backtesting.run import replay

    with TableWriter(made / BETS) as bets, TableWriter(made / DAILY) as days:
        for config in configs:
            one = job.chosen(config - 1)
            path = replay(one.tape, one.params, one.seed, one.rule)
            number = pl.lit(config, pl.Int64).alias("config")
            bets.add(path.bets.select(number, pl.all()))
            days.add(path.daily.select(number, pl.all()))
