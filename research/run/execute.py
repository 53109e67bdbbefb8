"""From a plan to a run: tapes, units, tables, manifest, report."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import DataError
from engine.kernel.params import Params
from engine.kernel.width import vector_bits
from engine.memory import peak_bytes
from engine.rule import Rule, load
from engine.tape import Tape
from engine.warm import Warming
from research.config import Slow, slow_of
from research.parameters import check, matrix
from research.run.folder import MANIFEST, computing, publish, run_folder, write_json
from research.run.identity import commit, digest, source_hash, versions
from research.run.progress import Progress, seconds
from research.run.record import Run
from research.run.results import BETS, DAILY, RESULTS, TableWriter, order_expressions, ranked, write_results
from research.run.tapes import Rows, Tapes, merged_facts
from research.run.units import Finished, Kept, Unit, compute, cores, cut, in_lanes
from research.sweeps.plan import Plan, describe

Matrix = NDArray[np.float64]

#: of one step (a row of the tape for one configuration) on one core, alone and in lanes, for the estimate alone
_STEP_S: Final = 1.5e-8
_STEP_IN_LANES_S: Final = 1e-9
_CONFIGURATION_S: Final = 3e-5
_TAPE_ROW_BYTES: Final = 420
_BASE_BYTES: Final = 350_000_000


@dataclass
class Command:
    """What was asked for.

    Attributes
    ----------
    kind : str
        ``backtest`` or ``sweep``.
    words : tuple of str
        Overrides as the user wrote them.
    plan : Plan
    progress : Progress
    """

    kind: str
    words: tuple[str, ...]
    plan: Plan
    progress: Progress
    started: float = field(default_factory=time.monotonic)

    @property
    def settings(self) -> dict[str, Any]:
        """Keys of which the command has one value."""
        return self.plan.settings()


@dataclass
class _Job:
    """Everything known before the first unit."""

    command: Command
    tapes: Tapes
    slows: list[Slow]
    rows: list[Rows]
    run: str
    hashes: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    in_lanes: int = 0
    held: tuple[int, Tape] | None = None

    def tape(self, number: int) -> Tape:
        """The tape of that number; the last one stays in memory."""
        if self.held is None or self.held[0] != number:
            self.held = None
            self.held = (number, self.tapes.tape(self.slows[number]))
        return self.held[1]

    def rule(self, number: int) -> Rule | None:
        """The staking rule of the user's own that goes with the tape of that number."""
        path = self.slows[number].rule
        return None if path is None else load(path)


def execute(command: Command) -> Run:
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
        run = Run.open(job.run)
        command.progress.say(f"{describe(plan)}: stored as run {run.short} (force=true computes it again)")
    else:
        with computing(job.run) as work:
            run = _compute(job, work)
    if settings["report"] and not run.report_path.is_file():
        run.render()
    return run


def numbers(plan: Plan, low: int, high: int) -> Matrix:
    """Numbers of the kernel for rows [low, high) of the plan's table, float64 (high - low, P)."""
    bases = {number: branch.base for number, branch in enumerate(plan.branches)}
    axes = {number: frozenset(branch.axes) for number, branch in enumerate(plan.branches)}
    return matrix(plan.table.slice(low, high - low), bases, axes)


def _prepare(command: Command) -> _Job:
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
    return _Job(command, tapes, slows, rows, digest(shared))


def _counted(base: dict[str, Any]) -> dict[str, Any]:
    from research.config import counts

    return {key: value for key, value in base.items() if counts(key)}


def _compute(job: _Job, work: Path) -> Run:
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
    blocks = (_load(kept, unit, job).measures for unit in units)
    write_results(made / RESULTS, plan.table, blocks)
    if command.settings["sweep.days"]:
        _write_days(job, kept, units, made)
    chosen = _chosen(made / RESULTS, command.settings)
    _write_paths(job, made, chosen)
    write_json(made / MANIFEST, _manifest(job, chosen))
    publish(made, job.run)
    return Run.open(job.run)


def _load(kept: Kept, unit: Unit, job: _Job) -> Finished:
    found = kept.load(unit, job.hashes[unit.tape], job.days[unit.tape])
    if found is None:
        raise DataError("a finished unit was lost", where=str(kept.folder / unit.name), todo="repeat the command")
    return found


def _write_days(job: _Job, kept: Kept, units: list[Unit], made: Path) -> None:
    """P&L by day of all configurations: a file a tape, float32 (configurations, days), mapped while it is written."""
    for number, low, high in job.command.plan.tapes():
        shape = (high - low, job.days[number])
        table = np.lib.format.open_memmap(made / f"days-{number}.npy", mode="w+", dtype="<f4", shape=shape)
        for unit in units:
            if unit.tape == number:
                table[unit.low - low : unit.high - low] = _load(kept, unit, job).days
        table.flush()


