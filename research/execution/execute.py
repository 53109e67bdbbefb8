"""Carry out a command: tapes, units, tables, findings, manifest."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.backtesting.precompile import Warming
from engine.files import write_json
from engine.identity import digest
from engine.tape import Tape
from research.cluster.seam import NONE
from research.cluster.target import use
from research.config.code_hash import code_hash
from research.config.kernel_params import check
from research.config.keys import counts
from research.config.tape_spec import TapeSpec, tape_spec_of
from research.execution.estimate import Sofar, estimate, slowness
from research.execution.job import BuiltTape, Command, Computed, Job, TapeJob, TapeShelf, numbers
from research.execution.manifest import manifest_of
from research.execution.no_bets import empty_tapes, no_bets
from research.execution.outputs import (
    best,
    count_trials,
    flags_by_bets,
    tried_alone,
    write_findings,
    write_paths,
    write_price_alone,
)
from research.execution.spread import BLOCK, Spread
from research.execution.units import Unit, UnitFolder, compute, cut, in_lanes
from research.records.folder import MANIFEST, computing, publish, run_folder
from research.records.results import DAILY, RESULTS, order_expressions, write_results
from research.records.run import RunRecord
from research.sweeps.plan import describe
from research.tapes.builder import Tapes, tape_code
from research.tapes.closes import CLOSING, Calibrations, TapeClose, stored
from research.tapes.facts import calendar_of
from research.tapes.fitting import fitted_at
from research.validation.folds import boundaries, merge_calendars
from research.validation.rules import rules_of
from research.verdict.findings import FLAGS


def execute(command: Command) -> RunRecord:
    """Carry a command out, or give the stored run of the same inputs; resumes an interrupted one.

    Raises
    ------
    ConfigurationError, DataError, StoreError
        Before anything is computed, if the configuration or the store is wrong.
    """
    plan, settings = command.plan, command.settings
    use(settings["cluster.target"])
    order_expressions(settings["sweep.order"])
    for _, low, high in plan.tapes():
        for part in range(low, high, 100_000):
            check(numbers(plan, part, min(part + 100_000, high)))
    job = _prepare(command)
    if (run_folder(job.run) / MANIFEST).is_file() and not settings["force"]:
        run = RunRecord.open(job.run)
        command.progress.say(f"{describe(plan)}: stored as run {run.short} (force=true computes it again)")
        return run
    with computing(job.run) as work:
        return _compute(job, work)


def _prepare(command: Command) -> Job:
    plan, tapes = command.plan, Tapes(command.settings["data.memory_mb"])
    specs = [tape_spec_of(plan.flat(low + 1), plan.written(low + 1)) for _, low, _ in plan.tapes()]
    rows = tuple(tapes.rows(spec) for spec in specs)
    jobs = tuple(
        TapeJob(number, low, high, spec, spec_rows.hash)
        for (number, low, high), spec, spec_rows in zip(plan.tapes(), specs, rows, strict=True)
    )
    identity = {
        "kind": command.kind,
        "branches": [_counted(branch.base) | {k: list(v) for k, v in branch.axes.items()} for branch in plan.branches],
        "where": [branch.base.get("sweep.where") for branch in plan.branches],
        "rows": [job.rows_hash for job in jobs],
        "rules": [None if job.rule is None else job.rule.hash for job in jobs],
        "sources": running_code(specs),
    }
    rules = rules_of(command.settings)
    calendars = [calendar_of(spec_rows.calendar) for spec_rows in rows]
    dates = boundaries(merge_calendars(calendars), rules) if rules.enabled else ()
    seasons = {day for calendar in calendars for day in calendar.seasons.values()}
    jobs = tuple(
        replace(job, spec=fitted_at(job.spec, tapes.inputs(job.spec).strategy, dates, rules.refit, seasons))
        for job in jobs
    )
    return Job(command, tapes, jobs, rows, digest(identity), rules, dates)


def running_code(specs: list[TapeSpec]) -> str:
    """Hash of the code that a run's results depend on: this module and all it imports, and the strategies' own."""
    modules, files = list[str | Path]([__name__, BLOCK]), list[Path]()
    for spec in specs:
        more_modules, more_files = tape_code(spec)
        modules, files = modules + more_modules, files + more_files
    return code_hash(sorted(set(modules), key=str), sorted(set(files)))


def _counted(base: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in base.items() if counts(key)}


def _compute(job: Job, work: Path) -> RunRecord:
    command, plan = job.command, job.command.plan
    folder = UnitFolder(work / "units")
    if command.settings["force"]:
        for old in folder.folder.glob("*.unit"):
            old.unlink()
    folder.folder.mkdir(exist_ok=True)
    most: dict[str | None, int] = {}
    for tape_job in job.tape_jobs:
        most[tape_job.spec.rule] = max(most.get(tape_job.spec.rule, 0), tape_job.high - tape_job.low)
    with Warming(command.progress.say, most) as warming:
        if command.settings["cluster.name"] == NONE:
            computed = _compute_units(job, folder, warming)
        else:
            warming.wait()
            computed = Spread(job, work, [running_code([tape_job.spec]) for tape_job in job.tape_jobs]).computed()
    target = work / "made"
    target.mkdir(exist_ok=True)
    write_results(target / RESULTS, plan.table, (computed.result(unit).measures for unit in computed.units))
    write_json(target / CLOSING, stored(computed.closes))
    if command.settings["sweep.days"]:
        _write_days(computed, target)
    if command.kind == "sweep":
        selected, tried = write_findings(computed, target, work)
    else:
        selected = best(target, command.settings)
        write_paths(computed, target, selected)
        daily = pl.read_parquet(target / DAILY)
        tried = tried_alone(daily)
        flags = flags_by_bets(target)
        if flags.height:
            flags.write_parquet(target / FLAGS)
        write_price_alone(computed, target, daily)
    absent = no_bets(computed, target)
    manifest = manifest_of(computed, selected, running_code([tape_job.spec for tape_job in job.tape_jobs]))
    manifest |= {"no_bets": absent, "notes": [*manifest["notes"], *empty_tapes(computed)]}
    write_json(target / MANIFEST, manifest | {"ledger_head": count_trials(computed, manifest, tried)})
    publish(target, job.run)
    return RunRecord.open(job.run)


def _write_days(computed: Computed, target: Path) -> None:
    """P&L by day of all configurations: a file a tape, float32 (configurations, days), mapped while it is written."""
    for number, low, high in computed.job.command.plan.tapes():
        shape = (high - low, computed.built[number].request.n_days)
        table = np.lib.format.open_memmap(target / f"days-{number}.npy", mode="w+", dtype="<f4", shape=shape)
        for unit in computed.units:
            if unit.tape == number:
                table[unit.low - low : unit.high - low] = computed.result(unit).days
        table.flush()


def _compute_units(job: Job, folder: UnitFolder, warming: Warming) -> Computed:
    """Compute every unit that is missing; tape after tape, with one in memory at a time."""
    command, shelf = job.command, TapeShelf(job)
    progress, built, units, walked = command.progress, list[BuiltTape](), list[Unit](), 0
    calibrations, closes = Calibrations(job.tapes, command.settings["data.memory_mb"]), list[TapeClose]()
    try:
        for tape_job in job.tape_jobs:
            began = time.monotonic()
            tape = shelf.tape(tape_job.number)
            tape_s = time.monotonic() - began
            facts = job.look_at(tape_job.number, tape)
            if tape_job.number == 0:
                warming.wait()
                threads = command.settings["sweep.threads"]
                sofar = Sofar(time.monotonic() - command.started, tape_s, slowness())
                progress.say(estimate(command.plan, tape, threads, sofar, assessed=command.kind == "sweep"))
                progress.begin(command.kind, len(command.plan))
            for unit in cut(tape_job.number, tape_job.low, tape_job.high, len(tape)):
                walked += in_lanes(tape, *job.params_of(unit))
                _compute_unit(job, folder, unit, tape, facts)
                units.append(unit)
            built.append(facts)
            rows = numbers(command.plan, tape_job.low, tape_job.high)
            closes.append(TapeClose.of(calibrations.of(tape_job.spec), tape, rows))
    finally:
        progress.end()
    return Computed(job, shelf, tuple(built), tuple(units), folder, walked, tuple(closes))


def _compute_unit(job: Job, folder: UnitFolder, unit: Unit, tape: Tape, facts: BuiltTape) -> None:
    """Compute one unit and keep its result, unless it was kept before."""
    progress, threads = job.command.progress, job.command.settings["sweep.threads"]
    if folder.load(unit, facts.hash, facts.request) is not None:
        progress.step(unit.high - unit.low)
        return
    folder.discard(unit)
    rule = job.tape_jobs[unit.tape].rule
    result = compute(tape, *job.params_of(unit), threads, progress.step, rule, facts.request)
    folder.save(unit, facts.hash, facts.request, result)
