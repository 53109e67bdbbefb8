"""How many decisions were tested with each kind of mutation, and whether that is enough to report no leak."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from research.leakage.copier import Changed
from research.leakage.decisions import DECISION
from research.leakage.rows import settled_after, until

#: decisions that must be tested with every kind of mutation, at least
FEWEST_DECISIONS: Final = 100
#: instants that must be tested with every kind of mutation, at least: with decisions before and changed rows after
FEWEST_INSTANTS: Final = 10


@dataclass
class KindCoverage:
    """What was tested with one kind of mutation.

    Attributes
    ----------
    instants : int
        Instants with at least one changed row after them and at least one decision before them.
    prices, results : int
        Rows changed, summed over all instants.
    decisions, events : int
        Distinct decisions that were compared, and distinct events among them.
    open : int
        Those of the decisions that were compared at an instant before the result of their own event was known.
    """

    instants: int = 0
    prices: int = 0
    results: int = 0
    decisions: int = 0
    events: int = 0
    open: int = 0


@dataclass
class Coverage:
    """Counts of one search.

    Attributes
    ----------
    decisions, offers, events : int
        In the whole history: distinct decisions, opportunities, and events with an opportunity.
    columns : tuple of str
        Compared columns of the opportunities and of the kernel's output.
    held : dict of str to KindCoverage
        By kind of mutation.
    untouched : tuple of str
        Inputs that no decision depends on: all of them were changed at once, and every decision stayed the same.
    results : int
        Events with a result. Without any, results cannot leak.
    """

    decisions: int = 0
    offers: int = 0
    events: int = 0
    columns: tuple[str, ...] = ()
    held: dict[str, KindCoverage] = field(default_factory=dict)
    untouched: tuple[str, ...] = ()
    results: int = 0

    def too_few(self) -> list[str]:
        """Reasons why the coverage is too small to report no leak; empty if it is large enough."""
        if not self.decisions:
            return ["no decision"]
        short: dict[str, list[str]] = {}
        for kind, held in self.held.items():
            if kind == "shuffled" and not self.results:
                continue
            if held.decisions < FEWEST_DECISIONS:
                words = f"{held.decisions} decisions tested, at least {FEWEST_DECISIONS} are needed"
                short.setdefault(words, []).append(kind)
            if held.instants < FEWEST_INSTANTS:
                words = f"{held.instants} instants with a past and a future, at least {FEWEST_INSTANTS} are needed"
                short.setdefault(words, []).append(kind)
        return [f"{words} ({', '.join(kinds)})" for words, kinds in short.items()]


class Tally:
    """Counts the coverage of a search.

    Parameters
    ----------
    offers, events : polars.DataFrame
        Opportunities of the whole history, and the events of the store.
    kinds : tuple of str
        Kinds of mutation.
    columns : tuple of str
        Compared columns.
    """

    def __init__(
        self, offers: pl.DataFrame, events: pl.DataFrame, kinds: tuple[str, ...], columns: tuple[str, ...]
    ) -> None:
        self._decisions = offers.select(DECISION).unique(maintain_order=True)
        self._events = events.select("event_id", "status", "settled_at")
        self._last: dict[str, int] = {}
        self._open: dict[str, pl.DataFrame] = {kind: self._decisions.clear() for kind in kinds}
        self.coverage = Coverage(
            decisions=self._decisions.height,
            offers=offers.height,
            events=offers["event_id"].n_unique(),
            columns=columns,
            held={kind: KindCoverage() for kind in kinds},
            results=int((events["status"] != "scheduled").sum()),
        )

    def count(self, kind: str, instant_ns: int, changed: Changed) -> None:
        """Count a mutation at an instant, with the rows that it changed."""
        held = self.coverage.held[kind]
        early = until(self._decisions, instant_ns)
        if not changed.any or early.is_empty():
            return
        held.instants += 1
        held.prices += changed.prices
        held.results += changed.results
        self._last[kind] = max(instant_ns, self._last.get(kind, instant_ns))
        unsettled = self._events.filter(settled_after(self._events, instant_ns)).select("event_id")
        still_open = early.join(unsettled, on="event_id", how="semi")
        self._open[kind] = pl.concat([self._open[kind], still_open]).unique()
        tested = until(self._decisions, self._last[kind])
        held.decisions, held.events = tested.height, tested["event_id"].n_unique()
        held.open = self._open[kind].height
