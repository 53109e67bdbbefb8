"""A sweep weighed against luck: its findings, its flags, its trials in the ledger."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from engine.kernel.params import Params
from research.luck.effective import effective_trials
from research.luck.superiority import Resampled
from research.run.findings import FLAGS
from research.run.flags import by_hits, by_measures
from research.run.job import Job, Matrix, numbers
from research.run.judging import Subject, judged, series_of
from research.run.paths import best
from research.run.trials_of import hashes
from research.run.units import Finished, Kept, Unit
from research.sweeps.plan import describe
from research.trials import Ledger

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
