"""Published cases of matching, and properties that hold for any book."""

from __future__ import annotations

import random

import pytest

from engine.exchange.book import RunnerBook
from engine.exchange.ladder import CLASSIC
from engine.exchange.matching import Queue, SimulatedOrder


def book(**points: dict[float, float]) -> RunnerBook:
    found = RunnerBook()
    for word, ladder in points.items():
        found.points[word].update(ladder)
    return found


def fills(order: SimulatedOrder, **points: dict[float, float]) -> tuple[float, float]:
    """Matched size and the sum of price times size."""
    Queue().arrive(order, book(**points))
    return order.matched, order.paid


def test_what_is_better_than_the_limit_is_taken_and_the_rest_waits() -> None:
    order = SimulatedOrder("back", 2.0, 12.0)
    assert fills(order, atb={15.0: 1.0, 12.0: 0.5}) == (1.5, 15.0 + 6.0) and order.open == 10.5


def test_nothing_worse_than_the_limit_is_taken() -> None:
    assert fills(SimulatedOrder("back", 12.0, 12.0), atb={15.0: 1.0, 11.0: 0.5}) == (1.0, 15.0)


def test_a_lay_takes_the_lowest_prices_first() -> None:
    assert fills(SimulatedOrder("lay", 3.0, 20.0), atl={2.02: 1.0, 3.0: 20.0}) == (20.0, 2.02 + 19 * 3.0)


@pytest.mark.parametrize(("least", "matched"), [(5.0, 0.0), (3.0, 3.0)])
def test_fill_or_kill_limits_the_average_price_and_keeps_to_its_least_fill(least: float, matched: float) -> None:
    order = SimulatedOrder("back", 12.0, 5.0, fill_or_kill=True, fill_least=least)
    found = fills(order, atb={13.0: 1.0, 12.0: 1.0, 11.0: 1.0})
    assert found == (matched, matched * 12.0) and order.cancelled == 5.0 - matched and not order.open


def test_the_queue_before_us_is_served_first() -> None:
    queue, order = Queue(), SimulatedOrder("back", 2.0, 2.0)
    queue.arrive(order, book(atl={2.0: 4.0}))
    queue.change(book(atl={2.0: 4.0}, trd={2.0: 20.0}))  # both sides counted: 10
    assert order.matched == 2.0 and not queue.orders


def test_a_trade_moves_us_up_and_the_next_one_fills_us() -> None:
    queue, order = Queue(), SimulatedOrder("lay", 2.0, 2.0)
    queue.arrive(order, book(atb={2.0: 2.0}))
    queue.change(book(trd={2.0: 4.0}))
    assert order.matched == 0.0 and order.ahead == 0.0
    queue.change(book(trd={2.0: 8.0}))
    assert order.matched == 2.0 and order.average == 2.0


def test_what_stands_is_taken_once_until_it_is_new() -> None:
    queue, standing = Queue(), book(atb={2.0: 5.0})
    first, second, third = (SimulatedOrder("back", 2.0, 4.0, fill_or_kill=True) for _ in range(3))
    queue.arrive(first, standing)
    queue.change(standing)
    queue.arrive(second, standing)
    assert (first.matched, second.matched) == (4.0, 1.0)
    queue.change(book())  # others took the rest, then somebody offers anew
    queue.change(standing)
    queue.arrive(third, standing)
    assert third.matched == 4.0


def test_one_trade_fills_no_two_orders_twice() -> None:
    queue, orders = Queue(), [SimulatedOrder("back", 2.0, 3.0), SimulatedOrder("back", 2.0, 3.0)]
    for order in orders:
        queue.arrive(order, book())
    queue.change(book(trd={2.0: 8.0}))
    assert [order.matched for order in orders] == [3.0, 1.0]


def test_nothing_is_matched_while_the_market_is_suspended() -> None:
    queue, order = Queue(), SimulatedOrder("back", 2.0, 2.0)
    queue.arrive(order, book())
    queue.change(book(trd={2.0: 10.0}), is_open=False)
    queue.change(book(trd={2.0: 10.0}))
    assert order.matched == 0.0


