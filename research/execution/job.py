"""What a command asks for, and what is known of it before its first unit."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.backtesting.measures import COLUMNS
from engine.custom_rule import Rule, load
from engine.errors import DataError
from engine.files import write_bytes
from engine.kernel.params import Params
from engine.machine import cores
from engine.tape import Tape
from research.config.kernel_params import matrix
from research.config.tape_spec import Slow
from research.execution.progress import Progress
from research.records.trials import EventSet
from research.sweeps.plan import Plan
from research.tapes.builder import Rows, Tapes
from research.validation.folds import Cuts
from research.validation.rules import Rules
from research.validation.stitched import Chosen

Matrix = NDArray[np.float64]
Longs = NDArray[np.int64]


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
class Job:
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

    def asked_of(self, unit: Unit) -> tuple[Matrix, Longs]:
        """Numbers and seeds of the configurations of a unit."""
        plan = self.command.plan
        part = plan.table.slice(unit.low, unit.high - unit.low)
        given = "seed" in part.columns
        seeds = part["seed"].to_numpy() if given else np.full(part.height, self.command.settings["seed"], np.int64)
        return numbers(plan, unit.low, unit.high), seeds

    def finished(self, kept: Kept, unit: Unit) -> Finished:
        """What a unit gave; raises DataError where it is not there any more."""
        found = kept.load(unit, self.hashes[unit.tape], self.asked[unit.tape])
        if found is None:
            raise DataError("a finished unit was lost", where=str(kept.folder / unit.name), todo="repeat the command")
        return found

    def chosen(self, row: int) -> Chosen:
        """The configuration of a row of the plan, ready to be replayed."""
        plan, seed = self.command.plan, self.command.settings["seed"]
        one = plan.table.row(row, named=True)
        tape, params = one["tape"], Params(*numbers(plan, row, row + 1)[0].tolist())
        return Chosen(self.tape(tape), self.spans[tape].cuts, params, int(one.get("seed", seed)), self.rule(tape))


def numbers(plan: Plan, low: int, high: int) -> Matrix:
    """Numbers of the kernel for rows [low, high) of the plan's table, float64 (high - low, P)."""
    bases = {number: branch.base for number, branch in enumerate(plan.branches)}
    axes = {number: frozenset(branch.axes) for number, branch in enumerate(plan.branches)}
    return matrix(plan.table.slice(low, high - low), bases, axes)


@dataclass(frozen=True)
class Span:
    """Days of one tape among those of the sweep, and where folds lie in them."""

    first: dt.date
    n_days: int
    cuts: Cuts


Days = NDArray[np.float32]

_MAGIC: Final = b"BEAUNIT3"
#: steps (rows times configurations) of one unit, and the borders of its configurations
_STEPS: Final = 1_000_000_000
_FEWEST, _MOST = 64, 8_192


@dataclass(frozen=True)
class Unit:
    """A block of configurations over one tape.

    Attributes
    ----------
    tape : int
        Number of the tape in the plan.
    low, high : int
        Rows of the plan's table, half open.
    """

    tape: int
    low: int
    high: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.tape:06d}-{self.low:09d}-{self.high:09d}.unit"


