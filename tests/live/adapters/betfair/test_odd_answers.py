"""Answers that lack something, or say it in another form: no reading, no order, no cancellation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.live.adapters.betfair.lists import Listed, placed_ns
from engine.live.linking.contract import Link, Links, Ours, Theirs
from engine.live.venue import ACCOUNT_STOPPED, NotTaken, ReadFailed, Receipt, Unanswered
from engine.live.wire.request import Reply
from tests.betfair_exchange.words import market_of
from tests.live.adapters.betfair.scene import Scene, order
from tests.venue_server.wire import Reply as Said


def altered(scene: Scene, method: str, change: Callable[[Any], Any]) -> None:
    """Let a method's result reach the adapter changed."""
    right = scene.line.exchange

    def exchange(request: Any) -> Reply:
        reply = right(request)
        if f"/{method}".encode() not in request.content:
            return reply
        answer = json.loads(reply.content)
        return replace(reply, content=json.dumps(answer | {"result": change(answer["result"])}).encode())

    scene.line.exchange = exchange  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("report", "cause"),
    [({"status": "FAILURE"}, "unreadable"), ({"instructionReports": [{"status": "FAILURE"}]}, "not_cancelled")],
)
def test_a_cancellation_that_is_not_confirmed_is_unknown(report: dict[str, Any], cause: str) -> None:
    scene = Scene()
    scene.inject("partial_for_ever")
    scene.receipt(order())
    scene.exchange._cancel = lambda params, token: (Said(), report)  # type: ignore[method-assign]
    with pytest.raises(Unanswered) as raised:
        scene.venue.cancel(order().key)
    assert raised.value.cause == cause


@pytest.mark.parametrize(
    ("code", "failure"), [("INVALID_INPUT_DATA", NotTaken), ("NO_SESSION", NotTaken), ("SERVICE_BUSY", Unanswered)]
)
def test_a_cancellation_that_is_refused_says_whether_it_may_have_been_done(code: str, failure: type) -> None:
    scene = Scene()
    scene.inject("partial_for_ever")
    scene.receipt(order())
    scene.exchange._cancel = lambda params, token: (Said(418, code.encode()), None)  # type: ignore[method-assign]
    with pytest.raises(failure):
        scene.venue.cancel(order().key)


def test_a_bet_without_a_market_is_not_cancelled_for_that_would_cancel_more() -> None:
    scene = Scene()
    scene.inject("partial_for_ever")
    scene.receipt(order())

    def without(result: dict[str, Any]) -> dict[str, Any]:
        rows = [{name: row[name] for name in row if name != "marketId"} for row in result["currentOrders"]]
        return result | {"currentOrders": rows}

    altered(scene, "listCurrentOrders", without)
    with pytest.raises(NotTaken, match="no_such_bet"):
        scene.venue.cancel(order().key)
    assert not scene.asked("cancelOrders")


@pytest.mark.parametrize("missing", ["betId", "priceSize", "side", "selectionId", "moreAvailable", "currentOrders"])
def test_a_list_without_what_is_documented_is_no_reading(missing: str) -> None:
    scene = Scene()
    scene.receipt(order())

    def without(result: dict[str, Any]) -> dict[str, Any]:
        rows = [{name: row[name] for name in row if name != missing} for row in result["currentOrders"]]
        return {name: value for name, value in (result | {"currentOrders": rows}).items() if name != missing}

    altered(scene, "listCurrentOrders", without)
    with pytest.raises(ReadFailed, match="unreadable"):
        scene.venue.bets()


def test_a_bet_by_hand_with_a_date_that_is_none_is_no_reading() -> None:
    scene = Scene()
    scene.inject("foreign_bet")

    def dated(result: dict[str, Any]) -> dict[str, Any]:
        return result | {"currentOrders": [row | {"placedDate": "yesterday"} for row in result["currentOrders"]]}

    altered(scene, "listCurrentOrders", dated)
    with pytest.raises(ReadFailed, match="unreadable_placedDate"):
        scene.venue.bets()


