"""Prices that a runner has seen: what is kept, and what is forgotten once an event is over."""

from __future__ import annotations

from typing import Any

from engine.clock import DAY_NS, SECOND_NS
from engine.live.feed import Fixture, Mark, Quote, Result
from engine.live.venues.prices import NO_PRICE, ObservedPrices
from tests.live.venues.orders import T0_NS, order

HOUR_NS = 3_600 * SECOND_NS


def quoted(event_id: int, at_ns: int, odds: float) -> Quote:
    return Quote(at_ns, event_id, "1x2", None, "home", "aaa", "back", odds)


def ended(event_id: int, at_ns: int, **more: Any) -> Result:
    return Result(at_ns, {"event_id": event_id, "status": "played"}, **more)


def test_a_month_of_events_keeps_the_prices_of_its_last_days() -> None:
    source, most = ObservedPrices(), 0
    for number in range(400):
        start = T0_NS + number * 2 * HOUR_NS
        source.see(Fixture(start - HOUR_NS, {"event_id": number, "starts_at": start}))
        source.see(quoted(number, start - HOUR_NS, 2.0))
        source.see(ended(number, start + HOUR_NS))
        source.see(ended(number, start + HOUR_NS + 1, version=2))
        source.see(Mark(start + HOUR_NS + 1))
        most = max(most, len(source))
    assert most == 12  # one event every two hours, and each stays for a day


def test_an_order_on_its_way_finds_its_price_after_the_result() -> None:
    source = ObservedPrices()
    arrives = T0_NS + 15 * SECOND_NS
    for message in (quoted(1, T0_NS, 2.0), quoted(1, arrives, 1.9), ended(1, T0_NS + 20 * SECOND_NS)):
        source.see(message)
    source.see(Mark(T0_NS + 20 * SECOND_NS))
    price = source.on_arrival(order(), arrives)
    assert price is not None and price.odds == 1.9
    source.see(quoted(1, T0_NS + 30 * SECOND_NS, 5.0))  # the event is over: this price is of no use
    source.see(Mark(T0_NS + 30 * SECOND_NS))
    assert source.offered(order(decided_at_ns=T0_NS + 40 * SECOND_NS)).odds == 1.9


def test_after_the_result_no_price_comes_even_where_nobody_knows_the_start() -> None:
    source, arrives = ObservedPrices(), T0_NS + 15 * SECOND_NS
    source.see(quoted(1, T0_NS, 2.0))
    source.see(Mark(T0_NS + 19 * SECOND_NS))
    assert source.on_arrival(order(), arrives) is None
    source.see(ended(1, T0_NS + 20 * SECOND_NS))
    source.see(Mark(T0_NS + 20 * SECOND_NS))
    assert source.on_arrival(order(), arrives) == NO_PRICE


def test_an_event_that_is_forgotten_stays_over() -> None:
    source, arrives = ObservedPrices(), T0_NS + 15 * SECOND_NS
    start = T0_NS + HOUR_NS
    source.see(Fixture(T0_NS, {"event_id": 1, "starts_at": start}))
    source.see(quoted(1, T0_NS, 2.0))
    source.see(ended(1, start + HOUR_NS))
    source.see(Mark(start + HOUR_NS + DAY_NS - 1))
    assert len(source) == 1
    source.see(Mark(start + HOUR_NS + DAY_NS))
    assert len(source) == 0
    source.see(Fixture(start, {"event_id": 1, "starts_at": start}))
    source.see(quoted(1, T0_NS, 2.0))  # the recording is read again
    assert len(source) == 0 and source.on_arrival(order(), arrives) == NO_PRICE
