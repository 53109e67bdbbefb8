"""One page of ratios, before and after: ``python -m tests.bench.ratios --before FOLDER --page docs/ratios.md``.

Each job runs in a process of its own, once for the checkout in FOLDER and once for this one, in turn, as often as asked
for; the page has the medians. Each checkout has a home and a cache of compiled code of its own. A cold job gets new
ones each time; a warm one runs once before it is timed.
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

from tests.bench.machine import commit, machine

ROOT: Final = Path(__file__).resolve().parents[2]
_BEA: Final = "from research.commands.main import main; import sys; sys.exit(main())"
#: programs print their figures, by what they are, as JSON in the last line
_FLAT: Final = """
import json, statistics, tempfile, time
import numpy as np
from pathlib import Path
from tests.bench.contenders import flat_polars, ours
from tests.bench.data import Job
with tempfile.TemporaryDirectory() as folder:
    job = dict(np.load(Job(1_000_000, 1, stakings=("flat",)).write(Path(folder))))
states = [(contender, contender.prepare(job, 1)) for contender in (ours, flat_polars)]
found = []
for _ in range(9):
    times = []
    for contender, state in states:
        start = time.process_time()
        contender.run(state)
        times.append(time.process_time() - start)
    found.append(times[0] / times[1])
print(json.dumps({"times Polars": statistics.median(found)}))
"""
_PROTOTYPE: Final = """
import json
from tests.bench.limit import against_prototype
rows = against_prototype(5, lambda text: None)
print(json.dumps({f"times C++, {row['passing']:.0%} of the rows passing": row["ratio"] for row in rows}))
"""
SECONDS: Final = "seconds"
PROCESSOR: Final = "processor seconds"

Figures = dict[str, float]


@dataclass(frozen=True)
class Job:
    """Something that is timed.

    Attributes
    ----------
    what : str
        What is done, as the page says it.
    words : tuple of str
        Words of the interpreter.
    own : bool
        The program prints its figures; else they are the elapsed and the processor time of the process.
    cold : bool
        Nothing is compiled, cached or stored.
    """

    what: str
    words: tuple[str, ...]
    own: bool = False
    cold: bool = False


def _bea(*words: str) -> tuple[str, ...]:
    return ("-c", _BEA, *words)


_SWEEP: Final = _bea("sweep", "data=sample", "experiment=sample", "force=true")
JOBS: Final = (
    Job("`bea --help`", _bea("--help")),
    Job("sweep of the sample, 4,320 configurations, with its page", _SWEEP),
    Job(
        "sweep of the sample, 10,000 configurations, without a page",
        _bea(
            "sweep", "data=sample", "strategy=value", "strategy.edge_min=range(0,0.1,0.001)", "staking=kelly",
            "staking.fraction=range(0.01,1.01,0.01)", "force=true", "report=false",
        ),
    ),
    Job("backtest of the sample", _bea("backtest", "data=sample", "strategy=value", "force=true")),
    Job("first backtest on a machine", _bea("backtest", "data=sample", "strategy=value"), cold=True),
    Job("first sweep of the sample on a machine", _SWEEP, cold=True),
    Job(
        "tests against luck, 10,000 configurations over 3,650 days",
        ("-m", "tests.bench.luck", "--job", "weigh", "10000", "3650", "1"),
    ),
    Job("flat rule, one configuration over 1,000,000 rows", ("-c", _FLAT), own=True),
    Job("prototype's tape, 1,000 configurations over 1,000,000 rows", ("-c", _PROTOTYPE), own=True),
)  # fmt: skip


def run(job: Job, checkout: Path, home: Path) -> Figures:
    """The figures of a job in a checkout.

    Raises
    ------
    RuntimeError
        The job fails.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPATH": str(checkout), "BEA_HOME": str(home / "home"), "BEA_NUMBA_CACHE": str(home / "compiled"),
        "BEA_REFERENCE_DIR": os.environ.get("BEA_REFERENCE_DIR", str(ROOT.parent / "shared")),
    }  # fmt: skip
    before, start = os.times(), perf_counter()
    done = subprocess.run([sys.executable, *job.words], cwd=checkout, env=environment, capture_output=True, text=True)
    elapsed, after = perf_counter() - start, os.times()
    if done.returncode:
        raise RuntimeError(f"{job.what} in {checkout}: {done.stderr[-500:]}")
    if job.own:
        figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
        return figures
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return {SECONDS: elapsed, PROCESSOR: busy}


def measured(job: Job, checkouts: Sequence[Path], folder: Path, repeat: int) -> list[Figures]:
    """Median figures of a job in each checkout, the checkouts in turn; a program of its own repeats by itself."""
    found = [list[Figures]() for _ in checkouts]
    for turn in range(0 if job.cold or job.own else -1, 1 if job.own else repeat):
        for number, checkout in enumerate(checkouts):
            home = folder / (f"{number}-{turn}-{len(list(folder.iterdir()))}" if job.cold else f"{number}-warm")
            home.mkdir(exist_ok=True)
            figures = run(job, checkout, home)
            if turn >= 0:
                found[number].append(figures)
    return [{name: statistics.median(one[name] for one in many) for name in many[0]} for many in found]


def page(rows: Sequence[tuple[Job, Sequence[Figures]]], names: Sequence[str], command: str, repeat: int) -> str:
    """The page as Markdown."""
    at = machine()
    lines = [
        "# Ratios, before and after",
        "",
        "Terms: [glossary](glossary.md).",
        "",
        "What changes of speed are worth, measured in one run: the version before and this one in turn, each job in a",
        "process of its own. Rely on the ratios; seconds differ between machines.",
        "",
        f"`{command}` on {dt.datetime.now(tz=dt.UTC).date()}: {at['processor']}, {at['cores']} cores;",
        f"median of {repeat}. Before: {names[0]}. After: {names[1]}. *Times* is our",
        "processor time over that of the flat rule in Polars, and our time over that of a program in C++ with fewer",
        "rules, each in turn ([Benchmarks](benchmarks.md) tells what is equal and what is not).",
        "",
        "| job | figure | before | after | after / before |",
        "| --- | --- | --- | --- | --- |",
    ]
    for job, (old, new) in rows:
        lines += [f"| {job.what} | {name} | {old[name]:.3g} | {new[name]:.3g} | **{new[name] / old[name]:.2f}** |"
                  for name in old]  # fmt: skip
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
    names = [commit(folder) or "no commit" for folder in checkouts]
    rows = []
    with tempfile.TemporaryDirectory(prefix="bea-ratios-") as folder:
        for job in JOBS:
            if options.only in job.what:
                figures = measured(job, checkouts, Path(folder), options.repeat)
                sys.stderr.write(f"{job.what}: {figures[0]} -> {figures[1]}\n")
                rows.append((job, figures))
    text = page(rows, names, "python -m tests.bench.ratios --before FOLDER --page docs/ratios.md", options.repeat)
    if options.page is not None:
        options.page.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
