"""The lists of an account over HTTPS: pages, where a bet can be, settlements with commission, money, and sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.live.account import VenueAccount
from engine.live.adapters.betfair.api import Api, Unreadable
from engine.live.adapters.betfair.lists import Listed, receipt_of, shared
from engine.live.linking.contract import Links
from engine.live.venue import NotTaken, Outcome, ReadFailed, Receipt, Unanswered
from engine.live.wire.request import Reply, WireFailure
from tests.betfair_exchange.words import market_of
from tests.live.adapters.betfair.scene import Scene, order
from tests.live.venues.orders import BANKROLL

CURRENT = {
    "betId": "7", "marketId": market_of(1), "selectionId": 11, "handicap": 0, "side": "BACK",
    "priceSize": {"price": 2.0, "size": 10.0}, "averagePriceMatched": 2.2, "sizeMatched": 10.0, "sizeRemaining": 0.0,
    "sizeLapsed": 0.0, "sizeCancelled": 0.0, "sizeVoided": 0.0, "status": "EXECUTION_COMPLETE",
}  # fmt: skip
CLEARED = {
    "betId": "7", "marketId": market_of(1), "selectionId": 11, "side": "BACK", "priceMatched": 2.2, "sizeSettled": 10.0,
    "profit": 12.0, "sizeCancelled": 0.0,
}  # fmt: skip


def stated(current: dict[str, Any] | None = None, net: int | None = None, **cleared: dict[str, Any]) -> Receipt:
    row = None if current is None else CURRENT | current
    return receipt_of("k", Listed(row, {kind: CLEARED | values for kind, values in cleared.items()}), net)


@pytest.mark.parametrize(
    ("current", "outcome", "matched", "rest"),
    [
        ({}, Outcome.PLACED, 1_000, 0),
        ({"sizeMatched": 4.0, "sizeRemaining": 6.0}, Outcome.PARTIAL, 400, 600),
        ({"sizeMatched": 0, "averagePriceMatched": 0, "sizeRemaining": 10.0}, Outcome.PENDING, 0, 1_000),
        ({"sizeMatched": 4.0, "sizeLapsed": 6.0}, Outcome.LAPSED, 400, 0),
        ({"sizeMatched": 4.0, "sizeCancelled": 6.0}, Outcome.LAPSED, 400, 0),
        ({"sizeMatched": 4.0, "sizeVoided": 6.0}, Outcome.PLACED, 400, 0),
        ({"sizeMatched": 0, "averagePriceMatched": 0, "sizeVoided": 10.0}, Outcome.VOID, 0, 0),
        ({"sizeMatched": 0, "averagePriceMatched": 0, "sizeLapsed": 10.0}, Outcome.LAPSED, 0, 0),
    ],
)
def test_a_current_order_is_what_its_sizes_say_and_complete_is_not_matched(
    current: dict[str, Any], outcome: Outcome, matched: int, rest: int
) -> None:
    receipt = stated(current)
    assert (receipt.outcome, receipt.matched_minor, receipt.open_minor) == (outcome, matched, rest)


def test_a_lay_risks_its_liability_and_its_open_rest_the_one_at_its_limit() -> None:
    receipt = stated({"side": "LAY", "sizeMatched": 4.0, "sizeRemaining": 6.0, "averagePriceMatched": 1.9})
    assert (receipt.matched_minor, receipt.backer_minor, receipt.open_minor) == (360, 400, 600)


def test_an_order_that_shows_in_several_lists_is_one_bet() -> None:
    both = stated({"sizeMatched": 4.0, "sizeLapsed": 6.0}, LAPSED={})
    assert (both.outcome, both.matched_minor) == (Outcome.LAPSED, 400)
    settled = stated({}, 1_150, SETTLED={}, LAPSED={}, VOIDED={})
    assert (settled.outcome, settled.pnl_minor, settled.commission_minor) == (Outcome.SETTLED, 1_150, 50)
    void = stated(VOIDED={"profit": 0.0})
    assert (void.outcome, void.pnl_minor, void.matched_minor) == (Outcome.VOID, 0, 1_000)
    for kind in ("LAPSED", "CANCELLED"):
        gone = stated(**{kind: {"priceMatched": 0, "profit": 0}})
        assert (gone.outcome, gone.matched_minor) == (Outcome.LAPSED, 0)


def test_a_settlement_whose_commission_is_not_stated_has_no_money_yet() -> None:
    assert stated(SETTLED={}).pnl_minor is None


def test_commission_is_of_the_market_and_shared_out_over_its_winners() -> None:
    scene = Scene()
    for number in (1, 2, 3):
        scene.receipt(order(number, stake_minor=100 * number))
    market = market_of(1)
    # 9.00 and 6.00 won, 1.00 lost: 5 % of 14.00 is 0.70, of which 0.42 and 0.28
    for number, profit, share in ((1, -100, 0), (2, 600, 28), (3, 900, 42)):
        scene.exchange.charged_minor[order(number).key] = share
        scene.desk.settle(order(number).key, profit - share)
    scene.exchange.commission_minor[market] = 70
    shown = {receipt.key: receipt for receipt in scene.venue.look_up([order(n).key for n in (1, 2, 3)]).receipts}
    money = [(shown[order(n).key].pnl_minor, shown[order(n).key].commission_minor) for n in (1, 2, 3)]
    assert money == [(-100, 0), (572, 28), (858, 42)]
    assert scene.venue.balance_minor() == BANKROLL + sum(pnl or 0 for pnl, _ in money)
    levels = {(asked.get("groupBy"), "marketIds" in asked) for asked in scene.asked("listClearedOrders")}
    assert levels == {(None, False), ("MARKET", True), (None, True)}
    asked = len(scene.asked("listClearedOrders"))
    alone = scene.shown(order(3))  # its share counts the winners that were not asked for
    assert alone.pnl_minor == 858
    assert len(scene.asked("listClearedOrders")) == asked + 5, "the bets of the market are not read again"
    scene.desk.settle(order(2).key, -200, version=2)  # settled anew: one winner is left, and bears it all
    scene.exchange.charged_minor = {order(3).key: 45}
    scene.desk.settle(order(3).key, 855, version=2)
    scene.exchange.commission_minor[market] = 45
    again = {receipt.key: receipt.pnl_minor for receipt in scene.venue.look_up([order(2).key, order(3).key]).receipts}
    assert again == {order(2).key: -200, order(3).key: 855}


def test_shares_are_whole_and_add_up() -> None:
    for amount in (0, 1, 7, 99):
        parts = shared(amount, {"a": 1, "b": 1, "c": 1})
        assert sum(parts.values()) == amount and max(parts.values()) - min(parts.values()) <= 1


def test_every_page_of_every_list_is_read() -> None:
    scene = Scene()
    scene.exchange.page_rows = 2
    for number in range(1, 8):
        scene.receipt(order(number, stake_minor=100))
    for number in range(1, 6):
        scene.desk.settle(order(number).key, -100)
    keys = [order(number).key for number in range(1, 8)]
    reading = scene.venue.look_up(keys)
    assert reading.complete and [receipt.outcome for receipt in reading.receipts].count(Outcome.SETTLED) == 5
    assert {receipt.key for receipt in reading.receipts} == set(keys) == {r.key for r in scene.venue.bets().receipts}
    starts = [asked["fromRecord"] for asked in scene.asked("listClearedOrders") if asked["betStatus"] == "SETTLED"]
    assert {0, 2, 4} <= set(starts)


def test_a_list_that_promises_more_than_it_gives_is_incomplete() -> None:
    scene = Scene()
    scene.receipt(order())
    scene.inject("list_capped")
    assert not scene.venue.bets().complete and not scene.venue.look_up([order().key]).complete
    with pytest.raises(ReadFailed, match="orders_incomplete"):
        scene.venue.balance_minor()


def test_an_answer_of_a_cache_is_incomplete() -> None:
    scene = Scene()
    scene.receipt(order())
    scene.inject("list_cached", 10)
    assert scene.venue.look_up([order().key]).complete
    scene.clock.sleep_ns(5 * 10**9)
    assert not scene.venue.look_up([order().key]).complete


def test_current_orders_are_read_before_cleared_ones_so_that_none_slips_through() -> None:
    scene = Scene()
    scene.receipt(order())
    right, read = scene.line.exchange, []

    def exchange(request: Any) -> Reply:
        reply = right(request)
        method = request.content.partition(b'"method": "')[2].partition(b'"')[0].decode()
        if method.endswith("listCurrentOrders") and not read:
            scene.desk.settle(order().key, 900)  # it is settled between the two reads
        read.append(method)
        return reply

    scene.line.exchange = exchange  # type: ignore[method-assign]
    (receipt,) = scene.venue.look_up([order().key]).receipts
    assert receipt.outcome is Outcome.SETTLED and read[0].endswith("listCurrentOrders")


def test_a_look_up_asks_for_the_references_and_the_account_for_a_week() -> None:
    scene = Scene()
    scene.venue.look_up([order().key, "no reference of ours"])
    asked = scene.asked("listCurrentOrders") + scene.asked("listClearedOrders")
    assert all(one["customerOrderRefs"] == [order().key] for one in asked)
    kinds = [one["betStatus"] for one in scene.asked("listClearedOrders")]
    assert kinds == ["SETTLED", "VOIDED", "LAPSED", "CANCELLED"]
    scene.clock.reach(1_700_000_000 * 10**9)
    scene.venue.bets()
    assert scene.asked("listClearedOrders")[-1]["settledDateRange"] == {"from": "2023-11-07T22:13:20Z"}


def test_a_bet_by_hand_is_foreign_and_counts() -> None:
    scene = Scene()
    scene.inject("foreign_bet")
    (bet,) = scene.venue.bets().foreign
    assert (bet.venue_bet_id, bet.event_id, bet.at_risk_minor, bet.selection) == ("hand-1", 1, 700, "home")


def test_a_bet_whose_market_is_not_linked_has_no_event() -> None:
    scene = Scene()
    scene.receipt(order())
    scene.venue._directory = Links([])
    (receipt,) = scene.venue.bets().receipts
    assert receipt.event_id is None and receipt.selection == "" and receipt.side == "back"


# -- money and account ------------------------------------------------------------------------------------------------


def test_the_balance_counts_each_bet_by_itself_where_betfair_nets_a_market() -> None:
    scene = Scene()
    scene.receipt(order(1))
    scene.receipt(order(2, side="lay", backer_minor=1_000, odds_worst=2.0))
    assert scene.venue.balance_minor() == BANKROLL - 2_000
    right = scene.exchange._funds

    def netted(params: Any, token: str) -> Any:
        said, funds = right(params, token)
        return said, funds | {"availableToBetBalance": BANKROLL / 100, "exposure": 0.0}  # the two cover each other

    scene.exchange._funds = netted  # type: ignore[method-assign]
    assert scene.venue.balance_minor() == BANKROLL - 2_000


def test_the_account_says_whose_it_is() -> None:
    assert Scene().venue.account() == VenueAccount("Some Body", "GBP", BANKROLL)


# -- sessions and failures of reads -----------------------------------------------------------------------------------


def test_a_read_whose_session_is_over_logs_in_and_asks_once_more() -> None:
    scene = Scene()
    scene.receipt(order())
    scene.desk.sessions.clear()
    assert scene.venue.look_up([order().key]).complete
    methods = [call["method"].rpartition("/")[2] for call in scene.exchange.calls]
    assert methods.count("listCurrentOrders") == 2


def test_a_place_whose_session_is_over_is_not_sent_again_by_itself() -> None:
    scene = Scene()
    scene.inject("status_401")
    (answer,) = scene.place(order())
    assert isinstance(answer, NotTaken) and answer.cause == "no_session"
    assert len(scene.asked("placeOrders")) == 1 and scene.receipt(order()).outcome is Outcome.PLACED


def test_a_login_that_fails_for_a_while_fails_reads_and_sends_nothing() -> None:
    scene = Scene()
    scene.inject("login_fails", 4)
    with pytest.raises(ReadFailed, match="login"):
        scene.venue.bets()
    (answer,) = scene.place(order())
    assert isinstance(answer, NotTaken) and not scene.exchange.calls


class Answered:
    """A wire with one answer to everything but logins."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def exchange(self, request: Any) -> Reply:
        if "/api/" in request.url:
            return Reply(200, b'{"token": "token-1", "product": "x", "status": "SUCCESS", "error": ""}')
        return self.reply


