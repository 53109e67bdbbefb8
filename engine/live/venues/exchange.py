"""Fills of the paper venue at an exchange: an order takes what the recorded book of its market offers on arrival.

What the rules of the backtest say stays as it is: the price on arrival is the best one of the recorded book, and its
size bounds the stake. Orders at prices that are never offered, such as starting prices, are refused by name.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.exchange.book import MarketBook, RunnerBook, RunnerKey
from engine.exchange.matching import Queue, SimulatedOrder
from engine.exchange.recorded import UNKNOWN, Arrival, RecordedMarket, Recordings, Runner, offered
from engine.live.venue import Order, Outcome, Receipt
from engine.live.venues.account import Bet
from engine.live.venues.fills import Draft, FillModel, Fills, rejected
from engine.live.venues.prices import NO_PRICE, Price, PriceSource

__all__ = ["NOT_OFFERED", "UNMATCHED", "ExchangeFills"]

#: reasons of refusals beside those of `engine.exchange.recorded`: nothing is left at any price; no such order is taken
UNMATCHED: Final = "unmatched"
NOT_OFFERED: Final = "not_offered"
_MINOR: Final = 100.0
#: files that are open at once
_OPEN_MOST: Final = 64
_Place = tuple[tuple[Path, ...], str]


class _Market:
    """A recorded market, and our orders on it."""

    def __init__(self, runner: Runner, bets: Iterable[tuple[RunnerKey, Bet]], delay_ns: int) -> None:
        self.queues = dict[RunnerKey, Queue]()
        self.recorded = RecordedMarket(runner.paths, runner.market_id, self._told)
        for key, bet in bets:
            arrival = self.recorded.arrive(key, bet.order.decided_at_ns + delay_ns)
            if arrival.book is not None:
                self.take(key, arrival.book, bet.order.side, _size_of(bet.receipt, bet.order))

    def take(self, key: RunnerKey, book: RunnerBook, side: str, size_minor: float) -> None:
        """Take a size from the best prices that are left."""
        any_price = 1.01 if side == "back" else 1000.0
        queue = self.queues.setdefault(key, Queue())
        queue.arrive(SimulatedOrder(side, any_price, size_minor / _MINOR, fill_or_kill=True), book)

    def taken(self, key: RunnerKey, side: str) -> dict[float, float]:
        """Size by price that we took of what stands there now."""
        queue = self.queues.get(key)
        return queue.taken[side] if queue else {}

    def _told(self, book: MarketBook) -> None:
        for key, queue in self.queues.items():
            if key in book.runners:
                queue.change(book.runners[key], is_open=book.is_open)


class ExchangeFills(Fills):
    """Answers orders by the rules of the walk, at the prices of recorded books.

    Parameters
    ----------
    model : FillModel
    prices : PriceSource
        For the price at the decision, and for bookmakers that the recordings do not have.
    recordings : Recordings
        Their sizes are in the major unit of the account, 100 minor ones.
    bets : iterable of Bet
        What the venue holds already, in the order of their arrival: what they took is not there again.

    Notes
    -----
    Orders on a market come in the order of their arrival, as on a replay. The delay that the market had at the arrival
    counts on top of that of the model. An answer stands: the same key again takes nothing more. What the legs of a
    group took stays taken if another leg fails, so the venue gives rather less than more.
    """

    def __init__(self, model: FillModel, prices: PriceSource, recordings: Recordings, bets: Iterable[Bet] = ()) -> None:
        super().__init__(model, prices)
        self._recordings, self._answers = recordings, dict[str, Draft]()
        self._markets, self._open = dict[_Place, _Market](), OrderedDict[_Place, None]()
        self._held = dict[_Place, list[tuple[RunnerKey, Bet]]]()
        self._arrivals = dict[str, Arrival]()
        for bet in bets:
            runner = self._runner_of(bet.order)
            if runner is not None and bet.receipt.matched_minor:
                self._held.setdefault((runner.paths, runner.market_id), []).append((runner.key, bet))

    @property
    def unreadable(self) -> dict[str, int]:
        """Lines and changes of recordings that could not be read so far, by file."""
        found = dict[str, int]()
        for market in self._markets.values():
            for path, count in market.recorded.unreadable.items():
                found[path] = max(found.get(path, 0), count)
        return found

    def draft(self, order: Order, free_minor: int, results: Sequence[tuple[str, int]], *, alone: bool = True) -> Draft:
        """As `Fills.draft`; refused too where the recorded book has nothing for the order.

        Raises
        ------
        OSError
            A recording cannot be read.
        """
        if order.bookmaker in self._recordings.never:
            return rejected(order, NOT_OFFERED, order.decided_at_ns + self.model.delay_ns)
        if order.key in self._answers:
            return self._answers[order.key]
        draft = super().draft(order, free_minor, results, alone=alone)
        if order.bookmaker != self._recordings.bookmaker:
            return draft
        arrival = self._arrivals.pop(order.key)
        if arrival.reason:
            return rejected(order, arrival.reason, arrival.at_ns, draft.facts)
        draft = replace(draft, arrives_ns=arrival.at_ns)
        if draft.facts.get("filled") is None:
            return rejected(order, UNMATCHED, arrival.at_ns, draft.facts)
        runner = self._runner_of(order)
        if draft.receipt.outcome is Outcome.PLACED and runner is not None and arrival.book is not None:
            self._market_of(runner).take(runner.key, arrival.book, order.side, _size_of(draft.receipt, order))
            self._answers[order.key] = draft
        return draft

    def _arrival(self, order: Order, offered_price: Price, arrives_ns: int) -> Price | None:
        if order.bookmaker != self._recordings.bookmaker:
            return super()._arrival(order, offered_price, arrives_ns)
        runner = self._runner_of(order)
        if runner is None:
            self._arrivals[order.key] = Arrival(UNKNOWN, arrives_ns)
            return NO_PRICE
        market = self._market_of(runner)
        arrival = self._arrivals[order.key] = market.recorded.arrive(runner.key, arrives_ns)
        if arrival.book is None:
            return NO_PRICE
        odds, size = offered(arrival.book, order.side, market.taken(runner.key, order.side))
        return Price(arrival.at_ns, odds, size)

    def _size_bound(self, order: Order, offered_price: Price, arrival: Price) -> float:
        if order.bookmaker != self._recordings.bookmaker:
            return super()._size_bound(order, offered_price, arrival)
        return min(offered_price.size_minor, arrival.size_minor)

    def _runner_of(self, order: Order) -> Runner | None:
        if order.bookmaker != self._recordings.bookmaker:
            return None
        return self._recordings.runners.get((order.event_id, order.market, order.line, order.selection))

    def _market_of(self, runner: Runner) -> _Market:
        place = runner.paths, runner.market_id
        if place not in self._markets:
            self._markets[place] = _Market(runner, self._held.pop(place, ()), self.model.delay_ns)
        self._open[place] = None
        self._open.move_to_end(place)
        if len(self._open) > _OPEN_MOST:
            self._markets[self._open.popitem(last=False)[0]].recorded.close()
        return self._markets[place]


def _size_of(receipt: Receipt, order: Order) -> int:
    """The backer's stake that was matched, minor units."""
    return receipt.backer_minor if order.side == "lay" else receipt.matched_minor