def test_volumes_of_before_are_no_trades_of_ours_and_a_correction_is_none() -> None:
    queue, order = Queue(), SimulatedOrder("back", 2.0, 2.0)
    queue.look(book(trd={2.0: 50.0}))
    queue.arrive(order, book())
    queue.change(book(trd={2.0: 50.0}))
    queue.change(book(trd={2.0: 0.0}))
    assert order.matched == 0.0


def test_the_first_order_of_a_queue_is_not_filled_by_what_was_traded_before_it() -> None:
    queue, order = Queue(), SimulatedOrder("back", 3.0, 2.0)
    queue.arrive(order, book(trd={3.0: 100.0}))
    queue.change(book(trd={3.0: 100.0}))
    assert order.matched == 0.0
    queue.change(book(trd={3.0: 102.0}))
    assert order.matched == 1.0
    queue.arrive(SimulatedOrder("back", 3.0, 2.0), book(trd={3.0: 102.0}))  # it leaves the first one's volumes alone
    queue.change(book(trd={3.0: 104.0}))
    assert order.matched == 2.0


def test_orders_lapse_at_the_start_unless_they_persist() -> None:
    queue, orders = Queue(), [SimulatedOrder("back", 2.0, 2.0), SimulatedOrder("back", 2.0, 2.0, persists=True)]
    for order in orders:
        queue.arrive(order, book())
    queue.begin()
    assert [order.open for order in orders] == [0.0, 2.0] and queue.orders == orders[1:]


@pytest.mark.parametrize(("side", "limit", "matched"), [("back", 3.0, 2.0), ("back", 3.6, 0.0), ("lay", 3.4, 0.0)])
def test_an_order_for_the_starting_price_keeps_its_limit(side: str, limit: float, matched: float) -> None:
    order = SimulatedOrder(side, limit, 2.0)
    Queue().start_at(3.5, order)
    assert (order.matched, order.open) == (matched, 0.0)


def test_no_book_gives_more_than_it_holds_nor_worse_than_was_asked_for() -> None:
    rng = random.Random(11)
    prices = CLASSIC.prices[50:80]
    for _ in range(2_000):
        side, kill = rng.choice(["back", "lay"]), rng.random() < 0.5
        ladder = {price: round(rng.uniform(0.5, 9.0), 2) for price in rng.sample(prices, 6)}
        queue, standing = Queue(), book(**{"atb" if side == "back" else "atl": ladder})
        orders = [SimulatedOrder(side, rng.choice(prices), rng.uniform(1.0, 20.0), fill_or_kill=kill) for _ in range(3)]
        for order in orders:
            queue.arrive(order, standing)
            sign = 1.0 if side == "back" else -1.0
            assert not order.matched or sign * (order.average - order.price) >= -1e-9
            assert order.matched + order.cancelled + order.open == pytest.approx(order.size)
        assert sum(order.matched for order in orders) <= sum(ladder.values()) + 1e-9
        for price, size in queue.taken[side].items():
            assert size <= ladder[price] + 1e-9


def test_fill_or_kill_takes_as_much_as_any_search_finds() -> None:
    rng = random.Random(12)
    for _ in range(200):
        prices, limit = rng.sample(CLASSIC.prices[100:130], 4), rng.choice(CLASSIC.prices[100:130])
        ladder = {price: float(rng.randint(1, 4)) for price in prices}
        order = SimulatedOrder("back", limit, 8.0, fill_or_kill=True)
        fills(order, atb=ladder)
        units = [price for price in sorted(prices, reverse=True) for _ in range(round(100 * ladder[price]))][:800]
        most, paid = 0, 0.0
        for count, price in enumerate(units, start=1):
            paid += price
            if paid / count >= limit - 1e-12:
                most = count
        assert order.matched == pytest.approx(most / 100, abs=0.011)
