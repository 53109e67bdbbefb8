"""Fills of the paper venue at an exchange: an order takes what the recorded book of its market offers on arrival.

What the rules of the backtest say stays as it is: the price on arrival is the best one of the recorded book, and its
size bounds the stake; or it is the starting price. Orders at prices that are never offered are refused by name.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.exchange.book import RunnerKey
from engine.exchange.recorded import UNKNOWN, Arrival, RecordedMarket, Recordings, Runner
from engine.live.venue import Order, Outcome, Receipt
from engine.live.venues.account import Bet
from engine.live.venues.fills import Draft, FillModel, Fills, rejected
from engine.live.venues.prices import NO_PRICE, Price, PriceSource

__all__ = ["NOT_OFFERED", "UNMATCHED", "ExchangeFills"]

#: reasons of refusals beside those of `engine.exchange.recorded`: there is no price at all; no such order is taken
UNMATCHED: Final = "unmatched"
NOT_OFFERED: Final = "not_offered"
#: files that are open at once
_OPEN_MOST: Final = 64
_Place = tuple[tuple[Path, ...], str]


class _Market:
    """A recorded market, and what we took of its offers, minor units."""

    def __init__(self, recorded: RecordedMarket, bets: Iterable[tuple[RunnerKey, Bet]], delay_ns: int) -> None:
        self.recorded, self.taken = recorded, Counter[int]()
        for key, bet in bets:
            arrival = self.recorded.arrive(key, bet.order.side, bet.order.decided_at_ns + delay_ns)
            self.taken[arrival.offer] += _size_of(bet.receipt, bet.order)


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
    counts on top of that of the model. What an order takes of an offer is gone for every later one that meets the same
    offer, as in the backtest (`engine.tape.Tape.offer`). An answer stands: the same key again takes nothing more.
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
        arrival = self._arrivals[order.key]
        if math.isnan(arrival.odds):
            return rejected(order, arrival.reason or UNMATCHED, arrival.at_ns, draft.facts)
        return replace(draft, arrives_ns=arrival.at_ns)

    def keep(self, drafts: Sequence[Draft]) -> None:
        """As `Fills.keep`: what the placed ones take of their offers is gone."""
        for draft in drafts:
            order, met = draft.order, self._arrivals.pop(draft.order.key, None)
            runner = self._runner_of(order)
            if runner is not None and met is not None and draft.receipt.outcome is Outcome.PLACED:
                self._market_of(runner).taken[met.offer] += _size_of(draft.receipt, order)
                self._answers[order.key] = draft

    def _arrival(self, order: Order, offered_price: Price, arrives_ns: int) -> Price | None:
        if order.bookmaker != self._recordings.bookmaker:
            return super()._arrival(order, offered_price, arrives_ns)
        runner = self._runner_of(order)
        if runner is None:
            self._arrivals[order.key] = Arrival(UNKNOWN, arrives_ns)
            return NO_PRICE
        market = self._market_of(runner)
        met = self._arrivals[order.key] = market.recorded.arrive(runner.key, order.side, arrives_ns)
        return Price(met.at_ns, met.odds, max(0.0, met.size_minor - market.taken[met.offer]))

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
            recorded = RecordedMarket(*place, at_start=self._recordings.at_start)
            self._markets[place] = _Market(recorded, self._held.pop(place, ()), self.model.delay_ns)
        self._open[place] = None
        self._open.move_to_end(place)
        if len(self._open) > _OPEN_MOST:
            self._markets[self._open.popitem(last=False)[0]].recorded.close()
        return self._markets[place]


def _size_of(receipt: Receipt, order: Order) -> int:
    """The backer's stake that was matched, minor units."""
    return receipt.backer_minor if order.side == "lay" else receipt.matched_minor
