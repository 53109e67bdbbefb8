"""Units of work: pure functions of a tape and a block of configurations, each kept as one file.

A unit's file is written whole or not at all and carries the hash of its content, so a killed sweep computes again only
what is missing or damaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.backtesting.measures import COLUMNS
from engine.custom_rule import Rule
from engine.files import digest_of
from engine.machine import cores
from engine.tape import Tape
from research.cluster.publish import publish

Matrix = NDArray[np.float64]
Days = NDArray[np.float32]

_MAGIC: Final = b"BEAUNIT5"
#: days without a bet are zeros: a tenth of the bytes, in less time than hashing and writing all of them takes
_LZ4: Final = pa.Codec("lz4")
#: steps (rows times configurations) of one unit, and the fewest and the most configurations of one
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
    return [Unit(tape, start, min(start + block, high)) for start in range(low, high, block)]


@dataclass(frozen=True)
class DayRequest:
    """What is asked of the days of a tape.

    Attributes
    ----------
    n_days : int
        Days whose P&L is asked for; 0: none.
    edges : int64 (e,)
        Days before which bets and stakes are summed.
    """

    n_days: int
    edges: NDArray[np.int64]


@dataclass(frozen=True)
class UnitResult:
    """The result of a unit.

    Attributes
    ----------
    measures : float64 (c, len(COLUMNS))
    days : float32 (c, days)
        P&L by day, minor units; no column if it is not asked for.
    marks : float64 (c, edges, 2)
        Bets and stakes on the days before each edge (`engine.backtesting.block.Daily`).
    level, clv : float32 (c, days)
        P&L at level stakes and weighted CLV by day of settlement (`Daily`).
    level_turnover : float64 (c, 2)
        Weights of the settled bets, and of those with a closing price (`Daily`).
    """

    measures: Matrix
    days: Days
    marks: Matrix
    level: Days
    clv: Days
    level_turnover: Matrix

    def part(self, low: int, high: int) -> UnitResult:
        """Rows `low` to `high` of all arrays, as views."""
        return UnitResult(*(getattr(self, field.name)[low:high] for field in fields(self)))


@dataclass(frozen=True)
class UnitFolder:
    """The folder of the finished units of one run."""

    folder: Path

    def load(self, unit: Unit, tape_hash: str, request: DayRequest) -> UnitResult | None:
        """The result of a finished unit; None if it is missing, damaged, of another tape or of other days."""
        try:
            content = (self.folder / unit.name).read_bytes()
        except OSError:
            return None
        head, count = len(_MAGIC) + 32, unit.high - unit.low
        body = memoryview(content)[head:]
        if content[: len(_MAGIC)] != _MAGIC or content[len(_MAGIC) : head] != _digest(tape_hash, request, [body]):
            return None
        n_days = request.n_days
        shapes = {
            "measures": ("<f8", (count, len(COLUMNS))),
            "marks": ("<f8", (count, len(request.edges), 2)),
            "level_turnover": ("<f8", (count, 2)),
            "days": ("<f4", (count, n_days)),
            "level": ("<f4", (count, n_days)),
            "clv": ("<f4", (count, n_days)),
        }
        sizes = np.frombuffer(body, "<i8", 2 * len(shapes)).reshape(2, -1)
        arrays, at = dict[str, NDArray[Any]](), sizes.nbytes
        for (name, (form, shape)), size, packed in zip(shapes.items(), *sizes.tolist(), strict=True):
            if size != math.prod(shape) * int(form[-1]):
                return None
            plain = _LZ4.decompress(body[at : at + packed], size) if size else b""
            arrays[name] = np.frombuffer(plain, form, math.prod(shape)).reshape(shape)
            at += packed
        return UnitResult(**arrays)

    def discard(self, unit: Unit) -> None:
        """Remove the file of a unit that `load` did not take, so that the unit can be kept again."""
        (self.folder / unit.name).unlink(missing_ok=True)

    def save(self, unit: Unit, tape_hash: str, request: DayRequest, result: UnitResult, worker: str = "") -> None:
        """Keep the result of a finished unit. Where another worker was first, the two results must be the same bytes.

        Parameters
        ----------
        unit, tape_hash, request, result
            As in `load`.
        worker : str
            Who computed it, for the message of the error.

        Raises
        ------
        DataError
            There is another result of the unit. It stays as it is.
        """
        doubles = (result.measures, result.marks, result.level_turnover)
        singles = (result.days, result.level, result.clv)
        parts = [np.ascontiguousarray(part, dtype="<f8") for part in doubles]
        parts += [np.ascontiguousarray(part, dtype="<f4") for part in singles]
        packed = [_packed(part) for part in parts]
        sizes = np.array([[part.nbytes for part in parts], [len(part) for part in packed]], "<i8")
        body: list[bytes | memoryview] = [sizes.ravel().view(np.uint8).data, *packed]
        content = [_MAGIC, _digest(tape_hash, request, body), *body]
        publish(self.folder / unit.name, content, "unit", worker or "this process", "repeat with force=true")


def _packed(part: NDArray[Any]) -> bytes:
    return bytes(_LZ4.compress(part.ravel().view(np.uint8).data, asbytes=True)) if part.size else b""


def _digest(tape_hash: str, request: DayRequest, body: Sequence[bytes | memoryview]) -> bytes:
    """Hash of a body that is given in pieces, and of the tape and the days that it belongs to."""
    return digest_of([tape_hash.encode(), request.edges.astype("<i8").tobytes(), *body])


def compute(
    tape: Tape,
    rows: Matrix,
    seeds: NDArray[np.int64],
    threads: int | None,
    on_done: Callable[[int], None],
    rule: Rule | None,
    request: DayRequest,
) -> UnitResult:
    """Measures of a block of configurations.

    Parameters
    ----------
    tape : Tape
    rows : float64 (c, P)
        `engine.kernel.params.Params`.
    seeds : int64 (c,)
    threads : int or None
        None: the processors that this process may use.
    on_done : callable
        Called with the number of configurations just finished.
    rule : Rule or None
        The user's staking rule, if a configuration uses it.
    request : DayRequest
    """
    from engine.backtesting.block import Daily
    from engine.backtesting.run import run_params  # starts the compiler's machinery: 0.7 s

    count = max(1, min(threads or cores(), cores()))
    measures = np.empty((len(rows), len(COLUMNS)))
    daily = Daily.empty(len(rows), request.n_days, request.edges)
    different = np.unique(seeds)
    for seed in different:
        same = np.flatnonzero(seeds == seed)
        block = min(64, max(1, len(same) // (4 * count)))
        part = daily if len(different) == 1 else Daily.empty(len(same), request.n_days, request.edges)
        wanted = part if request.n_days else None
        measures[same] = run_params(tape, rows[same], int(seed), count, block, on_done, rule, wanted)
        if wanted is not None and len(different) > 1:
            daily.put(same, part)
    return UnitResult(measures, daily.pnl, daily.marks, daily.level, daily.clv, daily.level_turnover)


def in_lanes(tape: Tape, rows: Matrix, seeds: NDArray[np.int64]) -> int:
    """How many configurations of a block walk together; the others walk one at a time."""
    from engine.backtesting.plan import split

    return sum(len(rows[seeds == seed]) - len(split(tape, rows[seeds == seed])[1]) for seed in np.unique(seeds))
