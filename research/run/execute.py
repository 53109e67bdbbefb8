"""From a plan to a run: tapes, units, tables, manifest, report."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from research.luck.effective import effective_trials
from research.luck.superiority import Resampled
from research.parameters import check, matrix
from research.run.estimate import estimate
from research.run.facts import merged_facts
from research.run.findings import FLAGS
from research.run.fitted import fitted_at
from research.run.flags import by_hits, by_measures
from research.run.folder import MANIFEST, computing, publish, run_folder, write_json
from research.run.identity import commit, digest, source_hash, versions
from research.run.judging import Span, Subject, judged, series_of
from research.run.progress import Progress
from research.run.record import Run
from research.run.results import BETS, DAILY, RESULTS, TableWriter, order_expressions, ranked, write_results
from research.run.stitched import Chosen
from research.run.tapes import Rows, Tapes, strategy_of
from research.run.trials_of import hashes
from research.run.units import Asked, Finished, Kept, Unit, compute, cut, in_lanes
from research.slow import Slow, slow_of
from research.sweeps.plan import Plan, describe
from research.trials import EventSet, Ledger
from research.validation.folds import Calendar, Cuts, borders, cuts_of, first_date, joined
from research.validation.rules import Rules, rules_of

Matrix = NDArray[np.float64]


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
    rules: Rules
    dates: tuple[dt.date, ...]
    hashes: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    event_sets: list[EventSet] = field(default_factory=list)
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
    rules = rules_of(command.settings)
    dates = borders(joined([_calendar(one) for one in rows]), rules) if rules.on else ()
    slows = [fitted_at(slow, strategy_of(slow), dates) for slow in slows]
    return _Job(command, tapes, slows, rows, digest(shared), rules, dates)


def _calendar(rows: Rows) -> Calendar:
    day = dt.date.fromisoformat
    events = {day(text): count for text, count in rows.calendar["events"].items()}
    return Calendar(events, {season: day(text) for season, text in rows.calendar["seasons"].items()})


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
    chosen, weighed = _chosen(made / RESULTS, command.settings), None
    if command.kind == "sweep":
        command.progress.say(f"weighing {len(plan):,} configurations against luck")
        found = judged(_subject(job, (_with_bankroll(job, unit, kept) for unit in units), chosen[0] - 1, work))
        found.write(made)
        weighed, picked = found.weighed.resamples, found.findings.picked
        flags = by_measures(made, weighed)
        best = _chosen(made / RESULTS, command.settings, flags["config"].unique().to_list())
        chosen = best if picked is None else [picked, *(one for one in best if one != picked)]
    _write_paths(job, made, chosen)
    if weighed is not None:
        pl.concat([flags, by_hits(made)]).write_parquet(made / FLAGS)
    manifest = _manifest(job, chosen)
    _count_trials(job, manifest, weighed)
    write_json(made / MANIFEST, manifest)
    publish(made, job.run)
    return Run.open(job.run)


def _with_bankroll(job: _Job, unit: Unit, kept: Kept) -> tuple[Unit, Finished, NDArray[np.float64]]:
    bankroll = numbers(job.command.plan, unit.low, unit.high)[:, Params._fields.index("bankroll_minor")]
    return unit, _load(kept, unit, job), bankroll


def _subject(job: _Job, units: Iterator[tuple[Unit, Finished, NDArray[np.float64]]], best: int, work: Path) -> Subject:
    plan = job.command.plan
    return Subject(
        rules=job.rules,
        dates=job.dates,
        series=series_of(job.spans, units, len(plan), work / "returns.npy"),
        chosen=lambda row: _replayable(job, row),
        purged_days=max(span.cuts.purged for span in job.spans),
        bankroll_minor=float(numbers(plan, best, best + 1)[0, Params._fields.index("bankroll_minor")]),
        best=best,
        seed=int(job.command.settings["seed"]),
    )


def _replayable(job: _Job, row: int) -> Chosen:
    """A configuration, ready to be replayed."""
    plan, seed = job.command.plan, job.command.settings["seed"]
    one = plan.table.row(row, named=True)
    tape, params = one["tape"], Params(*numbers(plan, row, row + 1)[0].tolist())
    return Chosen(job.tape(tape), job.spans[tape].cuts, params, int(one.get("seed", seed)), job.rule(tape))


def _count_trials(job: _Job, manifest: dict[str, Any], weighed: Resampled | None) -> None:
    """Write the configurations into the trial ledger, those of one set of events together; of simulated data none."""
    if set(manifest["data"]["sources"]) <= {"simulator"}:
        return
    every, ledger, plan = hashes(job.command.plan), Ledger(), job.command.plan
    numbers_of = plan.table["tape"].to_numpy()
    for own in {one.hash: one for one in job.event_sets if one.events}.values():
        tapes = [number for number, one in enumerate(job.event_sets) if one.hash == own.hash]
        mine = np.isin(numbers_of, tapes)
        theirs = [every[row] for row in np.flatnonzero(mine)]
        fresh = np.zeros(len(plan), np.bool_)
        fresh[mine] = ledger.fresh(theirs, own)
        effective = float(fresh.sum()) if weighed is None else effective_trials(weighed, fresh)
        ledger.record(
            theirs,
            own,
            run=job.run,
            finished_at=manifest["finished_at"],
            command=shlex.join(manifest["command"]),
            effective=effective,
        )


def _load(kept: Kept, unit: Unit, job: _Job) -> Finished:
    found = kept.load(unit, job.hashes[unit.tape], job.asked[unit.tape])
    if found is None:
        raise DataError("a finished unit was lost", where=str(kept.folder / unit.name), todo="repeat the command")
    return found


def _write_days(job: _Job, kept: Kept, units: list[Unit], made: Path) -> None:
    """P&L by day of all configurations: a file a tape, float32 (configurations, days), mapped while it is written."""
    for number, low, high in job.command.plan.tapes():
        shape = (high - low, job.asked[number].n_days)
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
            _look_at(job, tape)
            if number == 0:
                warming.wait()
                progress.say(estimate(plan, tape, command.settings["sweep.threads"]))
                progress.begin(command.kind, total)
            mine = cut(number, low, high, len(tape))
            units += mine
            for unit in mine:
                job.in_lanes += in_lanes(tape, *_asked(job, unit))
                if kept.load(unit, tape.hash, job.asked[number]) is not None:
                    progress.step(unit.high - unit.low)
                    continue
                kept.save(unit, tape.hash, job.asked[number], _measure(job, tape, unit))
    finally:
        progress.end()
    return units


def _look_at(job: _Job, tape: Tape) -> None:
    """Note what is asked of the days of a tape, and which events it holds."""
    facts = job.rows[len(job.spans)].facts
    n_days = len(tape.midnights) if job.command.kind == "sweep" else 0
    cuts = cuts_of(tape, job.dates, job.rules.embargo_days) if job.rules.on else Cuts(np.empty((0, 4), np.int64))
    job.asked.append(Asked(n_days, cuts.days.ravel()))
    job.spans.append(Span(first_date(tape), n_days, cuts))
    ids = tape.events["event_id"].to_numpy()
    job.event_sets.append(EventSet.of_hashes(ids, facts["first_date"], facts["last_date"], facts["sources"]))


def _asked(job: _Job, unit: Unit) -> tuple[Matrix, NDArray[np.int64]]:
    """Numbers and seeds of the configurations of a unit."""
    plan = job.command.plan
    part = plan.table.slice(unit.low, unit.high - unit.low)
    given = "seed" in part.columns
    seeds = part["seed"].to_numpy() if given else np.full(part.height, job.command.settings["seed"], np.int64)
    return numbers(plan, unit.low, unit.high), seeds


def _measure(job: _Job, tape: Tape, unit: Unit) -> Finished:
    progress, threads = job.command.progress, job.command.settings["sweep.threads"]
    return compute(tape, *_asked(job, unit), threads, progress.step, job.rule(unit.tape), job.asked[unit.tape])


def _chosen(path: Path, settings: dict[str, Any], unranked: Collection[int] = ()) -> list[int]:
    table = pl.scan_parquet(path).select("config", *_measures())
    best = ranked(table, settings["sweep.order"], settings["sweep.top"], unranked)
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
