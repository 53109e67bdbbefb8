"""What a strategy and the kernel decide in a world: the very path of a backtest, store to view to strategy to tape."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
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
from research.config.tape_spec import TapeSpec
from research.leakage.copier import Changed, Copier
from research.leakage.mutation import Mutation
from research.leakage.watch import Watch, watching
from research.leakage.world import Originals, entered
from research.tapes.builder import Tapes
from research.tapes.inputs import delay_of, strategy_of

#: what tells one opportunity from another
OFFER: Final = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side")
#: what a decision is about
DECISION: Final = OFFER[:4]


@dataclass(frozen=True)
class Subject:
    """What is examined.

    Attributes
    ----------
    spec : TapeSpec
        What the tape is made of; with the days of its fits where the strategy has a model (`fitted_at`).
    params : Params or None
        Staking, risk and execution, whose stakes and reasons are compared too; None: opportunities alone.
    seed : int
        Of the kernel's draws.
    strategy : callable
        Makes the strategy; by default by its name.
    memory_mb : int
        What building a tape may take.
    """

    spec: TapeSpec
    params: Params | None = None
    seed: int = 0
    strategy: Callable[[TapeSpec], Strategy] = strategy_of
    memory_mb: int = 4096

    @property
    def waits(self) -> bool:
        """Whether orders arrive after their decision: they are then filled, by right, at the next price after it."""
        return delay_of(self.spec) > 0


@dataclass(frozen=True)
class Decided:
    """What was decided in one world.

    Attributes
    ----------
    offers : polars.DataFrame
        What the strategy gave: `OFFER` and its other columns.
    stakes : polars.DataFrame
        One row of the tape each: `OFFER`, kelly_frac, reason, stake_minor, equity_minor (at the decision).
    opened : bool
        Whether the strategy opened a store of the world by itself.
    strange : tuple of str
        Files that the strategy read outside of the world: nothing in them is changed or checked.
    """

    offers: pl.DataFrame
    stakes: pl.DataFrame
    opened: bool = False
    strange: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """A strategy that decided in the whole history, and fails in a changed one."""

    error: BeaError

    @property
    def text(self) -> str:
        """What it says, in short."""
        return self.error.found or self.error.what


class _Recorder:
    """A strategy whose answers are kept as it gave them; one with a model is recorded when it is fitted."""

    name: ClassVar[str] = "recorded"

    def __init__(self, inner: Strategy | Learner, kept: list[pl.DataFrame], watch: Watch) -> None:
        self._inner, self._kept, self._watch = inner, kept, watch

    def requires(self) -> Requirement:
        """As the inner one."""
        return self._inner.requires()

    def fit(self, history: History, until: int) -> Strategy:
        """As the inner one."""
        with watching(self._watch):
            fitted = cast(Learner, self._inner).fit(history, until)
        return _Recorder(fitted, self._kept, self._watch)

    def opportunities(self, view: View) -> pl.DataFrame:
        """As the inner one."""
        with watching(self._watch):
            given = cast(Strategy, self._inner).opportunities(view)
        self._kept.append(given)
        return given


@dataclass
class Laboratory:
    """Decides in worlds of its own making, one after another.

    Attributes
    ----------
    subject : Subject
    folder : Path
        A temporary folder; a world is gone when its decisions are there.
    own_path : bool
        Whether the strategy opened an original by a path of its own, which no world can replace.
    """

    subject: Subject
    folder: Path
    own_path: bool = False
    _made: int = 0
    originals: Originals = field(init=False)

    def __post_init__(self) -> None:
        self.originals = Originals.of(self.subject.spec)
        stores = [Store.open(path) for path in self.originals.stores]
        self._copiers = [Copier(store, self.folder / f"copy{number}") for number, store in enumerate(stores)]

    def decide(self, mutation: Mutation) -> tuple[Decided | Failed, Changed]:
        """Decide in a world; gives also what was changed there."""
        self._made += 1
        world = self.folder / str(self._made)

        def write(number: int, place: Path) -> Changed:
            return self._copiers[number].write(place, mutation)

        try:
            with entered(world, self.originals, self.subject.spec, write) as (spec, changed):
                try:
                    return self._decided(spec), changed
                except BeaError as error:
                    return Failed(error), changed
        finally:
            shutil.rmtree(world, ignore_errors=True)

    def _decided(self, spec: TapeSpec) -> Decided:
        kept: list[pl.DataFrame] = []
        outside, inside = Watch(), Watch()
        subject = self.subject

        def recorded(asked: TapeSpec) -> Strategy:
            return _Recorder(subject.strategy(asked), kept, inside)

        with watching(outside):
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
                    todo="BEA_DEBUG=1 shows where; files outside of the store are not there under other names",
                ) from error
        self.own_path |= outside.within(*self.originals.stores)
        world = (self.folder, *self.originals.stores)
        offers = pl.concat(kept, how="diagonal") if kept else pl.DataFrame(schema=OPPORTUNITIES)
        opened, strange = inside.within(self.folder), inside.elsewhere(*world)
        return Decided(offers, self._stakes(tape, spec), opened, tuple(strange))

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
        from engine.backtesting.run import replay  # starts the compiler's machinery: 0.7 s

        rule = None if spec.rule is None else load(spec.rule)
        with np.errstate(invalid="ignore"):  # random prices may let a bankroll of the future grow beyond all numbers
            path = replay(tape, self.subject.params, self.subject.seed, rule)
        bets = path.bets.select("row", "stake_minor", "equity_minor")
        return (
            frame.select(*OFFER, "kelly_frac")
            .with_columns(reason=path.row_reasons, row=pl.int_range(pl.len(), dtype=pl.Int64))
            .join(bets.with_columns(pl.col("row").cast(pl.Int64)), on="row", how="left", maintain_order="left")
            .drop("row")
        )
