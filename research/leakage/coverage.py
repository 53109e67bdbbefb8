"""How much was held against each mutation, and whether that is enough to say that there is no leak."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from research.leakage.copier import Changed
from research.leakage.laboratory import DECISION
from research.leakage.rows import settled_after, until

#: fewest decisions that must have been held against every mutation
FEWEST_DECISIONS: Final = 100
#: fewest instants at which a mutation must have changed something, with decisions before them
FEWEST_INSTANTS: Final = 10


@dataclass
class Held:
    """What was held against one kind of mutation.

    Attributes
    ----------
    instants : int
        At which it changed at least one row and decisions stood before.
    prices, results : int
        Rows changed, over all instants.
    compared : int
        Decisions compared, over all instants.
    decisions, events : int
        Distinct ones among them.
    open : int
        Distinct decisions that were compared while the result of their own event was still to come.
    """

    instants: int = 0
    prices: int = 0
    results: int = 0
    compared: int = 0
    decisions: int = 0
    events: int = 0
    open: int = 0


@dataclass
class Coverage:
    """Counts of one search.

    Attributes
    ----------
    decisions, offers, events : int
        All of the whole history: distinct decisions, opportunities, and events with one.
    columns : tuple of str
        Columns of the opportunities that were compared, and of the kernel's answers.
    held : dict of str to Held
        By kind of mutation.
    untouched : tuple of str
        What no decision at all depends on, shown by changing all of it at once: every decision is proved against it.
    results : int
        Events with a result; 0: there is none to leak.
    """

    decisions: int = 0
    offers: int = 0
    events: int = 0
    columns: tuple[str, ...] = ()
    held: dict[str, Held] = field(default_factory=dict)
    untouched: tuple[str, ...] = ()
    results: int = 0

    def too_few(self) -> list[str]:
        """Why this is too little to judge by; empty: it is enough."""
        if not self.decisions:
            return ["no decision at all"]
        short: dict[str, list[str]] = {}
        for kind, one in self.held.items():
            if kind == "shuffled" and not self.results:
                continue
            if one.decisions < FEWEST_DECISIONS:
                words = f"{one.decisions} decisions held, at least {FEWEST_DECISIONS} are needed"
                short.setdefault(words, []).append(kind)
            if one.instants < FEWEST_INSTANTS:
                words = f"{one.instants} instants with a past and a future, at least {FEWEST_INSTANTS} are needed"
                short.setdefault(words, []).append(kind)
        return [f"{words} ({', '.join(kinds)})" for words, kinds in short.items()]


class Tally:
    """Adds up what is held against the mutations of a search.

    Parameters
    ----------
    offers, events : polars.DataFrame
        Opportunities of the whole history, and the events of the store.
    kinds : tuple of str
        Of mutations.
    columns : tuple of str
        That are compared.
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
            held={kind: Held() for kind in kinds},
            results=int((events["status"] != "scheduled").sum()),
        )

    def count(self, kind: str, instant_ns: int, changed: Changed) -> None:
        """A mutation was tried at an instant."""
        held = self.coverage.held[kind]
        early = until(self._decisions, instant_ns)
        if not changed.any or early.is_empty():
            return
        held.instants += 1
        held.prices += changed.prices
        held.results += changed.results
        held.compared += early.height
        self._last[kind] = max(instant_ns, self._last.get(kind, instant_ns))
        unsettled = self._events.filter(settled_after(self._events, instant_ns)).select("event_id")
        fresh = early.join(unsettled, on="event_id", how="semi")
        self._open[kind] = pl.concat([self._open[kind], fresh]).unique()
        every = until(self._decisions, self._last[kind])
        held.decisions, held.events = every.height, every["event_id"].n_unique()
        held.open = self._open[kind].height
