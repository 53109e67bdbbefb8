"""The search for leaks: instants, mutations, comparisons, causes, and the two checks of the prices themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from engine.asof.decisions import max_quotes
from engine.errors import ConfigurationError
from engine.schema import CLOSE, OPEN
from engine.store.store import Store
from research.execution.progress import Progress, Silence
from research.inference.bootstrap import generator
from research.leakage import cause
from research.leakage.copier import Changed
from research.leakage.coverage import Coverage, Tally
from research.leakage.difference import differences
from research.leakage.findings import FAILED, REPEATED, Findings, Gathered, iso
from research.leakage.laboratory import OFFER, Decided, Failed, Laboratory, Subject
from research.leakage.mutation import (
    DELAYED,
    KINDS,
    PERTURBED,
    SHUFFLED,
    TRUNCATED,
    UNCHANGED,
    Mutation,
    every_close,
    every_result,
    late,
    perturbed,
    shuffled,
    truncated,
)
from research.leakage.prices import of_universe, recorded_faults, taken_early, universe_of
from research.leakage.rows import chosen, nanoseconds, until

#: worlds at one instant, and apart from the instants
_WORLDS: Final = 5
_APART: Final = 4
#: columns whose causes are looked for, at most
_CAUSES: Final = 4


@dataclass(frozen=True)
class Search:
    """How hard to look.

    Attributes
    ----------
    instants : int
        At most so many; at least 1.
    seed : int
        Of the instants and of what is changed.
    """

    instants: int = 12
    seed: int = 0

    def __post_init__(self) -> None:
        if self.instants < 1:
            raise ConfigurationError("no instant", where="--instants", expected="at least 1", found=str(self.instants))


def find_leaks(subject: Subject, search: Search | None = None, progress: Progress | None = None) -> Findings:
    """Try to break the claim that no decision of a configuration knows what only came later.

    Parameters
    ----------
    subject : Subject
        Configuration and strategy.
    search : Search, optional
    progress : Progress, optional

    Returns
    -------
    Findings

    Raises
    ------
    BeaError
        Where the configuration cannot be run at all, or the strategy fails on an exact copy of its store.
    """
    with tempfile.TemporaryDirectory(prefix="bea-leakage-") as folder:
        work = _Work(Laboratory(subject, Path(folder)), search or Search(), progress or Silence())
        return work.findings()


@dataclass
class _Work:
    lab: Laboratory
    search: Search
    progress: Progress
    gathered: Gathered = field(init=False)
    events: pl.DataFrame = field(init=False)
    base: Decided = field(init=False)
    stale: bool = False

    def findings(self) -> Findings:
        """Everything, in order."""
        store = Store.open(self.lab.subject.spec.store)
        store.events(universe_of(self.lab.subject.spec))  # says what is not there
        self.events = store.events()
        self.gathered = Gathered(self.events)
        self.progress.begin("worlds decided again", _APART + _WORLDS * self.search.instants)
        self.base = _certain(self._decide(UNCHANGED)[0])
        moments = chosen(self.base.offers, self.search.instants, generator(self.search.seed, "leakage", "instants"))
        tally = Tally(self.base.offers, self.events, KINDS, _columns(self.base))
        steady = self._repeated()
        for instant in moments if steady else ():
            self._at(int(instant), tally)
        coverage = tally.coverage
        if steady and self.base.offers.height:
            coverage.untouched = self._untouched()
        self.progress.end()
        self._look_for_causes(self._look_at_prices(store))
        return Findings(
            self.gathered.leaks(),
            coverage,
            tuple(self._unjudged(coverage, steady)),
            tuple(self._notes(coverage)),
            self.search.seed,
            tuple(iso(int(one)) for one in moments),
        )

    def _decide(self, mutation: Mutation) -> tuple[Decided | Failed, Changed]:
        found = self.lab.decide(mutation)
        self.progress.step(1)
        if isinstance(found[0], Decided) and mutation is not UNCHANGED:
            self.stale |= self.base.opened and not found[0].opened
        return found

    def _repeated(self) -> bool:
        """Whether the same store gives the same answers; all that follows means nothing where it does not."""
        again = _certain(self._decide(UNCHANGED)[0])
        found = differences(self.base.offers, again.offers, OFFER)
        for column, rows in found.items():
            last = rows.select(nanoseconds("decided_at").max()).item()
            self.gathered.add(REPEATED, column, int(last), rows)
        return not found

    def _at(self, instant: int, tally: Tally) -> None:
        seed = self.search.seed
        for kind, mutation in (
            (TRUNCATED, truncated(instant)),
            (PERTURBED, perturbed(instant, seed)),
            (SHUFFLED, shuffled(instant, seed)),
        ):
            other, done = self._decide(mutation)
            tally.count(kind, instant, done)
            self._hold(kind, instant, self.base, other)
        delayed, without = late(instant, seed)
        other, done = self._decide(delayed)
        model, _ = self._decide(without)
        tally.count(DELAYED, instant, done)
        if isinstance(model, Decided):
            self._hold(DELAYED, instant, model, other)

    def _hold(self, kind: str, instant: int, whole: Decided, other: Decided | Failed) -> None:
        """Note what differs until an instant: opportunities; where none does, what the kernel made of them."""
        if isinstance(other, Failed):
            self.gathered.failed(kind, instant, other.text)
            return
        found = differences(until(whole.offers, instant), until(other.offers, instant), OFFER)
        for column, rows in found.items():
            self.gathered.add(kind, column, instant, rows)
        if found:
            return
        filled = self._filled_ns(instant)
        made = differences(until(whole.stakes, filled), until(other.stakes, filled), OFFER)
        for column, rows in made.items():
            self.gathered.add(kind, f"kernel.{column}", instant, rows)

    def _filled_ns(self, instant: int) -> int:
        """Until when every order was filled before an instant: an order on its way may take any price before the
        start, so that what the kernel does from then on may depend, by right, on prices after the instant."""
        if not self.lab.subject.waits:
            return instant
        waiting = self.base.offers.join(self.events.select("event_id", "starts_at"), on="event_id", how="left").filter(
            nanoseconds("starts_at").fill_null(instant + 1) > instant
        )
        first = waiting.select(nanoseconds("decided_at").min()).item()
        return instant if first is None else min(instant, int(first) - 1)

    def _untouched(self) -> tuple[str, ...]:
        found = []
        for name, mutation in (
            ("results", every_result(self.search.seed)),
            ("closing prices", every_close(self.search.seed)),
        ):
            other, done = self._decide(mutation)
            same = isinstance(other, Decided) and not differences(self.base.offers, other.offers, OFFER)
            found += [name] if same and done.any else []
        return tuple(found)

    def _look_for_causes(self, closing: str) -> None:
        suspects = self.gathered.suspects()
        open_ = [one for one in suspects if one.column != FAILED and one.kind != REPEATED][:_CAUSES]
        groups = len(cause.RESULTS) + len(cause.PRICES)
        if open_:
            self.progress.begin("worlds for the causes", groups * len(open_))
        for one in open_:
            if one.column.startswith("kernel."):
                self.gathered.explain(one.column, "the strategy's own columns are the same: the tape or the kernel")
            elif one.kind == DELAYED:
                self.gathered.explain(one.column, cause.words(cause.late_ones(self.lab, one, self.search.seed), one))
            else:
                found = cause.guilty(self.lab, self.base, self.events, one, lambda: self.progress.step(1))
                self.gathered.explain(one.column, cause.words(found, one, closing))
        self.progress.end()

    def _look_at_prices(self, store: Store) -> str:
        """Check when the prices taken were known, and how they were recorded; gives what is wrong with the odds."""
        spec, memory_mb = self.lab.subject.spec, self.lab.subject.memory_mb
        needed, universe = self.lab.subject.strategy(spec).requires(), universe_of(spec)
        early = taken_early(self.base.offers, of_universe(store, universe, max_quotes(memory_mb)))
        told = self.gathered.early(early) if early.height else ""
        if OPEN in spec.instants and CLOSE not in spec.instants:
            for fault, row in recorded_faults(store, universe, needed.markets, max_quotes(memory_mb)):
                if needed.bookmakers is None or fault.bookmaker in needed.bookmakers:
                    self.gathered.recorded(fault, row)
        return told

    def _unjudged(self, coverage: Coverage, steady: bool) -> Iterator[str]:
        if not steady:
            yield "the strategy gives other values over the same store"
            return
        yield from coverage.too_few()
        if self.lab.own_path:
            yield "the strategy opens its store by a path of its own that no copy can replace: use the home's"
        if self.stale:
            yield "the strategy reads its store once and keeps what it read: changed copies would not be seen"

    def _notes(self, coverage: Coverage) -> Iterator[str]:
        if not coverage.results:
            yield "the store has no result: none can leak"
        if self.base.opened:
            yield "the strategy opens the store by itself"
        for path in self.base.strange[:3]:
            yield f"the strategy reads {path}, outside of the store: what it holds is not checked"


def _certain(found: Decided | Failed) -> Decided:
    if isinstance(found, Failed):
        raise found.error
    return found


def _columns(base: Decided) -> tuple[str, ...]:
    names = [name for name in base.offers.columns if name not in OFFER]
    return (*names, *(f"kernel.{name}" for name in base.stakes.columns if name not in OFFER))
