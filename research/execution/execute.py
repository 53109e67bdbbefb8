"""From a plan to a run: tapes, units, tables, manifest, report."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.backtesting.precompile import Warming
from engine.custom_rule import load
from engine.files import write_json
from engine.identity import digest, source_hash
from engine.kernel.width import vector_bits
from engine.machine import cores, peak_bytes
from engine.tape import Tape
from research.config.kernel_params import check
from research.config.tape_spec import slow_of
from research.execution.job import Asked, Command, Finished, Job, Kept, Span, Unit, compute, cut, in_lanes, numbers
from research.execution.progress import seconds
from research.execution.weigh import best, count_trials, flag_hits, weigh, write_paths
from research.records.folder import MANIFEST, computing, publish, run_folder
from research.records.identity import commit, versions
from research.records.results import RESULTS, order_expressions, write_results
from research.records.run import RunRecord
from research.records.trials import EventSet
from research.sweeps.plan import Plan, describe
from research.tapes.builder import Tapes, strategy_of
from research.tapes.facts import calendar_of, merged_facts
from research.tapes.fitting import fitted_at
from research.validation.folds import Cuts, borders, cuts_of, first_date, joined
from research.validation.rules import rules_of


def execute(command: Command) -> RunRecord:
    """Carry a command out, or give the stored run of the same inputs; resumes what was interrupted.

    Raises
    ------
    ConfigurationError, DataError, StoreError
        Before anything is computed where configuration or store are wrong.
    """
    plan, settings = command.plan, command.settings
    order_expressions(settings["sweep.order"])
    for _, low, high in plan.tapes():
        for part in range(low, high, 100_000):
            check(numbers(plan, part, min(part + 100_000, high)))
    job = _prepare(command)
    if (run_folder(job.run) / MANIFEST).is_file() and not settings["force"]:
        run = RunRecord.open(job.run)
        command.progress.say(f"{describe(plan)}: stored as run {run.short} (force=true computes it again)")
    else:
        with computing(job.run) as work:
            run = _compute(job, work)
    return run


def _prepare(command: Command) -> Job:
    plan, tapes = command.plan, Tapes(command.settings["data.memory_mb"])
    slows = [slow_of(plan.flat(low + 1)) for _, low, _ in plan.tapes()]
    rows = [tapes.rows(slow) for slow in slows]
    shared = {
        "kind": command.kind,
        "branches": [_counted(branch.base) | {k: list(v) for k, v in branch.axes.items()} for branch in plan.branches],
        "where": [branch.base.get("sweep.where") for branch in plan.branches],
        "rows": [one.hash for one in rows],
        "rules": [None if slow.rule is None else load(slow.rule).hash for slow in slows],
        "sources": source_hash(),
    }
    rules = rules_of(command.settings)
    dates = borders(joined([calendar_of(one.calendar) for one in rows]), rules) if rules.on else ()
    slows = [fitted_at(slow, strategy_of(slow), dates) for slow in slows]
    return Job(command, tapes, slows, rows, digest(shared), rules, dates)


def _counted(base: dict[str, Any]) -> dict[str, Any]:
    from research.config.keys import counts

    return {key: value for key, value in base.items() if counts(key)}


def _compute(job: Job, work: Path) -> RunRecord:
    command, plan = job.command, job.command.plan
    if command.settings["force"]:
        for old in (work / "units").glob("*.unit"):
            old.unlink()
    kept = Kept(work / "units")
    kept.folder.mkdir(exist_ok=True)
    with Warming(command.progress.say, [slow.rule for slow in job.slows]) as warming:
        units = _all_units(job, kept, warming)
    made = work / "made"
    made.mkdir(exist_ok=True)
    write_results(made / RESULTS, plan.table, (job.finished(kept, unit).measures for unit in units))
    if command.settings["sweep.days"]:
        _write_days(job, kept, units, made)
    drawn = None
    if command.kind == "sweep":
        chosen, drawn = weigh(job, kept, units, (made, work))
    else:
        chosen = best(made, command.settings)
    write_paths(job, made, chosen)
    if drawn is not None:
        flag_hits(made)
    manifest = _manifest(job, chosen)
    count_trials(job, manifest, drawn)
    write_json(made / MANIFEST, manifest)
    publish(made, job.run)
    return RunRecord.open(job.run)


def _write_days(job: Job, kept: Kept, units: list[Unit], made: Path) -> None:
    """P&L by day of all configurations: a file a tape, float32 (configurations, days), mapped while it is written."""
    for number, low, high in job.command.plan.tapes():
        shape = (high - low, job.asked[number].n_days)
        table = np.lib.format.open_memmap(made / f"days-{number}.npy", mode="w+", dtype="<f4", shape=shape)
        for unit in units:
            if unit.tape == number:
                table[unit.low - low : unit.high - low] = job.finished(kept, unit).days
        table.flush()


def _all_units(job: Job, kept: Kept, warming: Warming) -> list[Unit]:
    """Compute every unit that is not there; tape after tape, one in memory at a time."""
    command, plan = job.command, job.command.plan
    progress, units, total = command.progress, list[Unit](), len(plan)
    try:
        for number, low, high in plan.tapes():
            tape = job.tape(number)
            job.hashes.append(tape.hash)
            job.sizes.append(len(tape))
            _look_at(job, tape)
            if number == 0:
                warming.wait()
                threads = command.settings["sweep.threads"]
                progress.say(estimate(plan, tape, threads, weighed=command.kind == "sweep"))
                progress.begin(command.kind, total)
            mine = cut(number, low, high, len(tape))
            units += mine
            for unit in mine:
                job.in_lanes += in_lanes(tape, *job.asked_of(unit))
                if kept.load(unit, tape.hash, job.asked[number]) is not None:
                    progress.step(unit.high - unit.low)
                    continue
                kept.save(unit, tape.hash, job.asked[number], _measure(job, tape, unit))
    finally:
        progress.end()
    return units


def _look_at(job: Job, tape: Tape) -> None:
    """Note what is asked of the days of a tape, and which events it holds."""
    facts = job.rows[len(job.spans)].facts
    n_days = len(tape.midnights) if job.command.kind == "sweep" else 0
    cuts = cuts_of(tape, job.dates, job.rules.embargo_days) if job.rules.on else Cuts(np.empty((0, 5), np.int64))
    job.asked.append(Asked(n_days, cuts.days.ravel()))
    job.spans.append(Span(first_date(tape), n_days, cuts))
    ids = tape.events["event_id"].to_numpy()
    job.event_sets.append(EventSet.of_hashes(ids, facts["first_date"], facts["last_date"], facts["sources"]))


def _measure(job: Job, tape: Tape, unit: Unit) -> Finished:
    progress, threads = job.command.progress, job.command.settings["sweep.threads"]
    return compute(tape, *job.asked_of(unit), threads, progress.step, job.rule(unit.tape), job.asked[unit.tape])


def _manifest(job: Job, chosen: Sequence[int]) -> dict[str, Any]:
    command, plan, now = job.command, job.command.plan, dt.datetime.now(dt.UTC)
    facts = merged_facts([one.facts for one in job.rows])
    spans = plan.tapes()
    return {
        "run": job.run,
        "kind": command.kind,
        "command": ["bea", command.kind, *command.words],
        "seed": command.settings["seed"],
        "keys": plan.keys,
        "json_columns": list(plan.json_columns),
        "branches": [
            {"base": b.base, "axes": {k: list(v) for k, v in b.axes.items()}, "choices": b.choices}
            for b in plan.branches
        ],
        "counts": {
            "configurations": len(plan),
            "dropped": plan.dropped,
            "tapes": len(spans),
            "in_lanes": job.in_lanes,
        },
        "order": command.settings["sweep.order"],
        "chosen": list(chosen),
        "data": {"hash": digest(sorted({one.hash for one in job.rows})), "store": job.slows[0].store, **facts},
        "tapes": [
            {
                "tape": number,
                "hash": job.hashes[number],
                "rows_hash": job.rows[number].hash,
                "fit_at": list(job.slows[number].fit_at),
                "made_of": job.tapes.made_of(job.slows[number]),
                "opportunities": job.sizes[number],
                "first_config": low + 1,
                "last_config": high,
            }
            for number, low, high in spans
        ],
        "event_sets": sorted({one.hash.hex() for one in job.event_sets}),
        "rules": sorted({load(slow.rule).hash for slow in job.slows if slow.rule is not None}),
        "code": {"sources": source_hash(), "commit": commit()},
        "versions": versions(),
        "vector_bits": vector_bits(),
        "finished_at": now.isoformat(timespec="seconds"),
        "duration_s": round(time.monotonic() - command.started, 3),
        "peak_memory_bytes": peak_bytes(),
        "notes": facts["notes"],
    }


#: of one step (a row of the tape for one configuration) on one core, alone and in lanes, for the estimate alone
_STEP_S: Final = 1.5e-8
_STEP_IN_LANES_S: Final = 1e-9
_CONFIGURATION_S: Final = 3e-5
_TAPE_ROW_BYTES: Final = 420
_BASE_BYTES: Final = 350_000_000
#: of one day of one configuration that is weighed, and of one configuration; beyond the most it stands in a file
_WEIGHED_DAY_S: Final = 2.4e-7
_WEIGHED_S: Final = 2.0
_WEIGHED_BYTES: Final = 8_000
_WEIGHED_MOST_BYTES: Final = 1_200_000_000


def estimate(plan: Plan, tape: Tape, threads: int | None, *, weighed: bool) -> str:
    """First line of a command: how many configurations and tapes, and about how long and how much memory."""
    from engine.backtesting.plan import LEAST, fits

    count, n_rows = min(threads or cores(), cores()), len(tape)
    step_s = _STEP_IN_LANES_S if len(plan) >= LEAST and fits(tape) else _STEP_S
    span = len(plan) * (n_rows * step_s + _CONFIGURATION_S) / count
    bytes_ = _BASE_BYTES + n_rows * (_TAPE_ROW_BYTES + 100 * count) + plan.table.estimated_size() * 2
    if weighed:
        span += _WEIGHED_S + len(plan) * len(tape.midnights) * _WEIGHED_DAY_S / count
        bytes_ += min(len(plan) * _WEIGHED_BYTES, _WEIGHED_MOST_BYTES)
    return (
        f"{describe(plan)} of about {n_rows:,} opportunities: "
        f"about {seconds(max(span, 1.0))} on {count} core{'s' * (count != 1)}, {bytes_ / 1e6:,.0f} MB"
    )
