"""The simulations: cells of equal settings, split into batches that are computed once and stored."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
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
#: configurations of most worlds; `market.CONFIGURATIONS` of the others
FEW = 50
#: sizes, holders of the edge among how many configurations, and edges of the tables of power
BETS = (300, 1_000, 5_000, 10_000)
HOLDERS = ((1, 50), (25, 50), (1, 200))
EDGES = (0.03, 0.05)
#: standard deviation of the edge of a bet around its mean, in the worlds with closing prices
MOVED = 0.05
#: bets, edge and holders of the cells whose failed conditions are shown, of `market.CONFIGURATIONS` configurations
REQUIRED = (10_000, 0.05)
REQUIRED_HOLDERS = (1, 50, 250)
#: code that the results of sweeps depend on; a change computes them again
SOURCES = (
    "engine/configuration.py",
    "engine/kernel/*.py",
    "engine/kernel/lanes/*.py",
    "engine/tape/*.py",
    *(f"engine/backtesting/{name}.py" for name in ("block", "columns", "measures", "path", "plan", "run")),
    *(f"research/inference/{name}.py" for name in ("block_bootstrap", "bootstrap", "effective_trials", "sharpe")),
    *(f"research/inference/{name}.py" for name in ("multipliers", "rare", "single", "skewness", "slow", "superiority")),
    *(f"research/inference/{name}.py" for name in ("closing_calibration", "closing_error", "closing_line")),
    "research/regression/threads.py",
    *(f"research/verdict/{name}.py" for name in ("at_level", "evidence", "findings", "parts", "plausibility", "size")),
    "research/validation/*.py",
    *(f"research/execution/{name}.py" for name in ("assess", "price", "size", "units")),
    *(f"research/records/{name}.py" for name in ("event_sets", "trials")),
    "research/tapes/matches.py",
    *(f"tests/truth/{name}.py" for name in ("closes", "draws", "families", "market", "sweep")),
)
#: code that makes the verdicts from the numbers of sweeps, when the page is written
VERDICT_SOURCES = (
    *(f"research/inference/{name}.py" for name in ("closing_error", "conditional", "effective_trials")),
    *(f"research/verdict/{name}.py" for name in ("expected", "judge", "levels", "price")),
    *(f"tests/truth/{name}.py" for name in ("reading", "summary")),
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
    """`count` simulations with the same settings, the fields of `market.World` or `intervals.Bets`, and a title."""

    settings: tuple[tuple[str, Any], ...]
    count: int
    title: str = ""

    @classmethod
    def of(cls, count: int, title: str = "", **settings: Any) -> Cell:
        """A cell from the fields of its settings."""
        return cls(tuple(settings.items()), count, title)

    @property
    def world(self) -> Row:
        """The settings by field."""
        return dict(self.settings)


def false_positives(count: int) -> list[Cell]:
    """Settings without an edge in which at most 5 % of the sweeps may have evidence."""
    few = partial(Cell.of, count, configurations=FEW, kind="disjoint")
    no_two = "no two configurations share a bet"
    return [
        Cell.of(count, f"{no_two}, 240 bets each", kind="disjoint", bets=240),
        Cell.of(
            count,
            "configurations overlap; 3 bets per event share its result, results of one day have a correlation of 0.2; "
            "6,000 bets each",
            kind="correlated",
            bets=6_000,
        ),
        Cell.of(
            count,
            "any two configurations share 90 % of their bets or more, 3,000 bets each, odds 1.3 to 6",
            kind="copies",
            bets=3_000,
            odds=(1.3, 6.0),
        ),
        Cell.of(count, f"{no_two}, 600 bets each, odds 1.13 to 1.2", kind="disjoint", bets=600, odds=(1.13, 1.2)),
        Cell.of(count, f"{no_two}, 400 bets each, odds 1.2 to 1.6", kind="disjoint", bets=400, odds=(1.2, 1.6)),
        Cell.of(count, f"{no_two}, 400 bets each, odds 4 to 12", kind="disjoint", bets=400, odds=(4.0, 12.0)),
        few("base: 2,000 bets each", bets=2_000),
        few("few bets: 120 each", bets=120),
        few("favourites: 600 bets each, odds 1.15 to 1.4", bets=600, odds=(1.15, 1.4)),
        few("outsiders: 600 bets each, odds 4 to 12", bets=600, odds=(4.0, 12.0)),
        few("long odds: 600 bets each, odds 10 to 1,000", bets=600, odds=(10.0, 1_000.0)),
        few("copies: any two share 90 % or more", kind="copies", bets=2_000),
        few("the edge falls from 5 % to -5 %", bets=2_000, dependence="drift", strength=0.05),
        few("bankroll of 100 stakes, 2,000 bets each", bets=2_000, bankroll_stakes=100.0),
        few("bankroll of 20 stakes, 2,000 bets each", bets=2_000, bankroll_stakes=20.0),
        few("a quarter of Kelly's stakes, 600 bets each", bets=600, staking="kelly"),
        few("d'Alembert, bankroll of 2,000 units", **_progression("dalembert", 2_000.0)),
        few("martingale, bankroll of 20,000 units", **_progression("martingale", 20_000.0)),
        few("martingale over days, bankroll of 20,000 units", **_progression("martingale_days", 20_000.0)),
        few("recovering the peak, bankroll of 20,000 units", **_progression("recover", 20_000.0)),
        few("recovering the peak, bankroll of 100 units", **_progression("recover", 100.0)),
    ]


def _progression(staking: str, bankroll: float) -> Row:
    return {"bets": 400, "staking": staking, "bankroll_stakes": bankroll}


def slow_dependence(count: int) -> list[Cell]:
    """Settings whose true edge is zero in the long run but wanders slowly."""
    few = partial(Cell.of, count, configurations=FEW, kind="disjoint", bets=2_000)
    return [
        few("the edge of a configuration wanders by month, sd 4 %", dependence="wander", strength=0.04),
        few("the edge of a configuration wanders by month, sd 8 %", dependence="wander", strength=0.08),
        few("months share 3 % of the variance of a day", dependence="months", strength=0.03),
        few("form of six teams of its own, sd 10 %, correlation of weeks 0.9", dependence="form", strength=0.1),
    ]


def power(count: int) -> list[Cell]:
    """Settings with a planted edge and closing prices; the verdict of price is judged at an edge of 3 % only."""
    return [
        Cell.of(count, kind="planted", bets=bets, holders=holders, edge_frac=edge, configurations=of, moved=MOVED)
        for edge in EDGES
        for bets in BETS
        for holders, of in HOLDERS
    ]


def without_edge(count: int) -> list[Cell]:
    """Settings without an edge and with closing prices, for the verdict of price."""
    return [
        Cell.of(count, kind="overlapping", bets=bets, configurations=FEW, moved=MOVED) for bets in (300, 1_000, 5_000)
    ]


def required(count: int) -> list[Cell]:
    """Settings with 10,000 bets and an edge of 5 %, of `market.CONFIGURATIONS` configurations."""
    bets, edge = REQUIRED
    return [
        Cell.of(count, kind="planted", bets=bets, holders=holders, edge_frac=edge, beside=8)
        for holders in REQUIRED_HOLDERS
    ]


def families(count: int) -> dict[str, list[Cell]]:
    """Families of sweeps on the same events without an edge (`families.families_of`): cells by their ledger."""
    world = {"configurations": FEW, "kind": "disjoint", "bets": 400}
    ten = partial(Cell.of, count, family="ten", **world)
    return {
        "same": [
            ten("ten independent sweeps"),
            Cell.of(count, "four pilots on the first 45 days, then the same four sweeps", family="pilots", **world),
        ],
        "renamed": [ten("ten sweeps, every second one on a renamed copy of the events")],
    }


@dataclass(frozen=True)
class Counts:
    """Simulations per cell: sweeps and families, sweeps of the cells of `required`, bet logs."""

    sweeps: int = 400
    required: int = 200
    logs: int = 1_000


def sweep_cells(counts: Counts) -> dict[str, list[Cell]]:
    """All cells of single sweeps, by their table; the smallest worlds first."""
    return {
        "false": false_positives(counts.sweeps),
        "slow": slow_dependence(counts.sweeps),
        "price": without_edge(counts.sweeps),
        "power": power(counts.sweeps),
        "required": required(counts.required),
    }


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
    from tests.truth.sweep import remember_normals, sweeps

    remember_normals()
    world = dict(request["world"])
    if "odds" in world:
        world["odds"] = tuple(world["odds"])
    return sweeps(World(**world), request["seed"], request["batch"], request["count"])


def batch_of_families(request: Row) -> list[list[Row]]:
    """Compute one batch of families; runs in a worker process."""
    from engine.kernel.width import prefer_wide_vectors

    prefer_wide_vectors()
    from tests.truth.families import families_of
    from tests.truth.market import World
    from tests.truth.sweep import remember_normals

    remember_normals()
    world = dict(request["world"])
    kind = world.pop("family")
    return families_of(kind, World(**world), request["seed"], request["batch"], request["count"])


def family_results(out: Path, also: Sequence[str] = ()) -> Results:
    """Finished families of the current sources; `also` as in `Results`."""
    return Results(out / "families.jsonl", source_hash(SOURCES), also)


def sweep_results(out: Path, also: Sequence[str] = ()) -> Results:
    """Finished sweeps of the current sources; `also` as in `Results`."""
    return Results(out / "sweeps.jsonl", source_hash(SOURCES), also)


def rows_of(cell: Cell, seed: int, results: Results) -> list[Any]:
    """All finished sweeps, or families, of a cell."""
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


def interval_results(out: Path, also: Sequence[str] = ()) -> Results:
    """Finished bet logs of the current sources; `also` as in `Results`."""
    return Results(out / "intervals.jsonl", source_hash(INTERVAL_SOURCES), also)
