"""Features that take one result after another: whole instants at once, and the batch form made of the running one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.strategy import Feature

__all__ = ["ByInstant", "replayed"]


class ByInstant(ABC):
    """A running feature that takes in all results of one instant together.

    Sources without times settle all events of a date at its end. None of them may see another: each is judged by what
    was known before the instant. A subclass has `take` and `read`.
    """

    def __init__(self) -> None:
        self._waiting: list[Mapping[str, Any]] = []
        self._settled_ns = 0

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        """As `engine.strategy.Running.update`."""
        if self._waiting and settled_ns != self._settled_ns:
            self._take_waiting()
        self._settled_ns = settled_ns
        self._waiting.append(result)

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[Any, ...]:
        """As `engine.strategy.Running.value`."""
        if self._waiting and self._settled_ns < decided_ns:
            self._take_waiting()
        return self.read(event, decided_ns)

    def _take_waiting(self) -> None:
        results, self._waiting = self._waiting, []
        self.take(results, self._settled_ns)

    @abstractmethod
    def take(self, results: Sequence[Mapping[str, Any]], settled_ns: int) -> None:
        """Take in all results of an instant, in the order of event_id. What each changes is worked out first."""

    @abstractmethod
    def read(self, event: Mapping[str, Any], decided_ns: int) -> tuple[Any, ...]:
        """The values for an event after the results taken so far; nothing is changed by it."""


def replayed(feature: Feature, reads: Sequence[str], results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The batch form of a feature by its running form: results and decisions in the order of time.

    Parameters
    ----------
    feature : Feature
    reads : sequence of str
        Columns of events that the feature reads, of `engine.asof.features.BEFORE` and `.AFTER`; no other is passed on.
    results, asked : polars.DataFrame
        As `engine.strategy.Feature.batch`.

    Returns
    -------
    polars.DataFrame
        As `engine.strategy.Feature.batch`.
    """
    running = feature.start()
    before = [name for name in reads if name in asked.columns]
    settled = results["settled_at"].cast(pl.Int64).to_list()
    told = results.select(reads).iter_rows(named=True)
    events = asked.select(before).iter_rows(named=True)
    rows, n_told = list[tuple[Any, ...]](), 0
    for decided_ns, event in zip(asked["decided_at"].cast(pl.Int64).to_list(), events, strict=True):
        while n_told < len(settled) and settled[n_told] < decided_ns:
            running.update(next(told), settled[n_told])
            n_told += 1
        rows.append(running.value(event, decided_ns))
    return pl.DataFrame(rows, schema=dict(feature.columns), orient="row")