@pytest.mark.parametrize("funds", [{}, {"availableToBetBalance": None}, {"availableToBetBalance": "1"}, [], None])
def test_funds_that_are_not_stated_are_no_balance(funds: Any) -> None:
    scene = Scene()
    altered(scene, "getAccountFunds", lambda result: funds)
    with pytest.raises(ReadFailed, match="unreadable"):
        scene.venue.balance_minor()


def test_a_market_with_commission_and_no_winner_is_not_shared_out() -> None:
    scene = Scene()
    scene.receipt(order())
    scene.desk.settle(order().key, -1_000)
    scene.exchange.commission_minor[market_of(1)] = 5
    assert scene.shown(order()).pnl_minor is None


@pytest.mark.parametrize(("handicap", "shown"), [(None, 0.0), (0.0, 0.0), (-1.5, -1.5)])
def test_a_handicap_is_sent_and_found_again(handicap: float | None, shown: float) -> None:
    there = Theirs("1", market_of(1), "11", handicap)
    scene = Scene(directory=Links([Link("betfair", Ours(1, "1x2", None, "home"), there, 1.0)]))
    scene.receipt(order())
    assert scene.asked("placeOrders")[0]["instructions"][0]["handicap"] == shown

    def there_too(result: dict[str, Any]) -> dict[str, Any]:
        return result | {"currentOrders": [row | {"handicap": shown} for row in result["currentOrders"]]}

    altered(scene, "listCurrentOrders", there_too)
    found = scene.shown(order())
    assert (found.event_id, found.selection) == (1, "home")


@pytest.mark.parametrize(("word", "answer"), [("KYC_SUSPEND", ACCOUNT_STOPPED), ("INTERNAL_ERROR", "no_session")])
def test_a_session_that_ends_right_before_an_order_sends_nothing(word: str, answer: str) -> None:
    scene = Scene()

    def over(result: Any) -> Any:
        scene.exchange.login_status = word
        scene.venue._api._session.expired(scene.venue._api.token())
        return result

    altered(scene, "listMarketBook", over)
    (said,) = scene.place(order())
    assert (said.reason if isinstance(said, Receipt) else str(said)) == answer
    assert not scene.asked("placeOrders")


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("listMarketBook", []), ("listMarketBook", None), ("listMarketBook", {}),
        ("listMarketBook", [{"marketId": "1.2", "status": "OPEN", "inplay": False, "version": 1}]),
        ("listMarketBook", [{"marketId": market_of(1), "status": "OPEN", "version": 1}]),
        ("listMarketBook", [{"marketId": market_of(1), "status": "OPEN", "inplay": False}]),
        ("listMarketCatalogue", None), ("listMarketCatalogue", [{"marketId": market_of(1)}]),
        ("listMarketCatalogue", [{"marketId": market_of(1), "event": {"id": "1"}}]),
        ("listMarketCatalogue", [{"marketId": market_of(1), "description": {}}]),
    ],
)  # fmt: skip
def test_a_market_that_does_not_say_how_it_stands_gets_no_order(method: str, result: Any) -> None:
    scene = Scene()
    altered(scene, method, lambda _: result)
    (answer,) = scene.place(order())
    assert isinstance(answer, NotTaken) and answer.cause.startswith("market_") and not scene.asked("placeOrders")


def test_a_market_that_the_catalogue_does_not_list_any_more_gets_no_order() -> None:
    scene = Scene()
    altered(scene, "listMarketCatalogue", lambda _: [])
    assert scene.receipt(order()).reason == "suspended" and not scene.asked("placeOrders")


@pytest.mark.parametrize("date", ["2023-11-14T22:13:20.500Z", "2023-11-14T22:13:20.5", "2023-11-14T23:13:20.500+01:00"])
def test_dates_are_utc_unless_they_say_otherwise(date: str) -> None:
    assert placed_ns(Listed({"placedDate": date})) == 1_700_000_000_500_000_000
    assert placed_ns(Listed({})) == 0