def cut(tape: int, low: int, high: int, n_rows: int) -> list[Unit]:
    """The units of one tape; a function of sizes alone, so that a resumed run cuts the same ones."""
    block = min(max(_STEPS // max(n_rows, 1), _FEWEST), _MOST)
    return [Unit(tape, at, min(at + block, high)) for at in range(low, high, block)]


@dataclass(frozen=True)
class Finished:
    """What a unit gave.

    Attributes
    ----------
    measures : float64 (c, len(COLUMNS))
    days : float32 (c, days)
        P&L by day, minor units; no column where it is not asked for.
    marks : float64 (c, edges, 2)
        Bets and stakes on the days before each edge (`engine.backtesting.block.Daily`).
    """

    measures: Matrix
    days: Days
    marks: Matrix


@dataclass(frozen=True)
class Asked:
    """What is asked of the days of a tape: their number, or 0, and the edges of marks."""

    n_days: int
    edges: NDArray[np.int64]


@dataclass(frozen=True)
class Kept:
    """The folder of finished units of one run."""

    folder: Path

    def load(self, unit: Unit, tape_hash: str, asked: Asked) -> Finished | None:
        """What a finished unit gave; None where it is not there, damaged, of another tape or without its days."""
        try:
            content = (self.folder / unit.name).read_bytes()
        except OSError:
            return None
        head, count = len(_MAGIC) + 32, unit.high - unit.low
        body = content[head:]
        if content[: len(_MAGIC)] != _MAGIC or content[len(_MAGIC) : head] != _digest(tape_hash, asked, body):
            return None
        shapes = (count, len(COLUMNS)), (count, len(asked.edges), 2), (count, asked.n_days)
        sizes = [int(np.prod(shape)) * width for shape, width in zip(shapes, (8, 8, 4), strict=True)]
        if len(body) != sum(sizes):
            return None
        measures = np.frombuffer(body, "<f8", sizes[0] // 8).reshape(shapes[0])
        marks = np.frombuffer(body, "<f8", sizes[1] // 8, sizes[0]).reshape(shapes[1])
        days = np.frombuffer(body, "<f4", sizes[2] // 4, sizes[0] + sizes[1]).reshape(shapes[2])
        return Finished(measures, days, marks)

    def save(self, unit: Unit, tape_hash: str, asked: Asked, done: Finished) -> None:
        """Keep a finished unit."""
        body = np.ascontiguousarray(done.measures, dtype="<f8").tobytes()
        body += np.ascontiguousarray(done.marks, dtype="<f8").tobytes()
        body += np.ascontiguousarray(done.days, dtype="<f4").tobytes()
        write_bytes(self.folder / unit.name, _MAGIC + _digest(tape_hash, asked, body) + body)


def _digest(tape_hash: str, asked: Asked, body: bytes) -> bytes:
    head = tape_hash.encode() + asked.edges.astype("<i8").tobytes()
    return hashlib.blake2b(head + body, digest_size=32).digest()


def compute(
    tape: Tape,
    rows: Matrix,
    seeds: NDArray[np.int64],
    threads: int | None,
    on_done: Callable[[int], None],
    rule: Rule | None,
    asked: Asked,
) -> Finished:
    """Measures of a block of configurations.

    Parameters
    ----------
    tape : Tape
    rows : float64 (c, P)
        `kernel.params.Params`.
    seeds : int64 (c,)
    threads : int or None
        None: the processors that this process may use.
    on_done : callable
        Told how many configurations have just been finished.
    rule : Rule or None
        What a staking rule of the user's own asks for.
    asked : Asked
    """
    from engine.backtesting.block import Daily
    from engine.backtesting.run import run_params  # starts the compiler's machinery: 0.7 s

    count = max(1, min(threads or cores(), cores()))
    out, daily = np.empty((len(rows), len(COLUMNS))), Daily.empty(len(rows), asked.n_days, asked.edges)
    for seed in np.unique(seeds):
        mine = np.flatnonzero(seeds == seed)
        block = min(64, max(1, len(mine) // (4 * count)))
        part = Daily.empty(len(mine), asked.n_days, asked.edges) if asked.n_days else None
        out[mine] = run_params(tape, rows[mine], int(seed), count, block, on_done, rule, part)
        if part is not None:
            daily.pnl[mine], daily.marks[mine] = part.pnl, part.marks
    return Finished(out, daily.pnl, daily.marks)


def in_lanes(tape: Tape, rows: Matrix, seeds: NDArray[np.int64]) -> int:
    """How many configurations of a block walk together; the others walk one at a time."""
    from engine.backtesting.plan import split

    return sum(len(rows[seeds == seed]) - len(split(tape, rows[seeds == seed])[1]) for seed in np.unique(seeds))
