"""What a strategy and the kernel decide on a changed copy of the store, by the code path of a backtest.

The path leads from the store through the view and the strategy to the tape, and from there through the kernel.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Final, cast

import numpy as np
import polars as pl

from engine.custom_rule import load
from engine.errors import BeaError, DataError
from engine.kernel.params import Params
from engine.schema import OPPORTUNITIES
from engine.store.store import Store
from engine.strategy import History, Learner, Requirement, Strategy, View
from engine.tape import Tape
from engine.tape.unresolved import OPEN
from research.config.tape_spec import TapeSpec
from research.leakage.changed_home import Originals, changed_home
from research.leakage.copier import Changed, Copier
from research.leakage.mutation import Mutation
from research.leakage.opened_files import OpenedFiles, recording
from research.tapes.builder import Tapes
from research.tapes.inputs import delay_of, strategy_of

#: columns that identify an opportunity
OFFER: Final = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side")
#: columns that identify a decision: one decision may offer several bets
DECISION: Final = OFFER[:4]


@dataclass(frozen=True)
class Subject:
    """The configuration to test.

    Attributes
    ----------
    spec : TapeSpec
        Specification of the tape; with the dates of the fits if the strategy has a model (`fitted_at`).
    params : Params or None
        Staking, risk and execution. Stakes and reasons are compared too. None: only opportunities are compared.
    seed : int
        Seed of the kernel's random numbers.
    strategy : callable
        Makes the strategy from the specification. By default it is found by its name.
    memory_mb : int
        Memory limit for building a tape.
    """

    spec: TapeSpec
    params: Params | None = None
    seed: int = 0
    strategy: Callable[[TapeSpec], Strategy] = strategy_of
    memory_mb: int = 4096

    @property
    def delays_orders(self) -> bool:
        """Whether orders arrive after their decision. They are then filled at the next price, which is legitimate."""
        return delay_of(self.spec) > 0


@dataclass(frozen=True)
class Decisions:
    """All decisions on one copy of the store.

    Attributes
    ----------
    offers : polars.DataFrame
        The opportunities as the strategy returned them: `OFFER` and its other columns.
    stakes : polars.DataFrame
        One row for each row of the tape: `OFFER`, kelly_frac and, with parameters, reason, stake_minor and
        equity_minor at the decision (null where no bet was placed).
    opened_store : bool
        Whether the strategy opened the store by itself.
    outside_files : tuple of str
        Files outside the store that the strategy read. They are neither changed nor checked.
    """

    offers: pl.DataFrame
    stakes: pl.DataFrame
    opened_store: bool = False
    outside_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """The error of a strategy that works on the original store and fails on a changed copy."""

    error: BeaError

    @property
    def text(self) -> str:
        """The error in short."""
        return self.error.found or self.error.what


class _Recorder:
    """Wraps a strategy and keeps the frames it returns; a strategy with a model is wrapped again after each fit."""

    name: ClassVar[str] = "recorded"

    def __init__(self, inner: Strategy | Learner, frames: list[pl.DataFrame], opened: OpenedFiles) -> None:
        self._inner, self._frames, self._opened = inner, frames, opened

    def requires(self) -> Requirement:
        """The requirement of the inner strategy."""
        return self._inner.requires()

    def fit(self, history: History, until: int) -> Strategy:
        """Fit the inner strategy; returns the fitted one, wrapped."""
        with recording(self._opened):
            fitted = cast(Learner, self._inner).fit(history, until)
        return _Recorder(fitted, self._frames, self._opened)

    def opportunities(self, view: View) -> pl.DataFrame:
        """The opportunities of the inner strategy."""
        with recording(self._opened):
            frame = cast(Strategy, self._inner).opportunities(view)
        self._frames.append(frame)
        return frame


@dataclass
class Decider:
    """Decides on changed copies of the store, one after another.

    Attributes
    ----------
    subject : Subject
    folder : Path
        A temporary folder. A copy is deleted as soon as its decisions are there.
    reads_original : bool
        Whether the strategy opened an original store by a path of its own, which no copy can replace.
    """

    subject: Subject
    folder: Path
    reads_original: bool = False
    _copies: int = 0
    originals: Originals = field(init=False)

    def __post_init__(self) -> None:
        self.originals = Originals.of(self.subject.spec)
        stores = [Store.open(path) for path in self.originals.stores]
        self._copiers = [Copier(store, self.folder / f"copy{number}") for number, store in enumerate(stores)]

    def decide(self, mutation: Mutation) -> tuple[Decisions | Failure, Changed]:
        """Decide on a copy with this mutation; returns also how many rows were changed."""
        self._copies += 1
        copy = self.folder / str(self._copies)

        def write(number: int, place: Path) -> Changed:
            return self._copiers[number].write(place, mutation)

        try:
            with changed_home(copy, self.originals, self.subject.spec, write) as (spec, changed):
                try:
                    return self._decide(spec), changed
                except BeaError as error:
                    return Failure(error), changed
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _decide(self, spec: TapeSpec) -> Decisions:
        frames: list[pl.DataFrame] = []
        by_all, by_strategy = OpenedFiles(), OpenedFiles()
        subject = self.subject
        # a hidden result would make its match void, which says that it never comes: no two copies agree on that
        waiting = tuple((name, OPEN if name == "settle" else value) for name, value in spec.unresolved)
        spec = replace(spec, unresolved=waiting)

        def recorded(tape_spec: TapeSpec) -> Strategy:
            return _Recorder(subject.strategy(tape_spec), frames, by_strategy)

        with recording(by_all):
            try:
                tape = Tapes(subject.memory_mb, recorded).fresh(spec)
            except BeaError:
                raise
            except Exception as error:
                if os.environ.get("BEA_DEBUG") == "1":
                    raise
                text = " ".join(str(error).split())[:160]
                raise DataError(
                    "the strategy fails on a copy of its store",
                    where=spec.strategy,
                    found=f"{type(error).__name__}: {text}",
                    todo="BEA_DEBUG=1 shows where; a copy has other paths than the original",
                ) from error
        self.reads_original |= by_all.any_within(*self.originals.stores)
        checked = (self.folder, *self.originals.stores)
        offers = pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema=OPPORTUNITIES)
        opened_store, outside = by_strategy.any_within(self.folder), by_strategy.outside(*checked)
        return Decisions(offers, self._stakes(tape, spec), opened_store, tuple(outside))

    def _stakes(self, tape: Tape, spec: TapeSpec) -> pl.DataFrame:
        events = tape.events["event_id"].gather(pl.Series(tape.event, dtype=pl.UInt32))
        rows = tape.rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
        frame = rows.select(pl.col("market", "line", "selection", "bookmaker", "side")).with_columns(
            decided_at=pl.Series(tape.decided_at).cast(pl.Datetime("ns", "UTC")),
            event_id=events,
            kelly_frac=pl.Series(tape.kelly_frac),
        )
        if self.subject.params is None or not len(tape):
            return frame.select(*OFFER, "kelly_frac")
        from engine.backtesting.run import replay  # loads the compiler: 0.7 s

        rule = None if spec.rule is None else load(spec.rule)
        with np.errstate(invalid="ignore"):  # changed prices can make a later bankroll overflow
            path = replay(tape, self.subject.params, self.subject.seed, rule)
        bets = path.bets.select("row", "stake_minor", "equity_minor")
        return (
            frame.select(*OFFER, "kelly_frac")
            .with_columns(reason=path.row_reasons, row=pl.int_range(pl.len(), dtype=pl.Int64))
            .join(bets.with_columns(pl.col("row").cast(pl.Int64)), on="row", how="left", maintain_order="left")
            .drop("row")
        )