@pytest.mark.parametrize(
    ("content", "status", "cause"),
    [
        (b'{"jsonrpc":"2.0","result":{},"id":2}', 200, "wrong_id"), (b'{"jsonrpc":"2.0","id":1}', 200, "unreadable"),
        (b"<html>", 200, "unreadable"), (b"", 200, "unreadable"), (b"{}", 417, "status_417"), (b"", 503, "status_503"),
        (b'{"jsonrpc":"2.0","error":{"code":-32700,"message":"DSC-0008"},"id":1}', 200, "-32700"),
        (b'{"jsonrpc":"2.0","error":{"code":-32603},"id":1}', 200, "-32603"),
        (b'{"jsonrpc":"2.0","error":{"code":-32099,"data":{"exceptionname":"APINGException","APINGException":'
         b'{"errorCode":"TOO_MUCH_DATA"}}},"id":1}', 200, "too_much_data"),
        (b'{"jsonrpc":"2.0","error":7,"id":1}', 200, "unreadable"),
        (b'{"faultcode":"Client","faultstring":"ANGX-0003"}', 400, "status_400"),
    ],
)  # fmt: skip
def test_what_is_no_sound_answer_of_the_interface_fails_a_read(content: bytes, status: int, cause: str) -> None:
    scene = Scene()
    scene.line.exchange = Answered(Reply(status, content)).exchange  # type: ignore[method-assign]
    with pytest.raises(ReadFailed) as raised:
        scene.venue.account()
    assert raised.value.cause == cause


