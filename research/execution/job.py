"""A command, the tapes it needs, and what is known of a tape once it is built."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.custom_rule import Rule, load
from engine.errors import DataError
from engine.identity import digest
from engine.kernel.params import Params
from engine.tape import Tape
from research.config.kernel_params import matrix
from research.config.tape_spec import TapeSpec
from research.execution.progress import Progress
from research.execution.units import DayRequest, Unit, UnitFolder, UnitResult
from research.records.event_sets import EventSet
from research.sweeps.plan import Plan
from research.tapes.builder import Tapes, building_code
from research.tapes.closes import TapeClose
from research.tapes.regimes import Turns, turns_of
from research.tapes.rows import Rows
from research.validation.folds import Cuts, cut_folds, first_date
from research.validation.rules import Rules
from research.validation.stitched import SelectedConfiguration

Matrix = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Command:
    """A command of the user.

    Attributes
    ----------
    kind : str
        ``backtest`` or ``sweep``.
    words : tuple of str
        Overrides as the user wrote them.
    plan : Plan
    progress : Progress
    started : float
        `time.monotonic` at its start.
    """

    kind: str
    words: tuple[str, ...]
    plan: Plan
    progress: Progress
    started: float = field(default_factory=time.monotonic)

    @property
    def settings(self) -> dict[str, Any]:
        """Keys that have one value for the whole command."""
        return self.plan.settings()


@dataclass(frozen=True)
class TapeJob:
    """One tape of a command and the configurations that run over it: the unit that another machine could take.

    It holds plain values only: `describe` gives it as JSON, `key` is the hash of its content.

    Attributes
    ----------
    number : int
        From 0, in the order of the plan.
    low, high : int
        Rows of the plan's table, half open.
    spec : TapeSpec
    rows_hash : str
        Of the rows of the store; another store must hold the same ones.
    """

    number: int
    low: int
    high: int
    spec: TapeSpec
    rows_hash: str

    @property
    def rule(self) -> Rule | None:
        """The user's staking rule that goes with the tape."""
        return None if self.spec.rule is None else load(self.spec.rule)

    @property
    def key(self) -> str:
        """Hash of everything that the tape's results depend on, except for the numbers of the configurations."""
        rule = self.rule
        return digest(
            {
                "spec": self.spec.facts(),
                "rows": self.rows_hash,
                "rule": None if rule is None else rule.hash,
                "sources": building_code(self.spec),
            }
        )

    def describe(self) -> dict[str, Any]:
        """All values, ready for JSON."""
        place = {"number": self.number, "low": self.low, "high": self.high}
        return {**place, "spec": self.spec.describe(), "rows_hash": self.rows_hash, "key": self.key}

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> TapeJob:
        """The job that `describe` described, also after a way through JSON.

        Raises
        ------
        DataError
            Its key is another one here: other rows, another rule, or other code.
        """
        spec = TapeSpec.from_description(values["spec"])
        job = cls(int(values["number"]), int(values["low"]), int(values["high"]), spec, str(values["rows_hash"]))
        if job.key != values["key"]:
            raise DataError("the job is another one here", where="its key", expected=str(values["key"]), found=job.key)
        return job


@dataclass(frozen=True)
class Span:
    """Days of one tape among those of the sweep, and where the folds lie in them."""

    first: dt.date
    n_days: int
    cuts: Cuts


@dataclass(frozen=True)
class BuiltTape:
    """What is known of a tape once it is built.

    Attributes
    ----------
    hash : str
        Of its content.
    n_rows : int
        Opportunities.
    request : DayRequest
        What is asked of its days.
    span : Span
    events : EventSet
    refused : tuple of (str, int, str)
        Opportunities that are not on it: reason, number of rows, an example.
    turns : research.tapes.regimes.Turns or None
        How its regimes change; None: no decision states one.
    """

    hash: str
    n_rows: int
    request: DayRequest
    span: Span
    events: EventSet
    refused: tuple[tuple[str, int, str], ...] = ()
    turns: Turns | None = None


