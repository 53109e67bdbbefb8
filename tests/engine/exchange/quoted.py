"""The quoting strategy of the compiled replay, played with books and queues of dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.exchange.book import Books, RunnerBook
from engine.exchange.ladder import CLASSIC
from engine.exchange.matching import Queue, SimulatedOrder
from engine.exchange.replay import Quoting

SIDES = ("back", "lay")
#: by side of an order: the ladder in which it waits
WAITS = {"back": "atl", "lay": "atb"}


@dataclass
class Quoted:
    """One market.

    Attributes
    ----------
    orders : int
        Sent.
    all : list of (runner, SimulatedOrder)
        That arrived.
    """

    quoting: Quoting
    orders: int = 0
    all: list[tuple[Any, SimulatedOrder]] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    _queues: dict[Any, Queue] = field(default_factory=dict)
    _waiting: dict[Any, SimulatedOrder] = field(default_factory=dict)
    _coming: dict[Any, tuple[float, int]] = field(default_factory=dict)
    _market: Any = None
    _was_in_play: bool = False

    def run(self, changes: Iterable[tuple[int, Mapping[str, Any]]]) -> Quoted:
        for at_ns, change in changes:
            self._arrivals(at_ns)
            known = set(self._market.runners) if self._market else set()
            self._market = book = self.books.apply(change, at_ns)
            touched = {(row["id"], float(row.get("hc", 0))) for row in change.get("rc", ())}
            if change.get("img") or not known:
                touched |= known
                for key in touched:
                    book.runners.setdefault(key, RunnerBook())
            if book.is_in_play and not self._was_in_play:
                for queue in self._queues.values():
                    queue.begin()
                self._waiting.clear()
                self._coming.clear()
            self._was_in_play = book.is_in_play
            for key in sorted(touched):
                self._look(key, at_ns)
        return self

    def _look(self, key: Any, at_ns: int) -> None:
        book = self._market
        queue = self._queues.setdefault(key, Queue())
        queue.change(book.runners[key], is_open=book.is_open)
        for side in SIDES:
            if (key, side) in self._waiting and not self._waiting[key, side].open:
                del self._waiting[key, side]
        if book.is_open and not book.is_in_play:
            due = at_ns + self.quoting.latency_ns + book.delay_s * 10**9
            for side in SIDES:
                self._quote(key, side, due)

    def _quote(self, key: Any, side: str, due_ns: int) -> None:
        wanted = self._wanted(self._market.runners[key].points[WAITS[side]], side)
        waiting = self._waiting.get((key, side))
        if waiting is not None and waiting.price != wanted:
            waiting.cancel()
            self._queues[key].orders.remove(waiting)
            del self._waiting[key, side]
        coming = self._coming.get((key, side))
        if coming is not None and coming[0] != wanted:
            del self._coming[key, side]
        if wanted is not None and (key, side) not in self._waiting and (key, side) not in self._coming:
            self._coming[key, side] = wanted, due_ns
            self.orders += 1

    def _wanted(self, points: Mapping[float, float], side: str) -> float | None:
        if not points:
            return None
        there = min(points) if side == "back" else max(points)
        return CLASSIC.shifted(there, self.quoting.ticks if side == "back" else -self.quoting.ticks)

    def _arrivals(self, at_ns: int) -> None:
        for key, side in sorted(self._coming):
            price, due_ns = self._coming[key, side]
            if due_ns >= at_ns:
                continue
            del self._coming[key, side]
            order = SimulatedOrder(side, price, self.quoting.size)
            self.all.append((key, order))
            self._queues[key].arrive(order, self._market.runners[key], is_open=self._market.is_open)
            if order.open:
                self._waiting[key, side] = order