def test_an_order_after_which_the_interface_says_nothing_sound_is_unknown() -> None:
    scene = Scene()
    scene.receipt(order(1))
    right = Api.change

    def change(self: Api, *values: Any) -> Any:
        right(self, *values)
        raise Unreadable("status_400")

    Api.change = change  # type: ignore[method-assign]
    try:
        (answer,) = scene.place(order(2))
    finally:
        Api.change = right  # type: ignore[method-assign]
    assert isinstance(answer, Unanswered) and scene.shown(order(2)).outcome is Outcome.PLACED


# -- cancelling -------------------------------------------------------------------------------------------------------


def test_a_cancellation_names_one_bet_of_one_market() -> None:
    scene = Scene()
    scene.inject("partial_for_ever")
    assert scene.receipt(order()).outcome is Outcome.PARTIAL
    lapsed = scene.venue.cancel(order().key)
    assert (lapsed.outcome, lapsed.matched_minor, lapsed.open_minor) == (Outcome.LAPSED, 500, 0)
    (sent,) = scene.asked("cancelOrders")
    assert sent == {"marketId": market_of(1), "instructions": [{"betId": lapsed.venue_bet_id}]}


def test_without_an_open_rest_nothing_is_sent_for_an_empty_list_would_cancel_everything() -> None:
    scene = Scene()
    with pytest.raises(NotTaken, match="no_such_bet"):
        scene.venue.cancel(order().key)
    scene.receipt(order())
    assert scene.venue.cancel(order().key).outcome is Outcome.PLACED and not scene.asked("cancelOrders")


def test_a_cancellation_without_an_answer_is_unknown() -> None:
    scene = Scene()
    scene.inject("partial_for_ever")
    scene.receipt(order())
    right = scene.line.exchange

    def exchange(request: Any) -> Reply:
        reply = right(request)
        if b"cancelOrders" in request.content:
            raise WireFailure("reset")
        return reply

    scene.line.exchange = exchange  # type: ignore[method-assign]
    with pytest.raises(Unanswered, match="reset"):
        scene.venue.cancel(order().key)
    assert replace(scene.shown(order()), raw={}).outcome is Outcome.LAPSED


def test_a_settled_lay_has_its_liability_and_the_backers_stake() -> None:
    lay = stated(None, 950, SETTLED={"side": "LAY", "priceMatched": 1.5, "sizeSettled": 20.0})
    assert (lay.matched_minor, lay.backer_minor, lay.odds) == (1_000, 2_000, 1.5)
    back = stated(None, 950, SETTLED={})
    assert (back.matched_minor, back.backer_minor) == (1_000, 0)
    void = stated(VOIDED={"side": "LAY", "priceMatched": 0, "profit": 0})
    assert (void.outcome, void.matched_minor, void.backer_minor) == (Outcome.VOID, 0, 0)
