"""One page of ratios, before and after: ``python -m tests.bench.ratios --before FOLDER --page docs/ratios.md``.

Each job runs in a process of its own, once for the checkout in FOLDER and once for this one, in turn, as often as asked
for; the page has the medians. Commands run in a home and with a cache of compiled code of their own for each checkout:
a cold job gets new ones each time, a warm one runs once before it is timed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.bench.machine import machine

ROOT: Final = Path(__file__).resolve().parents[2]
_BEA: Final = "from research.commands.main import main; import sys; sys.exit(main())"
_FLAT: Final = """
import json, sys, statistics, tempfile, time
import numpy as np
from pathlib import Path
from tests.bench.contenders import {name} as contender
from tests.bench.data import Job
with tempfile.TemporaryDirectory() as folder:
    job = dict(np.load(Job(1_000_000, {count}, stakings=("flat",)).write(Path(folder))))
state = contender.prepare(job, 1)
times = []
for _ in range(7):
    start = time.process_time()
    contender.run(state)
    times.append(time.process_time() - start)
print(json.dumps(statistics.median(times)))
"""
_PROTOTYPE: Final = """
import json
from tests.bench.limit import against_prototype
rows = against_prototype(3, lambda text: None)
print(json.dumps({{row["passing"]: row["ratio"] for row in rows}}[{passing}]))
"""


@dataclass(frozen=True)
class Job:
    """One line of the page.

    Attributes
    ----------
    what : str
        What is done, as the page says it.
    words : tuple of str
        Words of the interpreter: a command of `bea`, or a program that prints its figure as the last line.
    unit : str
        ``s`` of elapsed time, ``cpu s`` of all threads and child processes, or another figure that the program prints.
    cold : bool
        Nothing is compiled, cached or stored.
    """

    what: str
    words: tuple[str, ...]
    unit: str = "s"
    cold: bool = False


def _bea(*words: str) -> tuple[str, ...]:
    return ("-c", _BEA, *words)


_SWEEP: Final = _bea("sweep", "data=sample", "experiment=sample", "force=true")
_LARGE: Final = _bea(
    "sweep", "data=sample", "strategy=value", "strategy.edge_min=range(0,0.1,0.001)", "staking=kelly",
    "staking.fraction=range(0.01,1.01,0.01)", "force=true", "report=false",
)  # fmt: skip
JOBS: Final = (
    Job("`bea --help`", _bea("--help"), "cpu s"),
    Job("warm sweep of the sample, 4,320 configurations", _SWEEP),
    Job("the same", _SWEEP, "cpu s"),
    Job("warm sweep of the sample, 10,000 configurations, without the page", _LARGE),
    Job("the same", _LARGE, "cpu s"),
    Job("warm backtest of the sample", _bea("backtest", "data=sample", "strategy=value", "force=true"), "cpu s"),
    Job("first backtest on a machine", _bea("backtest", "data=sample", "strategy=value"), "s", True),
    Job("first sweep of the sample on a machine", _SWEEP, "s", True),
    Job(
        "tests against luck, 10,000 configurations over 3,650 days",
        ("-m", "tests.bench.luck", "--job", "weigh", "10000", "3650", "1"),
        "cpu s",
    ),
    Job("flat rule, 1 configuration over 1,000,000 rows", ("-c", _FLAT.format(name="ours", count=1)), "kernel s"),
    Job("the same in Polars", ("-c", _FLAT.format(name="flat_polars", count=1)), "kernel s"),
    Job("kernel over the prototype in C++, 2% of rows passing", ("-c", _PROTOTYPE.format(passing=0.02)), "times"),
    Job("kernel over the prototype in C++, 20% of rows passing", ("-c", _PROTOTYPE.format(passing=0.2)), "times"),
)


def run(job: Job, checkout: Path, home: Path) -> float:
    """The figure of a job in a checkout.

    Raises
    ------
    RuntimeError
        The job fails.
    """
    environment = os.environ | {
        "PYTHONPATH": str(checkout), "BEA_HOME": str(home / "home"), "BEA_NUMBA_CACHE": str(home / "compiled"),
        "BEA_REFERENCE_DIR": os.environ.get("BEA_REFERENCE_DIR", str(ROOT.parent / "shared")),
    }  # fmt: skip
    before, start = os.times(), perf_counter()
    done = subprocess.run([sys.executable, *job.words], cwd=checkout, env=environment, capture_output=True, text=True)
    elapsed, after = perf_counter() - start, os.times()
    if done.returncode:
        raise RuntimeError(f"{job.what} in {checkout}: {done.stderr[-500:]}")
    if job.unit == "s":
        return elapsed
    if job.unit == "cpu s":
        return after.children_user + after.children_system - before.children_user - before.children_system
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def measured(job: Job, checkouts: Sequence[Path], repeat: int) -> list[float]:
    """Median figure of a job in each checkout, the checkouts in turn."""
    with tempfile.TemporaryDirectory(prefix="bea-ratios-") as text:
        folder, figures = Path(text), [list[float]() for _ in checkouts]
        for turn in range(-1 if not job.cold else 0, repeat):
            for number, checkout in enumerate(checkouts):
                home = folder / (f"{number}-{turn}" if job.cold else str(number))
                home.mkdir(exist_ok=True)
                figure = run(job, checkout, home)
                if turn >= 0:
                    figures[number].append(figure)
        return [statistics.median(found) for found in figures]


def page(rows: Sequence[tuple[Job, Sequence[float]]], names: Sequence[str], command: str, repeat: int) -> str:
    """The page as Markdown."""
    at = machine()
    lines = [
        "# Ratios, before and after",
        "",
        "What changes of speed are worth, measured in one run: the version before and this one in turn, each job in a",
        "process of its own. Rely on the ratios; seconds differ between machines.",
        "",
        f"`{command}` on {dt.datetime.now(tz=dt.UTC).date()}: {at['processor']}, {at['cores']} cores;",
        f"median of {repeat}. Before: {names[0]}. After: {names[1]}. *cpu s* is the processor time of all threads,",
        "*kernel s* that of the calculation alone, without imports and compilation. *Times* is our time over that of a",
        "program in C++ with fewer rules ([Benchmarks](benchmarks.md) tells them apart).",
        "",
        "| job | unit | before | after | after / before |",
        "| --- | --- | --- | --- | --- |",
    ]
    for job, (old, new) in rows:
        lines.append(f"| {job.what} | {job.unit} | {old:.3g} | {new:.3g} | **{new / old:.2f}** |")
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print or write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ratios", description=__doc__.split("\n")[0])
    parser.add_argument("--before", type=Path, required=True, help="checkout of the version before")
    parser.add_argument("--page", type=Path, help="write the page there")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (3)")
    parser.add_argument("--only", default="", help="jobs whose text holds this")
    options = parser.parse_args(arguments)
    checkouts = (options.before.resolve(), ROOT)
    names = [
        subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for folder in checkouts
    ]
    rows = []
    for job in JOBS:
        if options.only in job.what:
            figures = measured(job, checkouts, options.repeat)
            sys.stderr.write(f"{job.what} ({job.unit}): {figures[0]:.3g} -> {figures[1]:.3g}\n")
            rows.append((job, figures))
    text = page(rows, names, "python -m tests.bench.ratios --before FOLDER --page docs/ratios.md", options.repeat)
    if options.page is not None:
        options.page.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
