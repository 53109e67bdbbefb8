"""The simulations: cells of equal settings, split into batches that are computed once and stored."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from research.execution.progress import Progress
from tests.truth.results import Results, source_hash

Row = dict[str, Any]

#: sweeps per batch; they share a tape, but not its results
BATCH = 20
#: bet logs per batch
LOGS = 100
EDGES = (0.01, 0.02, 0.03, 0.05, 0.08)
BETS = (2_000, 5_000, 10_000, 30_000, 100_000)
HOLDERS = (1, 50, 250)
#: expected t of the true configuration above which one batch is enough
CLEAR = 6.0
#: bets and edge of the cells with a required power
REQUIRED = (10_000, 0.05)
#: code that the results of sweeps depend on; a change computes them again
SOURCES = (
    "engine/configuration.py",
    "engine/kernel/*.py",
    "engine/kernel/lanes/*.py",
    "engine/tape/*.py",
    *(f"engine/backtesting/{name}.py" for name in ("block", "columns", "measures", "path", "plan", "run")),
    *(f"research/inference/{name}.py" for name in ("block_bootstrap", "bootstrap", "effective_trials", "sharpe")),
    *(f"research/inference/{name}.py" for name in ("skewness", "superiority", "threads")),
    *(f"research/verdict/{name}.py" for name in ("evidence", "findings", "judge", "plausibility")),
    "research/validation/*.py",
    *(f"research/execution/{name}.py" for name in ("assess", "units")),
    *(f"tests/truth/{name}.py" for name in ("market", "sweep")),
)
#: code that the results of intervals depend on
INTERVAL_SOURCES = (
    *(f"research/inference/{name}.py" for name in ("bootstrap", "calibration", "differences", "rps")),
    "research/report/breakdown.py",
    "research/execution/assess.py",
    "tests/truth/intervals.py",
)


@dataclass(frozen=True)
class Cell:
    """`count` simulations with the same settings, the fields of `market.World` or `intervals.Bets`."""

    settings: tuple[tuple[str, Any], ...]
    count: int

    @classmethod
    def of(cls, count: int, **settings: Any) -> Cell:
        """A cell from the fields of its settings."""
        return cls(tuple(settings.items()), count)

    @property
    def world(self) -> Row:
        """The settings by field."""
        return dict(self.settings)


def false_positives(count: int) -> list[Cell]:
    """Settings without an edge."""
    return [
        Cell.of(count, kind="disjoint", bets=240),
        Cell.of(count, kind="correlated", bets=6_000),
        Cell.of(count, kind="copies", bets=3_000, odds=(1.3, 6.0)),
        Cell.of(min(count, 400), kind="disjoint", bets=600, odds=(1.13, 1.2)),
        Cell.of(min(count, 400), kind="disjoint", bets=400, odds=(1.2, 1.6)),
        Cell.of(min(count, 400), kind="disjoint", bets=400, odds=(4.0, 12.0)),
    ]


def power(count: int, required: int) -> list[Cell]:
    """Settings with a planted edge. Cells with a required power come first, those with a very clear edge last.

    Where the edge is more than `CLEAR` standard errors, a single batch is enough.
    """
    combinations = [(bets, edge, holders) for bets in BETS for edge in EDGES for holders in HOLDERS]
    clear = {key: key[1] * key[0] ** 0.5 > CLEAR for key in combinations}
    combinations.sort(key=lambda key: (key[:2] != REQUIRED, clear[key]))
    return [
        Cell.of(
            required if (bets, edge) == REQUIRED else min(count, BATCH) if clear[bets, edge, holders] else count,
            kind="planted",
            bets=bets,
            holders=holders,
            edge_frac=edge,
            beside=8 if bets <= 10_000 else 2,
        )
        for bets, edge, holders in combinations
    ]


def batches(cell: Cell, seed: int, size: int = BATCH) -> Iterator[Row]:
    """Requests for the batches of a cell."""
    for number, low in enumerate(range(0, cell.count, size)):
        yield {"world": cell.world, "seed": seed, "batch": number, "count": min(size, cell.count - low)}


def compute_all(
    title: str,
    requests: Sequence[Row],
    work: Callable[[Row], Any],
    results: Results,
    threads: int,
    progress: Progress,
) -> None:
    """Compute and store the requests that are not finished, in processes with one thread each."""
    waiting = [request for request in requests if results.get(request) is None]
    progress.begin(title, len(requests), len(requests) - len(waiting))
    try:
        if not waiting:
            return
        one_thread()
        with ProcessPoolExecutor(threads, get_context("spawn"), _exit_with, (os.getpid(),)) as pool:
            tasks = {pool.submit(work, request): request for request in waiting}
            for task in as_completed(tasks):
                results.add(tasks[task], task.result())
                progress.step(1)
    finally:
        progress.end()


def one_thread() -> None:
    """Make processes started from now on compute with one thread each."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[name] = "1"


def _exit_with(parent: int) -> None:
    """Exit soon after the parent process was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def batch_of_sweeps(request: Row) -> list[Row]:
    """Compute one batch of sweeps; runs in a worker process."""
    from engine.kernel.width import prefer_wide_vectors

    prefer_wide_vectors()
    from tests.truth.market import World
    from tests.truth.sweep import sweeps

    world = dict(request["world"])
    if "odds" in world:
        world["odds"] = tuple(world["odds"])
    return sweeps(World(**world), request["seed"], request["batch"], request["count"])


def sweep_results(out: Path) -> Results:
    """Finished sweeps of the current sources."""
    return Results(out / "sweeps.jsonl", source_hash(SOURCES))


def rows_of(cell: Cell, seed: int, results: Results) -> list[Row]:
    """All finished sweeps of a cell."""
    return [row for request in batches(cell, seed) for row in results.get(request) or ()]


def coverage(count: int) -> list[Cell]:
    """Bet logs: the smallest with a printed interval, by range of odds, and larger ones."""
    bands = ((1.3, 1.5), (1.5, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, 10.0), (1.3, 10.0))
    sizes = [(100, 30, odds, per_event) for odds in bands for per_event in (1, 3)]
    sizes += [(240, 60, odds, 3) for odds in bands]
    sizes += [(1_000, 365, bands[-1], 3), (5_000, 731, bands[-1], 3)]
    names = ("bets", "days", "odds", "per_event")
    return [
        Cell.of(count, **dict(zip(names, size, strict=True)), stakes=stakes)
        for size in sizes
        for stakes in ("equal", "kelly")
    ]


def batch_of_intervals(request: Row) -> Row:
    """Compute one batch of bet logs; runs in a worker process."""
    from tests.truth.intervals import Bets, misses

    settings = request["world"] | {"odds": tuple(request["world"]["odds"])}
    return misses(Bets(**settings), request["seed"], request["batch"], request["count"])


def interval_results(out: Path) -> Results:
    """Finished bet logs of the current sources."""
    return Results(out / "intervals.jsonl", source_hash(INTERVAL_SOURCES))
