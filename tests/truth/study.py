"""What is simulated: cells of equal worlds, cut into batches that are computed once and kept."""

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
from tests.truth.kept import Kept, source_hash

Row = dict[str, Any]

#: sweeps of one batch: they share a tape, not its results
BATCH = 20
#: bet logs of one batch
LOGS = 100
EDGES = (0.01, 0.02, 0.03, 0.05, 0.08)
BETS = (2_000, 5_000, 10_000, 30_000, 100_000)
HOLDERS = (1, 50, 250)
#: expected t of the true configuration beyond which few sweeps are enough
PLAIN = 6.0
#: bets and edge of the cells that a power is required of
REQUIRED = (10_000, 0.05)
SOURCES = (
    "engine/kernel/*.py",
    "engine/tape/*.py",
    *(f"engine/{name}.py" for name in ("blocks", "columns", "configuration", "replay", "result", "run")),
    *(f"research/inference/{name}.py" for name in ("accelerated", "blocks", "bootstrap", "effective", "evidence")),
    *(f"research/inference/{name}.py" for name in ("plausibility", "returns", "skewed", "superiority", "verdict")),
    "research/validation/*.py",
    *(f"research/records/{name}.py" for name in ("judging", "stitched", "units")),
    *(f"tests/truth/{name}.py" for name in ("market", "sweep")),
)
INTERVAL_SOURCES = (
    *(f"research/inference/{name}.py" for name in ("accelerated", "bootstrap", "calibration", "paired", "widened")),
    "research/report/breakdown.py",
    "research/execution/assess.py",
    "tests/truth/intervals.py",
)


@dataclass(frozen=True)
class Cell:
    """So many simulated sweeps of one world: `asked` are the fields of `market.World`."""

    asked: tuple[tuple[str, Any], ...]
    count: int

    @classmethod
    def of(cls, count: int, **asked: Any) -> Cell:
        """A cell of a world."""
        return cls(tuple(asked.items()), count)

    @property
    def world(self) -> Row:
        """Fields of the world."""
        return dict(self.asked)


def false_positives(count: int) -> list[Cell]:
    """Worlds without any edge."""
    return [
        Cell.of(count, kind="disjoint", bets=240),
        Cell.of(count, kind="correlated", bets=6_000),
        Cell.of(count, kind="copies", bets=3_000, odds=(1.3, 6.0)),
        Cell.of(min(count, 400), kind="disjoint", bets=600, odds=(1.13, 1.2)),
        Cell.of(min(count, 400), kind="disjoint", bets=400, odds=(1.2, 1.6)),
        Cell.of(min(count, 400), kind="disjoint", bets=400, odds=(4.0, 12.0)),
    ]


def power(count: int, required: int) -> list[Cell]:
    """Worlds with a planted edge; the cells of which a power is required first, those that cannot be missed last.

    Where the edge is more than `PLAIN` standard errors a single batch says enough.
    """
    asked = [(bets, edge, holders) for bets in BETS for edge in EDGES for holders in HOLDERS]
    plain = {one: one[1] * one[0] ** 0.5 > PLAIN for one in asked}
    asked.sort(key=lambda one: (one[:2] != REQUIRED, plain[one]))
    return [
        Cell.of(
            required if (bets, edge) == REQUIRED else min(count, BATCH) if plain[bets, edge, holders] else count,
            kind="planted",
            bets=bets,
            holders=holders,
            edge_frac=edge,
            beside=8 if bets <= 10_000 else 2,
        )
        for bets, edge, holders in asked
    ]


def batches(cell: Cell, seed: int, size: int = BATCH) -> Iterator[Row]:
    """What each batch of a cell is asked."""
    for number, low in enumerate(range(0, cell.count, size)):
        yield {"world": cell.world, "seed": seed, "batch": number, "count": min(size, cell.count - low)}


def compute_all(
    what: str, asked: Sequence[Row], work: Callable[[Row], Any], kept: Kept, threads: int, progress: Progress
) -> None:
    """Compute every piece that is not kept yet, each process on one thread."""
    waiting = [one for one in asked if kept.get(one) is None]
    progress.begin(what, len(asked), len(asked) - len(waiting))
    try:
        if not waiting:
            return
        one_thread()
        with ProcessPoolExecutor(threads, get_context("spawn"), _end_with, (os.getpid(),)) as pool:
            tasks = {pool.submit(work, one): one for one in waiting}
            for task in as_completed(tasks):
                kept.keep(tasks[task], task.result())
                progress.step(1)
    finally:
        progress.end()


def one_thread() -> None:
    """Processes that are started from now on compute on one thread each."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ[name] = "1"


def _end_with(parent: int) -> None:
    """End this process soon after its parent was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def batch_of_sweeps(asked: Row) -> list[Row]:
    """One batch, in a process of its own."""
    from engine.kernel.width import prefer_wide_vectors

    prefer_wide_vectors()
    from tests.truth.market import World
    from tests.truth.sweep import sweeps

    world = dict(asked["world"])
    if "odds" in world:
        world["odds"] = tuple(world["odds"])
    return sweeps(World(**world), asked["seed"], asked["batch"], asked["count"])


def kept_sweeps(out: Path) -> Kept:
    """Finished sweeps of the present sources."""
    return Kept(out / "sweeps.jsonl", source_hash(SOURCES))


def rows_of(cell: Cell, seed: int, kept: Kept) -> list[Row]:
    """All sweeps of a cell that are finished."""
    return [row for asked in batches(cell, seed) for row in kept.get(asked) or ()]


def coverage(count: int) -> list[Cell]:
    """Bet logs: the smallest of which an interval is printed, by bands of odds, and larger ones."""
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


def batch_of_intervals(asked: Row) -> Row:
    """One batch of bet logs, in a process of its own."""
    from tests.truth.intervals import Bets, misses

    world = dict(asked["world"])
    return misses(Bets(**world | {"odds": tuple(world["odds"])}), asked["seed"], asked["batch"], asked["count"])


def kept_intervals(out: Path) -> Kept:
    """Finished bet logs of the present sources."""
    return Kept(out / "intervals.jsonl", source_hash(INTERVAL_SOURCES))
