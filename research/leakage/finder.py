"""The search for leaks: instants, mutations, comparisons, causes, and the two checks of the prices."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from engine.asof.decisions import max_quotes
from engine.betting.sport import known_too_early
from engine.errors import ConfigurationError
from engine.schema import CLOSE, OPEN
from engine.store.store import Store
from research.execution.progress import Progress, Silence
from research.inference.bootstrap import generator
from research.leakage import cause
from research.leakage.copier import Changed
from research.leakage.coverage import Coverage, Tally
from research.leakage.decisions import OFFER, Decider, Decisions, Failure, Subject
from research.leakage.difference import differences
from research.leakage.findings import REPEATED, Collector, Findings, iso
from research.leakage.instant import REMOVED, InstantSearch, in_turn
from research.leakage.mutation import (
    DELAYED,
    KINDS,
    UNCHANGED,
    Mutation,
    every_close,
    every_result,
)
from research.leakage.prices import quotes_of, recorded_faults, taken_early, universe_of
from research.leakage.rows import nanoseconds, random_instants, until

#: copies for each instant, and copies that belong to no instant
_COPIES_BY_INSTANT: Final = 5
_OTHER_COPIES: Final = 4
#: columns whose causes are sought, at most
_MAX_CAUSES: Final = 4


@dataclass(frozen=True)
class Search:
    """How thorough a search is.

    Attributes
    ----------
    instants : int
        Largest number of instants to test; at least 1.
    seed : int
        Seed of the instants and of the changes.

    Raises
    ------
    ConfigurationError
        `instants` is below 1.
    """

    instants: int = 12
    seed: int = 0

    def __post_init__(self) -> None:
        if self.instants < 1:
            raise ConfigurationError(
                "too few instants", where="--instants", expected="at least 1", found=str(self.instants)
            )


#: searches all instants in their order; the last argument is told how many copies were decided on
Searching = Callable[[Decider, Sequence[int], int, Callable[[int], None]], Iterator[InstantSearch]]


def find_leaks(
    subject: Subject, search: Search | None = None, progress: Progress | None = None, searching: Searching = in_turn
) -> Findings:
    """Test whether decisions of a configuration use information that became known only later.

    Parameters
    ----------
    subject : Subject
        Configuration and strategy.
    search : Search, optional
        By default 12 instants and seed 0.
    progress : Progress, optional
        Counts the copies decided on. By default nothing is shown.
    searching : callable
        By default in this process; `research.leakage.spread.OnWorkers` hands the instants to workers. The exact copies,
        those of no instant and those for the causes are always decided on here.

    Returns
    -------
    Findings

    Raises
    ------
    BeaError
        The configuration cannot run, or the strategy fails on an exact copy of its store.
    """
    with tempfile.TemporaryDirectory(prefix="bea-leakage-") as folder:
        decider = Decider(subject, Path(folder))
        return _Run(decider, search or Search(), progress or Silence(), searching).findings()


@dataclass
class _Run:
    """One search. `cached` is set if the strategy opened the original store and later no copy of it."""

    decider: Decider
    search: Search
    progress: Progress
    searching: Searching
    collector: Collector = field(init=False)
    events: pl.DataFrame = field(init=False)
    base: Decisions = field(init=False)
    cached: bool = False

    def findings(self) -> Findings:
        """Run all tests, in order."""
        spec = self.decider.subject.spec
        store = Store.open(spec.store)
        early = known_too_early(store.events(universe_of(spec)))  # raises if the universe is empty
        self.events = store.events()
        self.collector = Collector(self.events)
        if early.height:
            self.collector.add_results_too_early(early)
        self.progress.begin("changed copies", _OTHER_COPIES + _COPIES_BY_INSTANT * self.search.instants)
        self.base = _decided(self._decide(UNCHANGED)[0])
        rng = generator(self.search.seed, "leakage", "instants")
        instants = random_instants(self.base.offers, self.search.instants, rng)
        tally = Tally(self.base.offers, self.events, KINDS, _compared_columns(self.base))
        repeatable = self._is_repeatable()
        if repeatable:
            asked = [int(instant) for instant in instants]
            for found in self.searching(self.decider, asked, self.search.seed, self.progress.step):
                self._compare_at(found, tally)
        coverage = tally.coverage
        if repeatable and self.base.offers.height:
            coverage.untouched = self._untouched()
        self.progress.end()
        self._find_causes(self._check_prices(store))
        return Findings(
            self.collector.leaks(),
            coverage,
            tuple(self._unjudged(coverage, repeatable)),
            tuple(self._notes(coverage)),
            self.search.seed,
            tuple(iso(int(instant)) for instant in instants),
        )

    def _decide(self, mutation: Mutation) -> tuple[Decisions | Failure, Changed]:
        decided, changed = self.decider.decide(mutation)
        self.progress.step(1)
        return decided, changed

    def _note_cached(self, decided: Decisions | Failure) -> None:
        if isinstance(decided, Decisions):
            self.cached |= self.base.opened_store and not decided.opened_store

    def _is_repeatable(self) -> bool:
        """Whether a second exact copy gives the same values. If not, no other comparison means anything."""
        again = _decided(self._decide(UNCHANGED)[0])
        changes = differences(self.base.offers, again.offers, OFFER)
        for column, rows in changes.items():
            last = rows.select(nanoseconds("decided_at").max()).item()
            self.collector.add(REPEATED, column, int(last), rows)
        return not changes

    def _compare_at(self, found: InstantSearch, tally: Tally) -> None:
        for decided, _ in found.answers.values():
            self._note_cached(decided)
        removed, _ = found.answers[REMOVED]
        for kind, (decided, changed) in found.answers.items():
            if kind == REMOVED:
                continue
            tally.count(kind, found.instant_ns, changed)
            whole = removed if kind == DELAYED else self.base
            if isinstance(whole, Decisions):
                self._compare(kind, found.instant_ns, whole, decided)

    def _compare(self, kind: str, instant: int, whole: Decisions, other: Decisions | Failure) -> None:
        """Collect what differs up to an instant: opportunities, or the kernel's output if all opportunities agree."""
        if isinstance(other, Failure):
            self.collector.add_failure(kind, instant, other.text)
            return
        changes = differences(until(whole.offers, instant), until(other.offers, instant), OFFER)
        for column, rows in changes.items():
            self.collector.add(kind, column, instant, rows)
        if changes:
            return
        last = self._last_comparable_ns(instant)
        changes = differences(until(whole.stakes, last), until(other.stakes, last), OFFER)
        for column, rows in changes.items():
            self.collector.add(kind, f"kernel.{column}", instant, rows)

    def _last_comparable_ns(self, instant: int) -> int:
        """Until when the kernel's output is compared.

        That is the instant itself, or with a delay of orders the time before the first order that may still be open at
        the instant: it may legitimately be filled at any later price before the start.
        """
        if not self.decider.subject.delays_orders:
            return instant
        starts_at = nanoseconds("starts_at").fill_null(instant + 1)
        open_orders = self.base.offers.join(
            self.events.select("event_id", "starts_at"), on="event_id", how="left"
        ).filter(starts_at > instant)
        first = open_orders.select(nanoseconds("decided_at").min()).item()
        return instant if first is None else min(instant, int(first) - 1)

    def _untouched(self) -> tuple[str, ...]:
        names = []
        for name, mutation in (
            ("results", every_result(self.search.seed)),
            ("closing prices", every_close(self.search.seed)),
        ):
            other, changed = self._decide(mutation)
            self._note_cached(other)
            same = isinstance(other, Decisions) and not differences(self.base.offers, other.offers, OFFER)
            if same and changed.any:
                names.append(name)
        return tuple(names)

    def _find_causes(self, early_odds: str) -> None:
        suspects = [suspect for suspect in self.collector.suspects() if suspect.kind != REPEATED][:_MAX_CAUSES]
        groups = len(cause.RESULTS) + len(cause.PRICES)
        if suspects:
            self.progress.begin("copies for the causes", groups * len(suspects))
        for suspect in suspects:
            if suspect.column.startswith("kernel."):
                words = "the strategy's own columns are the same: the tape or the kernel"
            elif suspect.kind == DELAYED:
                words = cause.words(cause.late_groups(self.decider, suspect, self.search.seed), suspect)
            else:
                guilty = cause.guilty_groups(
                    self.decider, self.base, self.events, suspect, lambda: self.progress.step(1)
                )
                words = cause.words(guilty, suspect, early_odds)
            self.collector.explain(suspect.column, words)
        self.progress.end()

    def _check_prices(self, store: Store) -> str:
        """Check when the odds were known and how prices were recorded; returns the cause if odds are of the future."""
        subject = self.decider.subject
        spec, most = subject.spec, max_quotes(subject.memory_mb)
        requirement, universe = subject.strategy(spec).requires(), universe_of(spec)
        early = taken_early(self.base.offers, quotes_of(store, universe, most))
        early_odds = self.collector.add_early(early) if early.height else ""
        if OPEN in spec.instants and CLOSE not in spec.instants:
            for fault, row in recorded_faults(store, universe, requirement.markets, most):
                if requirement.bookmakers is None or fault.bookmaker in requirement.bookmakers:
                    self.collector.add_fault(fault, row)
        return early_odds

    def _unjudged(self, coverage: Coverage, repeatable: bool) -> Iterator[str]:
        if not repeatable:
            yield "the strategy gives other values on the same store"
            return
        yield from coverage.too_few()
        if self.decider.reads_original:
            yield "the strategy opens its store by a path of its own, which no copy can replace: use the home's"
        if self.cached:
            yield "the strategy reads its store once and keeps what it read: it would not see changed copies"

    def _notes(self, coverage: Coverage) -> Iterator[str]:
        if not coverage.results:
            yield "the store has no result, so that none can leak"
        if self.base.opened_store:
            yield "the strategy opens the store by itself"
        for path in self.base.outside_files[:3]:
            yield f"the strategy reads {path}, outside of the store: its content is not checked"


def _decided(decided: Decisions | Failure) -> Decisions:
    if isinstance(decided, Failure):
        raise decided.error
    return decided


def _compared_columns(base: Decisions) -> tuple[str, ...]:
    names = [name for name in base.offers.columns if name not in OFFER]
    return (*names, *(f"kernel.{name}" for name in base.stakes.columns if name not in OFFER))
