"""Orders from the order stream: the documented forms, images, hostile ones, and real messages beside another reader."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from betfairlightweight.streaming.cache import OrderBookCache

from engine.exchange.book import UnreadableChange
from engine.live.adapters.betfair.order_changes import Orders, Position, StreamedOrder

RUNNER = (7, 0.0)


def told(**more: Any) -> dict[str, Any]:
    usual = {"id": "1", "p": 3.0, "s": 10.0, "side": "B", "status": "E", "pt": "L", "ot": "L", "pd": 1_600_000_000_000,
             "sm": 0, "sr": 10.0, "sl": 0, "sc": 0, "sv": 0, "rfo": "a" * 32}  # fmt: skip
    return usual | more


def message(*orders: dict[str, Any], market: str = "1.1", **more: Any) -> dict[str, Any]:
    runner = {"id": 7, "uo": list(orders)} | more.pop("runner", {})
    return {"op": "ocm", "id": 2, "pt": 1, "oc": [{"id": market, "orc": [runner]} | more.pop("of_market", {})], **more}


def test_an_order_is_told_whole_each_time() -> None:
    orders = Orders()
    (first,) = orders.take(message(told()))
    assert (first.bet_id, first.market_id, first.runner, first.our_ref) == ("1", "1.1", RUNNER, "a" * 32)
    assert (first.side, first.is_complete, first.size_minor, first.remaining_minor) == ("back", False, 1_000, 1_000)
    assert (first.placed_ns, first.matched_ns, first.strategy_ref) == (1_600_000_000 * 10**9, None, "")
    done = told(
        side="L", status="EC", sm=6.01, sr=0, sl=1, sc=0.99, sv=2, avp=3.05, md=1_600_000_001_000, lsrc="MKT_SUSPENDED"
    )
    (second,) = orders.take(message(done))
    assert orders.orders == {"1": second}
    assert (second.side, second.is_complete, second.average_price, second.lapse_reason) == (
        "lay",
        True,
        3.05,
        "MKT_SUSPENDED",
    )
    sizes = (
        second.matched_minor,
        second.remaining_minor,
        second.lapsed_minor,
        second.cancelled_minor,
        second.voided_minor,
    )
    assert sizes == (601, 0, 100, 99, 200)


def test_a_complete_order_changes_by_a_void() -> None:
    orders = Orders()
    orders.take(message(told(status="EC", sm=10.0, sr=0)))
    orders.take(message(told(status="EC", sm=6.0, sr=0, sv=4.0)))
    assert (orders.orders["1"].matched_minor, orders.orders["1"].voided_minor) == (600, 400)


def test_positions_are_totals_by_price_and_a_removed_runner_moves_them() -> None:
    orders = Orders()
    orders.take(message(runner={"mb": [[12.0, 5.0]], "ml": [[2.0, 1.0]]}))
    orders.take(message(runner={"mb": [[12.0, 0], [9.47, 5.0]]}))
    assert orders.positions == {("1.1", RUNNER): Position({9.47: 5.0}, {2.0: 1.0})}
    orders.take(message(runner={"ml": []}))
    assert orders.positions["1.1", RUNNER].lay == {}


@pytest.mark.parametrize(
    "image",
    [
        message(told(id="2"), ct="SUB_IMAGE"),
        message(told(id="2"), of_market={"fullImage": True}),
        message(told(id="2"), runner={"fullImage": True, "uo": [told(id="2")]}),
    ],
)
def test_open_orders_that_an_image_does_not_have_are_named(image: dict[str, Any]) -> None:
    orders = Orders()
    orders.take(message(told(), told(id="2"), told(id="3", status="EC"), runner={"mb": [[2.0, 1.0]]}))
    orders.take(image)
    assert orders.vanished == {"1"} and set(orders.orders) == {"2", "3"} and orders.positions == {}
    orders.take(message(told(status="EC")))
    assert orders.vanished == set()


def test_an_image_in_segments_is_one() -> None:
    orders = Orders()
    orders.take(message(told()))
    orders.take(message(told(id="2"), ct="SUB_IMAGE", segmentType="SEG_START"))
    orders.take(message(told(id="3"), ct="SUB_IMAGE", segmentType="SEG_END"))
    assert set(orders.orders) == {"2", "3"} and orders.vanished == {"1"}


def test_an_empty_image_of_a_market_leaves_nothing_of_it() -> None:
    orders = Orders()
    orders.take(message(told(), runner={"mb": [[2.0, 1.0]]}))
    orders.take({"op": "ocm", "oc": [{"id": "1.1", "accountId": 5, "fullImage": True}]})
    assert (orders.orders, orders.positions, orders.vanished) == ({}, {}, {"1"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"oc": {}}, {"oc": [7]}, {"oc": [{"orc": []}]}, {"oc": [{"id": 1}]},
        {"oc": [{"id": "1.1", "orc": [{"id": "7"}]}]},
        message(told(id=None)), message(told(side="X")), message(told(status=None)), message(told(s="10")),
        message(told(sm=-1)), message(told(sm=True)), message(told(sm=float("nan"))), message(told(sm=1e300)),
        message(told(pd="today")), message(told(rfo=5)), message(runner={"mb": 5}), message(runner={"mb": [[1.0]]}),
        message(runner={"mb": [[1.0, "x"]]}),
    ],
)  # fmt: skip
def test_what_has_not_the_documented_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableChange):
        Orders().take(wrong)


def test_no_mutation_of_a_message_raises_anything_else() -> None:
    generator = random.Random(5)
    text = json.dumps(message(told(avp=3.0, md=5), runner={"mb": [[2.0, 1.0]], "smc": {"s": {"mb": [[2.0, 1.0]]}}}))
    parts = ["null", "7", "-1", "[]", "{}", '""', "1e999", "true", '"id"', "0", ","]
    read = refused = 0
    for _ in range(3_000):
        low = generator.randrange(len(text))
        mutated = text[:low] + generator.choice(parts) + text[low + generator.randrange(12) :]
        try:
            value = json.loads(mutated)
        except ValueError:
            continue
        try:
            Orders().take(value)
            read += 1
        except UnreadableChange:
            refused += 1
    assert read > 50 and refused > 50


def test_real_messages_give_the_orders_of_another_reader(reference_dir: Path) -> None:
    names = sorted((reference_dir / "data/betfair/messages/stream").glob("ocm_*.json"))
    seen = 0
    for path in names:
        real = json.loads(path.read_text())
        for one in real if isinstance(real, list) else [real]:
            orders, theirs = Orders(), list[dict[str, Any]]()
            told_of = orders.take(one)
            for change in one.get("oc", ()):
                cache = OrderBookCache(change["id"], one["pt"], True)
                for runner in change.get("orc", ()):  # without references the other reader fails
                    runner["uo"] = [{"rfo": "", "rfs": ""} | order for order in runner.get("uo", ())]
                cache.update_cache(change, one["pt"])
                theirs += cache.serialise(None)["currentOrders"]
                for (runner, handicap), other in cache.runners.items():
                    ours = orders.positions.get((change["id"], (runner, float(handicap))), Position())
                    for points, ladder in ((ours.back, other.matched_backs), (ours.lay, other.matched_lays)):
                        assert points == {part["price"]: part["size"] for part in ladder.serialised}
            assert {order["betId"]: _plain(order) for order in theirs} == {o.bet_id: _ours(o) for o in told_of}
            seen += len(theirs)
    assert len(names) >= 15 and seen >= 15


_SIZES = ("sizeMatched", "sizeRemaining", "sizeLapsed", "sizeCancelled", "sizeVoided")


def _plain(order: dict[str, Any]) -> list[Any]:
    """An order as the other reader gives it."""
    sizes = [round(100 * (order[name] or 0)) for name in _SIZES]
    complete, price = order["status"] == "EXECUTION_COMPLETE", order["priceSize"]
    references = [order["customerOrderRef"] or "", order["customerStrategyRef"] or ""]
    head = [order["side"], complete, price["price"], round(100 * price["size"]), order["averagePriceMatched"] or 0]
    return [*head, *sizes, *references]


def _ours(order: StreamedOrder) -> list[Any]:
    sizes = [order.matched_minor, order.remaining_minor, order.lapsed_minor, order.cancelled_minor, order.voided_minor]
    return [order.side.upper(), order.is_complete, order.price, order.size_minor, order.average_price, *sizes,
            order.our_ref, order.strategy_ref]  # fmt: skip