@dataclass(frozen=True)
class Job:
    """Everything known before the first unit.

    Attributes
    ----------
    command : Command
    tapes : Tapes
    tape_jobs : tuple of TapeJob
    rows : tuple of Rows
        Rows of each tape.
    run : str
        Id of the run.
    rules : Rules
        Of the validation.
    dates : tuple of date
        Fold boundaries.
    """

    command: Command
    tapes: Tapes
    tape_jobs: tuple[TapeJob, ...]
    rows: tuple[Rows, ...]
    run: str
    rules: Rules
    dates: tuple[dt.date, ...]

    def look_at(self, number: int, tape: Tape) -> BuiltTape:
        """What is asked of the days of a tape, and which events it holds."""
        facts, rules = self.rows[number].facts, self.rules
        n_days = len(tape.midnights) if self.command.kind == "sweep" else 0
        cuts = cut_folds(tape, self.dates, rules.embargo_days) if rules.enabled else Cuts(np.empty((0, 5), np.int64))
        return BuiltTape(
            tape.hash,
            len(tape),
            DayRequest(n_days, cuts.days.ravel()),
            Span(first_date(tape), n_days, cuts),
            EventSet.of_events(tape.events, facts["first_date"], facts["last_date"], facts["sources"]),
            tuple(tape.refused.rows()),
            turns_of(tape, self.tape_jobs[number].spec, self.tapes),
        )

    def params_of(self, unit: Unit) -> tuple[Matrix, Longs]:
        """Numbers of the kernel and seeds of the configurations of a unit: float64 (c, P), int64 (c,)."""
        return params_of(self.command.plan, unit, self.command.settings["seed"])


class TapeShelf:
    """The tape used last: it stays in memory until another one is asked for."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._last: tuple[int, Tape] | None = None

    def tape(self, number: int) -> Tape:
        """The tape of that number; built or loaded if it is not the last one."""
        if self._last is None or self._last[0] != number:
            self._last = None  # gives its memory back before the next one takes its own
            self._last = (number, self._job.tapes.tape(self._job.tape_jobs[number].spec))
        return self._last[1]


@dataclass(frozen=True)
class Computed:
    """A job whose units are finished.

    Attributes
    ----------
    job : Job
    shelf : TapeShelf
    built : tuple of BuiltTape
    units : tuple of Unit
    folder : UnitFolder
    in_lanes : int
        Configurations that walked together with others.
    closes : tuple of TapeClose
        What the bets of each tape are measured against.
    """

    job: Job
    shelf: TapeShelf
    built: tuple[BuiltTape, ...]
    units: tuple[Unit, ...]
    folder: UnitFolder
    in_lanes: int
    closes: tuple[TapeClose, ...]

    def result(self, unit: Unit) -> UnitResult:
        """The result of a unit; raises DataError if its file is not there any more."""
        built = self.built[unit.tape]
        result = self.folder.load(unit, built.hash, built.request)
        if result is None:
            raise DataError(
                "a finished unit was lost", where=str(self.folder.folder / unit.name), todo="repeat the command"
            )
        return result

    def replayable(self, row: int) -> SelectedConfiguration:
        """The configuration of a row of the plan, with all that replaying it takes."""
        plan, seed = self.job.command.plan, self.job.command.settings["seed"]
        values = plan.table.row(row, named=True)
        tape, params = values["tape"], Params(*numbers(plan, row, row + 1)[0].tolist())
        rule = self.job.tape_jobs[tape].rule
        return SelectedConfiguration(
            self.shelf.tape(tape), self.built[tape].span.cuts, params, int(values.get("seed", seed)), rule
        )


def params_of(plan: Plan, unit: Unit, seed: int) -> tuple[Matrix, Longs]:
    """As `Job.params_of`; `seed` is that of configurations without one of their own."""
    part = plan.table.slice(unit.low, unit.high - unit.low)
    seeds = part["seed"].to_numpy() if "seed" in part.columns else np.full(part.height, seed, np.int64)
    return numbers(plan, unit.low, unit.high), seeds


def numbers(plan: Plan, low: int, high: int) -> Matrix:
    """Numbers of the kernel for rows [low, high) of the plan's table, float64 (high - low, P)."""
    bases = {number: branch.base for number, branch in enumerate(plan.branches)}
    axes = {number: frozenset(branch.axes) for number, branch in enumerate(plan.branches)}
    return matrix(plan.table.slice(low, high - low), bases, axes)
