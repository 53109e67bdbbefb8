"""What a command asks for, and what is known of it before its first unit."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.kernel.params import Params
from engine.rule import Rule, load
from engine.tape import Tape
from research.parameters import matrix
from research.run.judging import Span
from research.run.progress import Progress
from research.run.stitched import Chosen
from research.run.tapes import Rows, Tapes
from research.run.units import Asked, Finished, Kept, Unit
from research.slow import Slow
from research.sweeps.plan import Plan
from research.trials import EventSet
from research.validation.rules import Rules

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
