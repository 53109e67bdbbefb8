"""The units of one sweep on 1, 2 and 4 workers, by clock and processor time: ``python -m tests.cluster.scaling``.

64 units of 1,024 configurations with their days. Repetitions are interleaved and the smallest counts. On a machine with
fewer processors than workers, or with other work, the clock says little: processor time says what spreading costs.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from engine.backtesting.precompile import Warming
from research.config.compose import Composer
from research.execution import execute, units
from research.execution.job import Command
from research.execution.progress import Silence
from research.execution.spread import Spread
from research.execution.units import UnitFolder
from research.sweeps.planner import plan_command

WORDS: Final = (
    "data=sample", "staking=percent",
    "strategy.edge_min=range(0,0.128,0.0005)", "staking.fraction=range(0.0005,0.1285,0.0005)", "sweep.threads=1",
)  # fmt: skip
WAYS: Final = (0, 1, 2, 4)
TIMES: Final = 3


def processor_s() -> float:
    """Processor seconds of this process and of the workers that have ended."""
    spans = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + spans.ru_utime + spans.ru_stime


def once(workers: int, work: Path) -> tuple[float, float]:
    """Clock and processor seconds of all units; 0 workers: in this process on one thread."""
    words = (*WORDS, "cluster=local", f"cluster.workers={max(workers, 1)}")
    command = Command("sweep", words, plan_command(Composer("sweep", None), list(words)), Silence())
    job = execute._prepare(command)
    shutil.rmtree(work, ignore_errors=True)
    (work / "units").mkdir(parents=True)
    before, started = processor_s(), time.monotonic()
    if workers:
        Spread(job, work, [execute.running_code([job.tape_jobs[0].spec])]).computed()
    else:
        with Warming(command.progress.say, {}) as warming:
            execute._compute_units(job, UnitFolder(work / "units"), warming)
    return time.monotonic() - started, processor_s() - before


def main() -> None:
    """Measure and print a table."""
    units._FEWEST, units._MOST = 1, 1_024
    folder = Path(tempfile.mkdtemp())
    os.environ["BEA_HOME"] = str(folder)
    spans: dict[int, list[tuple[float, float]]] = {workers: [] for workers in WAYS}
    try:
        once(0, folder / "work")  # compiles, and builds the tape
        for _ in range(TIMES):
            for workers in WAYS:
                spans[workers].append(once(workers, folder / "work"))
    finally:
        shutil.rmtree(folder)
    sys.stdout.write("| workers | clock, s | processor, s |\n|---|---|---|\n")
    for workers in WAYS:
        clock, processor = (min(values) for values in zip(*spans[workers], strict=True))
        sys.stdout.write(f"| {workers or 'none, 1 thread'} | {clock:.2f} | {processor:.2f} |\n")


if __name__ == "__main__":
    main()
