"""One subscription: its request, messages of others, segments, clocks."""

from __future__ import annotations

from typing import Any

import pytest

from engine.live.adapters.betfair.subscription import (
    MARKETS,
    ORDERS,
    BrokenSegments,
    Subscription,
    market_filter,
)


def made() -> Subscription:
    return Subscription(MARKETS, market_filter(["1.1"]), 500, 0)


def message(**more: Any) -> dict[str, Any]:
    return {"op": "mcm", "id": 3, **more}


def test_a_first_request_has_no_clocks_and_the_next_has_those_of_the_last_whole_message() -> None:
    subscription = made()
    first = subscription.request(3)
    assert first == {
        "op": "marketSubscription", "id": 3, "segmentationEnabled": True, "conflateMs": 0, "heartbeatMs": 500,
        "marketFilter": {"marketIds": ["1.1"]},
        "marketDataFilter": {"ladderLevels": 3, "fields": ["EX_BEST_OFFERS", "EX_LTP", "EX_MARKET_DEF"]},
    }  # fmt: skip
    subscription.take(message(initialClk="I", clk="A", ct="SUB_IMAGE"))
    subscription.take(message(clk="B"))
    assert subscription.request(9) == first | {"id": 9, "initialClk": "I", "clk": "B"}
    subscription.restart()
    assert "clk" not in subscription.request(10)


def test_orders_are_asked_for_without_conflation() -> None:
    filters = {"orderFilter": {"includeOverallPosition": True}}
    request = Subscription(ORDERS, filters).request(2)
    assert request["op"] == "orderSubscription" and "conflateMs" not in request
    assert request["orderFilter"] == {"includeOverallPosition": True}


def test_messages_of_another_number_are_passed_over_and_counted() -> None:
    subscription = made()
    subscription.request(3)
    assert subscription.take(message(id=2, clk="old")) == [] and subscription.take(message(id=None)) == []
    assert (subscription.passed_over, subscription.clk) == (2, None)


def test_a_renewal_takes_the_messages_of_the_former_number_until_the_first_of_its_own() -> None:
    subscription = made()
    subscription.request(3)
    subscription.take(message(initialClk="I", clk="A"))
    subscription.restart()
    assert "clk" not in subscription.request(4, is_renewal=True)
    assert subscription.take(message(clk="B")) and subscription.take(message(segmentType="SEG_START")) == []
    assert subscription.clk is None  # no clock of the former one goes with the new one
    assert subscription.take(message(id=4, initialClk="J", clk="C")) and subscription.clk == "C"
    assert subscription.take(message(clk="D")) == [] and subscription.passed_over == 1


def test_segments_come_together_and_clocks_count_at_their_end() -> None:
    subscription = made()
    subscription.request(3)
    parts = [message(segmentType=kind, clk=kind) for kind in ("SEG_START", "SEG", "SEG_END")]
    assert subscription.take(parts[0]) == [] and subscription.take(parts[1]) == []
    assert subscription.clk is None
    assert subscription.take(parts[2]) == parts and subscription.clk == "SEG_END"


@pytest.mark.parametrize(
    "kinds",
    [("SEG",), ("SEG_END",), ("SEG_START", "SEG_START"), ("SEG_START", None), ("SEG_START", "SEG", None), ("ELSE",)],
)
def test_a_lost_segment_is_noticed(kinds: tuple[str | None, ...]) -> None:
    subscription = made()
    subscription.request(3)
    with pytest.raises(BrokenSegments):
        for kind in kinds:
            subscription.take(message(**({"segmentType": kind} if kind else {})))
    assert subscription.clk is None


def test_the_heartbeat_in_force_is_that_of_the_answer() -> None:
    subscription = made()
    subscription.request(3)
    subscription.take(message(heartbeatMs=5_000))
    assert subscription.in_force_ms == 5_000
    subscription.take(message(heartbeatMs=0))
    assert subscription.in_force_ms == 5_000


def test_a_subscription_has_1_to_200_markets() -> None:
    for wrong in ([], [f"1.{number}" for number in range(201)]):
        with pytest.raises(ValueError, match="1 to 200"):
            market_filter(wrong)