def _all_units(job: _Job, kept: Kept, warming: Warming) -> list[Unit]:
    """Compute every unit that is not there; tape after tape, one in memory at a time."""
    command, plan = job.command, job.command.plan
    progress, units, total = command.progress, list[Unit](), len(plan)
    try:
        for number, low, high in plan.tapes():
            tape = job.tape(number)
            job.hashes.append(tape.hash)
            job.sizes.append(len(tape))
            job.days.append(len(tape.midnights) if command.settings["sweep.days"] else 0)
            if number == 0:
                warming.wait()
                progress.say(estimate(plan, tape, command.settings["sweep.threads"]))
                progress.begin(command.kind, total)
            mine = cut(number, low, high, len(tape))
            units += mine
            for unit in mine:
                job.in_lanes += in_lanes(tape, *_asked(job, unit))
                if kept.load(unit, tape.hash, job.days[number]) is not None:
                    progress.step(unit.high - unit.low)
                    continue
                kept.save(unit, tape.hash, _measure(job, tape, unit))
    finally:
        progress.end()
    return units


def _asked(job: _Job, unit: Unit) -> tuple[Matrix, NDArray[np.int64]]:
    """Numbers and seeds of the configurations of a unit."""
    plan = job.command.plan
    part = plan.table.slice(unit.low, unit.high - unit.low)
    given = "seed" in part.columns
    seeds = part["seed"].to_numpy() if given else np.full(part.height, job.command.settings["seed"], np.int64)
    return numbers(plan, unit.low, unit.high), seeds


def _measure(job: _Job, tape: Tape, unit: Unit) -> Finished:
    progress, threads = job.command.progress, job.command.settings["sweep.threads"]
    return compute(tape, *_asked(job, unit), threads, progress.step, job.rule(unit.tape), job.days[unit.tape])


def estimate(plan: Plan, tape: Tape, threads: int | None) -> str:
    """First line of a command: how many configurations and tapes, and about how long and how much memory."""
    from engine.blocks import LEAST, fits

    count, n_rows = min(threads or cores(), cores()), len(tape)
    step_s = _STEP_IN_LANES_S if len(plan) >= LEAST and fits(tape) else _STEP_S
    span = len(plan) * (n_rows * step_s + _CONFIGURATION_S) / count
    bytes_ = _BASE_BYTES + n_rows * (_TAPE_ROW_BYTES + 100 * count) + plan.table.estimated_size() * 2
    return (
        f"{describe(plan)} of about {n_rows:,} opportunities: "
        f"about {seconds(max(span, 1.0))} on {count} core{'s' * (count != 1)}, {bytes_ / 1e6:,.0f} MB"
    )


def _chosen(path: Path, settings: dict[str, Any]) -> list[int]:
    best = ranked(pl.scan_parquet(path).select("config", *_measures()), settings["sweep.order"], settings["sweep.top"])
    return [int(number) for number in best["config"]]


def _measures() -> tuple[str, ...]:
    from engine.result import METRICS

    return METRICS


def _write_paths(job: _Job, made: Path, chosen: Sequence[int]) -> None:
    """Bets and days of the chosen configurations, each replayed once, in the order of their rank."""
    from engine.run import replay

    plan, seed = job.command.plan, job.command.settings["seed"]
    with TableWriter(made / BETS) as bets, TableWriter(made / DAILY) as days:
        for config in chosen:
            row = plan.table.row(config - 1, named=True)
            values = Params(*numbers(plan, config - 1, config)[0].tolist())
            path = replay(job.tape(row["tape"]), values, int(row.get("seed", seed)), job.rule(row["tape"]))
            number = pl.lit(config, pl.Int64).alias("config")
            bets.add(path.bets.select(number, pl.all()))
            days.add(path.daily.select(number, pl.all()))


def _manifest(job: _Job, chosen: Sequence[int]) -> dict[str, Any]:
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
                "opportunities": job.sizes[number],
                "first_config": low + 1,
                "last_config": high,
            }
            for number, low, high in spans
        ],
        "rules": sorted({load(slow.rule).hash for slow in job.slows if slow.rule is not None}),
        "code": {"sources": source_hash(), "commit": commit()},
        "versions": versions(),
        "vector_bits": vector_bits(),
        "finished_at": now.isoformat(timespec="seconds"),
        "duration_s": round(time.monotonic() - command.started, 3),
        "peak_memory_bytes": peak_bytes(),
        "notes": facts["notes"],
    }
