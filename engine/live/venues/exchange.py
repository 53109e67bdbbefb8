"""Fills of the paper venue at an exchange: an order must also get its stake from the recorded book of its market.

An order that the rules of the backtest would place arrives as fill-or-kill, its worst odds being the limit of the
average price. Not done: starting prices, bets across runners, and memory of what was taken before a restart.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.exchange.book import Books, MarketBook, RunnerBook, RunnerKey, UnreadableChange
from engine.exchange.files import Lines
from engine.exchange.matching import Queue, SimulatedOrder
from engine.live.venue import Order, Outcome
from engine.live.venues.fills import Draft, FillModel, Fills, rejected
from engine.live.venues.prices import PriceSource

__all__ = ["CLOSED", "UNKNOWN", "UNMATCHED", "Bet", "ExchangeFills", "Runner"]

#: reasons of refusals: no recorded book, a market that takes no orders, too little at the limit
UNKNOWN: Final = "unknown_market"
CLOSED: Final = "suspended"
UNMATCHED: Final = "unmatched"
_MS_NS: Final = SECOND_NS // 1000
_MINOR: Final = 100.0
_SAME: Final = 1e-12

#: event, market, line, selection of an order
Bet = tuple[int, str, float | None, str]


@dataclass(frozen=True)
class Runner:
    """Where a bet stands in the recordings: a file of messages, a market of it, and a runner."""

    path: Path
    market_id: str
    key: RunnerKey


@dataclass
class _Market:
    """A recorded market at an instant, and our orders on it."""

    changes: Iterator[tuple[int, Mapping[str, Any]]]
    books: Books = field(default_factory=Books)
    queues: dict[RunnerKey, Queue] = field(default_factory=dict)
    coming: tuple[int, Mapping[str, Any]] | None = None
    at_ns: int = -1


class ExchangeFills(Fills):
    """Answers orders by the rules of the walk, then from recorded books.

    Parameters
    ----------
    model : FillModel
    prices : PriceSource
    runners : mapping of Bet to Runner
        Recordings are in full depth; their sizes are in the major unit of the account, 100 minor ones.

    Notes
    -----
    Orders on a market come in the order of their arrival, as on a replay. The delay that the market had at the arrival
    counts on top of that of the model. An answer stands: the same key again takes nothing more. What the legs of a
    group took stays taken if another leg fails, so the venue gives rather less than more.
    """

    def __init__(self, model: FillModel, prices: PriceSource, runners: Mapping[Bet, Runner]) -> None:
        super().__init__(model, prices)
        self._runners, self._markets = runners, dict[tuple[Path, str], _Market]()
        self._answers: dict[str, Draft] = {}

    def draft(self, order: Order, free_minor: int, results: Sequence[tuple[str, int]], *, alone: bool = True) -> Draft:
        """As `Fills.draft`; refused too where the recorded book does not give the whole stake.

        Raises
        ------
        OSError
            A recording cannot be read.
        """
        if order.key in self._answers:
            return self._answers[order.key]
        draft = super().draft(order, free_minor, results, alone=alone)
        if draft.receipt.outcome is Outcome.PLACED:
            draft = self._answers[order.key] = self._matched(draft)
        return draft

    def _matched(self, draft: Draft) -> Draft:
        order = draft.order
        runner = self._runners.get((order.event_id, order.market, order.line, order.selection))
        if runner is None:
            return rejected(order, UNKNOWN, draft.arrives_ns, draft.facts)
        place = (runner.path, runner.market_id)
        if place not in self._markets:
            self._markets[place] = _Market(_changes(*place))
        market = self._markets[place]
        book = _forward(market, runner.market_id, draft.arrives_ns)
        delay_ns = book.delay_s * SECOND_NS if book else 0
        if delay_ns and book is not None and book.is_open:
            book = _forward(market, runner.market_id, draft.arrives_ns + delay_ns)
        arrives_ns = draft.arrives_ns + delay_ns
        if book is None or runner.key not in book.runners:
            return rejected(order, UNKNOWN, arrives_ns, draft.facts)
        if not book.is_open:
            return rejected(order, CLOSED, arrives_ns, draft.facts)
        queue = market.queues.setdefault(runner.key, Queue())
        return _filled(replace(draft, arrives_ns=arrives_ns), queue, book.runners[runner.key])


def _filled(draft: Draft, queue: Queue, book: RunnerBook) -> Draft:
    """The order against the book; the money at risk never exceeds what was asked for."""
    order, receipt, is_lay = draft.order, draft.receipt, draft.order.side == "lay"
    backer = receipt.backer_minor if is_lay else receipt.matched_minor
    limit = min(order.odds_worst, 1.0 + order.stake_minor / backer) if is_lay else order.odds_worst
    size = backer / _MINOR
    sent = SimulatedOrder(order.side, limit, size, fill_or_kill=True, fill_least=size)
    queue.arrive(sent, book)
    if not sent.matched:
        return rejected(order, UNMATCHED, draft.arrives_ns, draft.facts)
    odds = sent.average
    facts = {**draft.facts, "filled": odds}
    if abs(odds / receipt.odds - 1.0) <= _SAME:
        return replace(draft, facts=facts)
    at_risk = receipt.matched_minor
    if is_lay:
        at_risk = min(math.ceil(backer * (odds - 1.0) - _SAME * backer), order.stake_minor)
    return replace(draft, receipt=replace(receipt, odds=odds, matched_minor=at_risk), facts=facts)


def _forward(market: _Market, market_id: str, to_ns: int) -> MarketBook | None:
    """The book after all changes published up to an instant; an instant before an earlier one changes nothing."""
    while market.at_ns <= to_ns:
        if market.coming is not None:
            at_ns, change = market.coming
            if at_ns > to_ns:
                break
            market.coming = None
            _apply(market, at_ns, change)
        market.coming = next(market.changes, None)
        if market.coming is None:
            break
    return market.books.markets.get(market_id)


def _apply(market: _Market, at_ns: int, change: Mapping[str, Any]) -> None:
    market.at_ns = at_ns
    try:
        book = market.books.apply(change, at_ns)
    except UnreadableChange:  # its market is forgotten, and orders on it are refused until the next image
        return
    for key, queue in market.queues.items():
        if key in book.runners:
            queue.change(book.runners[key], is_open=book.is_open)


def _changes(path: Path, market_id: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Instants (UTC nanoseconds) and changes of a market; lines that are no messages are passed over."""
    for _, text in Lines(path):
        try:
            message = json.loads(text)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("op") == "mcm" and isinstance(message.get("pt"), int):
            for change in message.get("mc") or ():
                if isinstance(change, dict) and change.get("id") == market_id:
                    yield message["pt"] * _MS_NS, change
