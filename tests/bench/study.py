"""The measurements: equal work against the peers, our sweep by size, the twin, the budget, the sweep command."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.contender import CONTENDERS, OURS, SWEEP_COMMAND, TWIN, Contender
from tests.bench.data import Job
from tests.bench.environment import Unavailable, default_folder, peers_python
from tests.bench.measure import TOLERANCE, Timing, Worker, difference, interleave, worker

Row = dict[str, Any]

#: configurations of our sweep that is compared with the peers on the same tape
SWEPT = 1_000
#: steps of our sweeps; longer ones are measured only on all threads
_MOST_STEPS_ON_ONE_THREAD = 100_000_000
#: rows of our sweeps; longer tapes take minutes to make and are measured only with the most configurations
_MOST_ROWS_OF_EVERY_COUNT = 1_000_000


@dataclass(frozen=True)
class Plan:
    """The options of the command line.

    Attributes
    ----------
    sizes : tuple of int
        Rows of the tapes.
    counts : tuple of int
        Configurations of our sweeps.
    repeat, threads : int
    peers : tuple of str
        Names of the contenders that are compared.
    folder : pathlib.Path
        Where jobs are written. It may be removed afterwards.
    environment : pathlib.Path or None
        Environment of the peers, or None for the default folder.
    say : callable
        Called with a line about each step.
    """

    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    repeat: int
    threads: int
    peers: tuple[str, ...]
    folder: Path
    environment: Path | None
    say: Callable[[str], None]

    @property
    def selected(self) -> list[Contender]:
        """The contenders that are compared."""
        return [contender for contender in CONTENDERS if contender.name in self.peers]


def equal_work(plan: Plan) -> list[Row]:
    """One row per contender and size: its time, ours on the same job, the ratios, and whether the results agree."""
    python, reason = None, ""
    if any(contender.peer for contender in plan.selected):
        try:
            python = peers_python(plan.environment or default_folder())
        except Unavailable as error:
            reason = f"not installed: {error}"
    rows = []
    for size in plan.sizes:
        if any(contender.job(size) for contender in plan.selected) or size == min(plan.sizes):
            plan.say(f"equal work, {size:,} rows")
            rows += _equal_work_of(plan, size, python, reason)
    return rows


def _equal_work_of(plan: Plan, size: int, python: Path | None, reason: str) -> list[Row]:
    threads = sorted({1, plan.threads})
    with ExitStack() as stack:
        ours = {count: stack.enter_context(worker(sys.executable, OURS, count)) for count in threads}
        swept = {count: Timing(ours[count], Job(size, SWEPT)) for count in threads}
        timings, rows, theirs, same = list(swept.values()), [], {}, {}
        for contender in plan.selected:
            job, where = contender.job(size), python if contender.peer else sys.executable
            row: Row = {"contender": contender.name, "title": contender.title, "rows": size, "reason": None}
            rows.append(row)
            if job is None or where is None:
                row["reason"] = contender.slow if job is None else reason
                continue
            theirs[contender.name] = Timing(stack.enter_context(worker(where, contender.file, 1)), job)
            same[contender.name] = {count: Timing(ours[count], job) for count in threads}
            timings += [theirs[contender.name], *same[contender.name].values()]
        interleave(timings, plan.folder, plan.repeat)
        for row in rows:
            if row["contender"] in theirs:
                row |= _compared(theirs[row["contender"]], same[row["contender"]], swept)
    return rows


def _compared(theirs: Timing, same: dict[int, Timing], swept: dict[int, Timing]) -> Row:
    ours = (*same.values(), *swept.values())
    failure = theirs.failure or next((timing.failure for timing in ours if timing.failure), None)
    if failure:
        return {"reason": failure}
    most = max(same)
    gap = difference(theirs, same[1])
    return {
        "configurations": theirs.job.count,
        "repetitions": len(theirs.seconds),
        "seconds": theirs.median,
        "seconds_fastest": min(theirs.seconds),
        "seconds_slowest": max(theirs.seconds),
        "ns_per_step": theirs.ns_per_step,
        "peak_bytes": theirs.peak_bytes,
        "ours_seconds_one_thread": same[1].median,
        "ours_seconds": same[most].median,
        "ratio_same_job_one_thread": theirs.median / same[1].median,
        "ratio_same_job": theirs.median / same[most].median,
        "ratio_in_a_sweep_one_thread": theirs.ns_per_step / swept[1].ns_per_step,
        "ratio_in_a_sweep": theirs.ns_per_step / swept[most].ns_per_step,
        "difference": gap,
        "agrees": gap <= TOLERANCE,
    }


def own_sweeps(plan: Plan) -> list[Row]:
    """Our sweep with all rules on the overlapping tape: by size, count, share of passing rows and threads."""
    rows = []
    for size in plan.sizes:
        plan.say(f"our sweep, {size:,} rows")
        with ExitStack() as stack:
            ours = {n: stack.enter_context(worker(sys.executable, OURS, n)) for n in sorted({1, plan.threads})}
            for count in plan.counts if size <= _MOST_ROWS_OF_EVERY_COUNT else plan.counts[-1:]:
                rows += _own_sweeps_of(plan, ours, size, count)
    return rows


def _own_sweeps_of(plan: Plan, ours: dict[int, Worker], size: int, count: int) -> list[Row]:
    jobs = [Job(size, count, passing, "overlapping") for passing in (0.02, 0.2)]
    threads = [n for n in ours if n == plan.threads or size * count <= _MOST_STEPS_ON_ONE_THREAD]
    timings = [(n, Timing(ours[n], job)) for n in threads for job in jobs]
    interleave([timing for _, timing in timings], plan.folder, plan.repeat, span_s=6.0)
    for _, timing in timings:
        timing.drop()
    return [_swept(n, timing) for n, timing in timings]


def _swept(threads: int, timing: Timing) -> Row:
    job = timing.job
    row: Row = {"rows": job.rows, "configurations": job.count, "passing": job.passing, "threads": threads}
    if timing.failure:
        return row | {"reason": timing.failure}
    bets = sum(timing.result["bets"])
    return row | {
        "reason": None,
        "repetitions": len(timing.seconds),
        "seconds": timing.median,
        "ns_per_step": timing.ns_per_step,
        "bets": int(bets),
        "cores_used": statistics.median(timing.cores),
        "ns_per_bet": timing.median / max(bets, 1.0) * 1e9,
        "peak_bytes": timing.peak_bytes,
    }


def twin(plan: Plan) -> Row:
    """The interpreted twin on the overlapping tape with all rules; its results must be equal bit for bit."""
    plan.say("the twin")
    size = min(plan.sizes)
    job = Job(size, 3, kind="overlapping")
    with worker(sys.executable, TWIN, 1) as slow, worker(sys.executable, OURS, 1) as fast:
        theirs, ours, swept = Timing(slow, job), Timing(fast, job), Timing(fast, Job(size, SWEPT, kind="overlapping"))
        interleave([theirs, ours, swept], plan.folder, plan.repeat)
    if theirs.failure or ours.failure:
        return {"reason": theirs.failure or ours.failure}
    return {
        "reason": None,
        "rows": job.rows,
        "configurations": job.count,
        "seconds": theirs.median,
        "ours_seconds_one_thread": ours.median,
        "ratio_same_job_one_thread": theirs.median / ours.median,
        "ratio_in_a_sweep_one_thread": theirs.ns_per_step / swept.ns_per_step,
        "agrees": difference(theirs, ours) == 0.0,
    }


def sweep_command(plan: Plan) -> Row:
    """Cost of the sweep around the kernel: 10,000 configurations against one, on the embedded sample."""
    plan.say("the sweep around the kernel")
    with worker(sys.executable, SWEEP_COMMAND, plan.threads) as process:
        small, large = Timing(process, Job(1_000, 1)), Timing(process, Job(1_000, 2))
        interleave([small, large], plan.folder, min(plan.repeat, 3))
    if small.failure or large.failure:
        return {"reason": small.failure or large.failure}
    count = int(large.result["count"][0])
    around = large.result["around_s"][0] - small.result["around_s"][0]
    return {
        "reason": None,
        "configurations": count,
        "seconds": large.result["kernel_s"][0] + large.result["around_s"][0],
        "kernel_seconds": large.result["kernel_s"][0],
        "around_seconds_one_configuration": small.result["around_s"][0],
        "ms_per_configuration": around / (count - 1) * 1e3,
        "budget_ms_per_configuration": 0.2,
    }


def budget(sweeps: Sequence[Row]) -> Row | None:
    """The slowest sweep of 10,000 configurations over 100,000 opportunities, to compare with 30 s on two cores."""
    fitting = [
        row for row in sweeps if row["rows"] == 100_000 and row["configurations"] == 10_000 and row["reason"] is None
    ]
    if not fitting:
        return None
    worst = max(fitting, key=lambda row: (row["threads"], row["passing"]))
    return {"budget_seconds": 30.0, **worst}
