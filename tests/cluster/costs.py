"""What a task, a unit and its result cost, by processor time: ``python -m tests.cluster.costs [FILE]``.

Prints one JSON document, the input of `tests.cluster.model`. Each cost is the smallest of several repetitions.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from research.cluster.local import LocalExecutor
from research.cluster.seam import Executor, Task
from research.config.compose import Composer
from research.execution import execute, outputs
from research.execution.job import Command, numbers
from research.execution.progress import Silence
from research.execution.spread import Spread
from research.execution.units import Unit, UnitFolder, compute, in_lanes
from research.records.results import RESULTS, write_results
from research.sweeps.planner import plan_command
from tests.cluster.dask_processes import cluster

WORDS: Final = (
    "data=sample", "staking=percent",
    "strategy.edge_min=range(0,0.064,0.0005)", "staking.fraction=range(0.001,0.065,0.001)",
    "report=false",
)  # fmt: skip
TRIVIAL: Final = "research.cluster.target:check_agreement"
TASKS: Final = 300


def least(work: Callable[[], object], times: int = 3) -> float:
    """Smallest processor time of some repetitions, in seconds."""
    spans = []
    for _ in range(times):
        before = time.process_time()
        work()
        spans.append(time.process_time() - before)
    return min(spans)


def units(home: Path) -> dict[str, Any]:
    """Costs of one unit of 8,192 configurations on the sample, on one thread."""
    plan = plan_command(Composer("sweep", None), list(WORDS))
    job = execute._prepare(Command("sweep", WORDS, plan, Silence()))
    spec, work = job.tape_jobs[0].spec, home / "work"
    build_s = least(lambda: job.tapes.tape(spec), 1)
    tape = job.tapes.tape(spec)
    built, unit = job.look_at(0, tape), Unit(0, 0, len(plan))
    (work / "units").mkdir(parents=True)
    folder = UnitFolder(work / "units")
    params = job.params_of(unit)
    compute(tape, *params, 1, lambda count: None, None, built.request)  # compiles
    result = compute(tape, *params, 1, lambda count: None, None, built.request)

    def publish() -> None:
        folder.discard(unit)
        folder.save(unit, tape.hash, built.request, result)

    task = Spread(job, work, ["0" * 32])._task(0, "compute_unit", unit.name, {"edges": built.request.edges.tolist()})
    return {
        "configurations": len(plan), "rows": len(tape), "days": built.request.n_days,
        "build_s": build_s, "tape_bytes": sum(path.stat().st_size for path in home.rglob("cache/tapes/*.arrow")),
        "load_tape_s": least(lambda: job.tapes.tape(spec)),
        "compute_s": least(lambda: compute(tape, *params, 1, lambda count: None, None, built.request)),
        "publish_s": least(publish), "unit_bytes": (folder.folder / unit.name).stat().st_size,
        "read_back_s": least(lambda: folder.load(unit, tape.hash, built.request)),
        "numbers_s": least(lambda: numbers(plan, 0, len(plan))), "in_lanes_s": least(lambda: in_lanes(tape, *params)),
        "results_s": least(lambda: write_results(work / RESULTS, plan.table, [result.measures])),
        "results_bytes": (work / RESULTS).stat().st_size, "plan_bytes": (work / "plan.arrow").stat().st_size,
        "task_bytes": len(json.dumps(dict(task.values))),
    }  # fmt: skip


def findings() -> float:
    """Processor seconds of significance testing a configuration: the slope between two sizes of sweep."""
    spans, real = {}, outputs.write_findings

    def timed(*words: Any) -> Any:
        before = time.process_time()
        answer = real(*words)
        spans[len(words[0].job.command.plan)] = time.process_time() - before
        return answer

    execute.write_findings = timed
    for high in ("0.016", "0.064"):
        words = (WORDS[0], WORDS[1], f"strategy.edge_min=range(0,{high},0.0005)", *WORDS[3:])
        plan = plan_command(Composer("sweep", None), list(words))
        execute.execute(Command("sweep", words, plan, Silence()))
    execute.write_findings = real
    (few, short), (many, long) = sorted(spans.items())
    return (long - short) / (many - few)


def tasks(executor: Executor) -> float:
    """Seconds of the clock a trivial task."""
    for _ in range(20):
        executor.submit(Task("warm", TRIVIAL, {}))
    while executor.pending:
        executor.finished()
    spans = []
    for _ in range(3):
        started = time.monotonic()
        for number in range(TASKS):
            executor.submit(Task(str(number), TRIVIAL, {}))
        while executor.pending:
            executor.finished()
        spans.append((time.monotonic() - started) / TASKS)
    return min(spans)


def processor_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure all."""
    folder = Path(tempfile.mkdtemp())
    os.environ["BEA_HOME"] = str(folder)
    try:
        found = units(folder) | {"findings_s_each": findings()}
        with LocalExecutor(1, 0) as local:
            found["local_task_s"] = tasks(local)
        from research.cluster.dask import DaskExecutor

        with cluster(folder / "dask", 2) as there, DaskExecutor(there.address, 2, 0, 60) as dask:
            assert there.scheduler is not None
            before, started = processor_s(there.scheduler.pid), time.process_time()
            found["dask_task_s"] = tasks(dask)
            handed = 3 * TASKS + 20
            found["dask_scheduler_s"] = (processor_s(there.scheduler.pid) - before) / handed
            found["dask_client_s"] = (time.process_time() - started) / handed
    finally:
        shutil.rmtree(folder)
    text = json.dumps({key: float(f"{value:.4g}") for key, value in found.items()}, indent=1)
    sys.stdout.write(text + "\n")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
