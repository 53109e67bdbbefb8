"""Units of work: pure functions of (tape, block of configurations), each kept as one file of its own.

A unit's file is written whole or not at all and carries the hash of its content, so a killed sweep computes again
what is not there or not intact, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.processors import cores
from engine.result import COLUMNS
from engine.rule import Rule
from engine.tape import Tape
from research.run.folder import write_bytes

Matrix = NDArray[np.float64]
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
        Bets and stakes on the days before each edge (`engine.blocks.Daily`).
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
    from engine.blocks import Daily
    from engine.run import run_params  # starts the compiler's machinery: 0.7 s

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
    from engine.blocks import split

    return sum(len(rows[seeds == seed]) - len(split(tape, rows[seeds == seed])[1]) for seed in np.unique(seeds))
