"""Placing orders over HTTPS: what is sent, what each answer and each code means, and what is never sent twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import ConfigurationError
from engine.exchange.ladder import CLASSIC, FINEST
from engine.live.adapters.betfair.codes import MEANINGS, Meaning, said_of
from engine.live.adapters.betfair.orders import Draft, answers_of, drafted
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.stakes import Minimum, minimum_of
from engine.live.adapters.betfair.venue import PROFILE
from engine.live.bets.bet import Bet, after
from engine.live.bets.postings import intended
from engine.live.execution.evidence import surprises
from engine.live.linking.contract import Links, Theirs
from engine.live.venue import (
    ACCOUNT_STOPPED,
    DUPLICATE,
    INSUFFICIENT_FUNDS,
    NotTaken,
    Outcome,
    ProofClass,
    Receipt,
    Unanswered,
)
from tests.betfair_exchange.words import market_of
from tests.live.adapters.betfair.scene import Scene, order
from tests.live.execution.world import order as bet_order

THERE = Theirs("1", market_of(1), "11", 0.0)
ANY = Minimum(1, 0)


def draft(**values: Any) -> Draft:
    made = drafted(order(**values), THERE, CLASSIC, ANY)
    assert isinstance(made, Draft)
    return made


def test_an_absence_takes_three_minutes_and_a_resend_ends_within_the_memory_of_betfair() -> None:
    seconds = 10**9
    assert (PROFILE.proof, PROFILE.resend, PROFILE.all_or_none) == (ProofClass.SHORT_WINDOW, False, False)
    assert (PROFILE.absence_wait_ns, PROFILE.absence_reads, PROFILE.absence_gap_ns) == (180 * seconds, 3, 10 * seconds)
    last = PROFILE.resend_until_ns + PROFILE.connect_timeout_ns + PROFILE.send_timeout_ns
    assert last + 5 * seconds <= 60 * seconds
    assert PROFILE.send_timeout_ns > 17 * seconds, "a bet in play waits 12 s, and Betfair tries for 5 s"


def test_an_order_is_sent_as_documented() -> None:
    scene = Scene()
    receipt = scene.receipt(order(odds_worst=1.913))
    (sent,) = scene.asked("placeOrders")
    assert sent == {
        "marketId": market_of(1), "customerRef": order().key, "customerStrategyRef": "bea",
        "marketVersion": {"version": 1},
        "instructions": [
            {
                "selectionId": 11, "handicap": 0.0, "side": "BACK", "orderType": "LIMIT",
                "customerOrderRef": order().key,
                "limitOrder": {"size": 10.0, "price": 1.92, "timeInForce": "FILL_OR_KILL"},
            }
        ],
    }  # fmt: skip
    assert (receipt.outcome, receipt.matched_minor, receipt.odds) == (Outcome.PLACED, 1_000, 2.0)
    assert receipt.raw["averagePriceMatched"] == 2.0 and receipt.raw["limit"] == 1.92


@pytest.mark.parametrize(
    ("side", "worst", "limit"),
    [("back", 2.01, 2.02), ("back", 2.0, 2.0), ("back", 1.0, 1.01), ("lay", 2.01, 2.0), ("lay", 6.15, 6.0),
     ("lay", 2_000.0, 1_000.0)],
)  # fmt: skip
def test_the_price_is_the_nearest_of_the_ladder_within_the_limit(side: str, worst: float, limit: float) -> None:
    assert draft(side=side, odds_worst=worst, backer_minor=1_000, stake_minor=10**7).limit == limit


def test_a_ladder_of_hundredths_takes_every_hundredth() -> None:
    made = drafted(order(odds_worst=6.15), THERE, FINEST, ANY)
    assert isinstance(made, Draft) and made.limit == 6.15


@pytest.mark.parametrize(
    ("betting", "market", "ladder"),
    [("LINE", "TEAM_POINTS", "LINE_RANGE"), ("ODDS", "EACH_WAY", "CLASSIC"), ("ODDS", "MATCH_ODDS", "SOMETHING_NEW")],
)
def test_a_market_of_lines_or_each_way_is_refused(betting: str, market: str, ladder: str) -> None:
    scene = Scene()
    scene.exchange.description = {
        "bettingType": betting, "marketType": market, "priceLadderDescription": {"type": ladder},
    }  # fmt: skip
    assert scene.receipt(order()).reason == "kind_of_market" and not scene.asked("placeOrders")


def test_a_price_beyond_the_ladder_is_refused_and_nothing_is_sent() -> None:
    scene = Scene()
    assert scene.receipt(order(odds_worst=1_001.0)).reason == "price_off_ladder"
    assert scene.receipt(order(side="lay", odds_worst=1.0, backer_minor=100)).reason == "price_off_ladder"
    assert not scene.asked("placeOrders")


def test_a_lay_never_risks_more_than_its_liability_at_the_limit() -> None:
    made = draft(side="lay", odds=3.0, odds_worst=3.06, stake_minor=1_000, backer_minor=500)
    assert made.limit == 3.05 and made.size_minor == 487  # 4.87 x 2.05 = 9.98
    assert made.size_minor * (made.limit - 1.0) <= 1_000 < (made.size_minor + 1) * (made.limit - 1.0)


@pytest.mark.parametrize(
    ("currency", "place", "stake", "limit", "allowed"),
    [("GBP", "com", 100, 1.5, True), ("GBP", "com", 99, 10.0, False), ("GBP", "com", 50, 20.0, True),
     ("GBP", "es", 50, 20.0, False), ("EUR", "com", 50, 40.0, True), ("EUR", "com", 50, 39.0, False),
     ("SEK", "com", 1_499, 2.0, False), ("AUD", "com", 500, 2.0, True), ("AUD", "com", 499, 2.0, False)],
)  # fmt: skip
def test_minimum_stakes_of_each_currency(currency: str, place: str, stake: int, limit: float, allowed: bool) -> None:
    assert minimum_of(currency, place).allows(stake, limit) is allowed


def test_stakes_of_the_italian_exchange_are_multiples_of_50_cents() -> None:
    made = drafted(order(stake_minor=777), THERE, CLASSIC, minimum_of("EUR", "it"))
    assert isinstance(made, Draft) and made.size_minor == 750
    small = drafted(order(stake_minor=199), THERE, CLASSIC, minimum_of("EUR", "it"))
    assert isinstance(small, Receipt) and small.reason == "stake_minimum"


def test_an_order_that_had_to_wait_too_long_does_not_leave() -> None:
    scene = Scene()
    right = scene.line.exchange

    def slow(request: Any) -> Any:
        if b"listMarketBook" in request.content:
            assert request.timeout_s <= 1.5
            scene.clock.sleep_ns(3_000_000_001)
        return right(request)

    scene.line.exchange = slow  # type: ignore[method-assign]
    (answer,) = scene.place(order())
    assert isinstance(answer, NotTaken) and answer.cause == "late" and not scene.asked("placeOrders")


def test_minima_are_settings_and_an_unknown_currency_needs_them() -> None:
    assert minimum_of("GBP", "com", 200, 5_000) == Minimum(200, 5_000)
    assert minimum_of("CHF", "com", 300) == Minimum(300, 0)
    with pytest.raises(ConfigurationError, match=r"betfair\.currency.*stake_min_minor"):
        minimum_of("CHF", "com")


def test_a_stake_below_the_minimum_is_refused_and_nothing_is_sent() -> None:
    scene = Scene(BetfairSettings())
    assert scene.receipt(order(stake_minor=99)).reason == "stake_minimum" and not scene.asked("placeOrders")


def test_what_is_not_linked_is_refused_and_nothing_is_sent() -> None:
    scene = Scene(directory=Links([]))
    assert scene.receipt(order()).reason == "not_linked" and not scene.exchange.calls


@pytest.mark.parametrize(("state", "reason"), [("suspended", "suspended"), ("in_play", "in_play")])
def test_the_market_is_looked_at_right_before(state: str, reason: str) -> None:
    scene = Scene()
    getattr(scene.exchange, state).add(market_of(1))
    assert scene.receipt(order()).reason == reason and not scene.asked("placeOrders")


def test_in_play_is_a_setting_and_the_version_that_was_seen_goes_with_the_order() -> None:
    scene = Scene(BetfairSettings(in_play=True))
    scene.exchange.in_play.add(market_of(1))
    scene.exchange.version = 1_400_311_331
    assert scene.receipt(order()).outcome is Outcome.PLACED
    assert scene.asked("placeOrders")[0]["marketVersion"] == {"version": 1_400_311_331}


def test_orders_of_another_market_wait_for_a_request_of_their_own() -> None:
    scene = Scene()
    first, second, third = scene.place(order(1), order(2, event_id=2), order(3))
    assert isinstance(first, Receipt) and isinstance(third, Receipt)
    assert isinstance(second, NotTaken) and len(scene.asked("placeOrders")) == 1


def test_an_order_that_may_stand_is_not_sent_within_another_request() -> None:
    scene = Scene()
    scene.inject("timeout_after")
    assert {str(answer) for answer in scene.place(order(1), order(2))} == {"timeout"}
    (again,) = scene.place(order(1))  # Betfair would not know it again: this is another request
    assert isinstance(again, NotTaken) and len(scene.asked("placeOrders")) == 1
    both = scene.place(order(1), order(2))
    assert {str(answer) for answer in both} == {DUPLICATE} and len(scene.asked("placeOrders")) == 2
    assert len(scene.venue.look_up([order(1).key, order(2).key]).receipts) == 2


def test_transactions_of_a_clock_hour_are_counted() -> None:
    scene = Scene(BetfairSettings(transactions_an_hour=2))
    assert all(isinstance(answer, Receipt) for answer in scene.place(order(1), order(2)))
    (third,) = scene.place(order(3))
    assert isinstance(third, NotTaken) and third.cause == "transactions"
    scene.clock.sleep_ns(3_600 * 10**9)
    assert scene.receipt(order(3)).outcome is Outcome.PLACED


# -- what answers mean ------------------------------------------------------------------------------------------------


def report(**values: Any) -> dict[str, Any]:
    """A report of one order that is matched whole."""
    instruction = draft().instruction()
    sound = {
        "status": "SUCCESS", "orderStatus": "EXECUTION_COMPLETE", "betId": "71962975289", "averagePriceMatched": 2.02,
        "sizeMatched": 10.0, "placedDate": "2016-07-30T17:04:40.000Z", "instruction": instruction,
    }  # fmt: skip
    return sound | values


def said(*reports: dict[str, Any], **whole: Any) -> Receipt | Exception:
    (answer,) = answers_of([draft()], {"status": "SUCCESS", "instructionReports": list(reports)} | whole)
    return answer


@pytest.mark.parametrize(
    ("values", "outcome", "matched", "rest"),
    [
        ({}, Outcome.PLACED, 1_000, 0),
        ({"orderStatus": "EXPIRED", "sizeMatched": 0, "averagePriceMatched": 0}, Outcome.LAPSED, 0, 0),
        ({"orderStatus": "EXPIRED", "sizeMatched": 4.0}, Outcome.LAPSED, 400, 0),
        ({"sizeMatched": 4.0}, Outcome.LAPSED, 400, 0),
        ({"orderStatus": "EXECUTABLE", "sizeMatched": 4.0}, Outcome.PARTIAL, 400, 600),
        ({"orderStatus": "EXECUTABLE", "sizeMatched": None, "averagePriceMatched": None}, Outcome.PENDING, 0, 1_000),
        ({"sizeMatched": 12.0}, Outcome.PLACED, 1_200, 0),
    ],
)
def test_a_bet_is_what_its_status_and_sizes_say(
    values: dict[str, Any], outcome: Outcome, matched: int, rest: int
) -> None:
    receipt = said(report(**values))
    assert isinstance(receipt, Receipt), receipt
    assert (receipt.outcome, receipt.matched_minor, receipt.open_minor) == (outcome, matched, rest)
    assert receipt.venue_bet_id == "71962975289"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "TIMEOUT"}, {"status": "DONE"}, {"status": None}, {"betId": None}, {"betId": ""}, {"betId": 5},
        {"orderStatus": "PENDING"}, {"orderStatus": "PENDING", "betId": None}, {"orderStatus": None},
        {"sizeMatched": "10"}, {"sizeMatched": -1}, {"sizeMatched": 1e300}, {"sizeMatched": True},
        {"averagePriceMatched": 0}, {"averagePriceMatched": 0.5}, {"instruction": None}, {"instruction": {}},
        {"instruction": draft().instruction() | {"selectionId": 12}},
        {"instruction": draft().instruction() | {"side": "LAY"}},
        {"status": "FAILURE"}, {"status": "FAILURE", "errorCode": "SOMETHING_NEW"},
        {"status": "FAILURE", "errorCode": "INVALID_ODDS"},  # with a bet id
    ],
)  # fmt: skip
def test_whatever_is_doubtful_is_unknown(values: dict[str, Any]) -> None:
    assert isinstance(said(report(**values)), Unanswered)


@pytest.mark.parametrize(
    ("whole", "cause"),
    [
        ({"status": "TIMEOUT"}, "status_timeout"), ({"status": "PROCESSED_WITH_ERRORS"}, "no_answer"),
        ({"status": "SUCCESS"}, "no_answer"), ({"status": "FAILURE"}, "unreadable"),
        ({"status": "FAILURE", "errorCode": "DUPLICATE_TRANSACTION"}, DUPLICATE),
    ],
)  # fmt: skip
def test_a_request_without_a_report_of_an_order(whole: dict[str, Any], cause: str) -> None:
    answer = said(**whole)
    assert isinstance(answer, Unanswered) and answer.cause == cause


def test_a_report_counts_whatever_is_said_of_the_whole() -> None:
    for status in ("PROCESSED_WITH_ERRORS", "TIMEOUT", "FAILURE"):
        placed = said(report(), status=status, errorCode="BET_ACTION_ERROR")
        assert isinstance(placed, Receipt) and placed.outcome is Outcome.PLACED


@pytest.mark.parametrize("code", MEANINGS)
def test_every_documented_code_has_its_meaning(code: str) -> None:
    """Refused, retry, or unknown: as a code of the request, of an order, and of the interface, over the wire."""
    what, scene = MEANINGS[code], Scene()
    of_request = said(status="FAILURE", errorCode=code)
    of_order = said(
        {"status": "FAILURE", "errorCode": code, "instruction": draft().instruction()}, status="FAILURE",
        errorCode="BET_ACTION_ERROR",
    )  # fmt: skip
    scene.exchange.refusals = [code]
    (of_interface,) = scene.place(order())
    for answer in (of_request, of_order, of_interface):
        if what in (Meaning.REFUSED, Meaning.STOPS, Meaning.FUNDS):
            assert isinstance(answer, Receipt) and answer.outcome is Outcome.REJECTED and not answer.venue_bet_id
            expected = {Meaning.STOPS: ACCOUNT_STOPPED, Meaning.FUNDS: INSUFFICIENT_FUNDS}.get(what, code.lower())
            assert answer.reason == expected and answer.raw["errorCode"] == code
        elif what in (Meaning.NOT_TAKEN, Meaning.SESSION):
            assert isinstance(answer, NotTaken)
        else:
            assert isinstance(answer, Unanswered) and " " not in answer.cause
    assert len(scene.asked("placeOrders")) == 1, "nothing is sent twice"


@pytest.mark.parametrize("code", ["LOSS_LIMIT_EXCEEDED", "INVALID_ACCOUNT_STATE", "SELF_EXCLUDED", "KYC_SUSPEND"])
def test_what_lies_with_the_account_trips_a_breaker_that_a_person_ends(code: str) -> None:
    receipt = said_of(order().key, code, {})
    assert isinstance(receipt, Receipt)
    ((alarm, breaker),) = surprises(bet_of(), receipt, "betfair")
    assert (alarm.name, breaker) == ("account_stopped", "account/venue/betfair") and code in alarm.text


def test_a_login_that_is_refused_for_good_stops_the_account() -> None:
    for word in ("SELF_EXCLUDED", "KYC_SUSPEND", "INVALID_USERNAME_OR_PASSWORD"):
        scene = Scene()
        scene.exchange.login_status = word
        receipts = [scene.receipt(order(number)) for number in (1, 2)]
        assert {receipt.reason for receipt in receipts} == {ACCOUNT_STOPPED} and not scene.exchange.calls


def bet_of() -> Bet:
    return after(None, intended(bet_order(), {}, 0))


def test_the_average_price_is_held_against_the_limit_again() -> None:
    scene = Scene()
    scene.inject("price_worse_taken")
    wanted = order(odds_worst=1.9)
    receipt = scene.receipt(wanted)
    assert receipt.outcome is Outcome.PLACED and receipt.odds == 1.505 == receipt.raw["averagePriceMatched"]
    bet = bet_of()
    bet = replace(bet, order=replace(bet.order, odds_worst=1.9))
    ((alarm, breaker), *_) = surprises(bet, receipt, "betfair")
    assert (alarm.name, breaker) == ("worse_price", "price/venue/betfair")
    assert "matched at 1.505, the limit was 1.9" in alarm.text


def test_reports_in_another_order_are_told_apart_by_reference_and_strangers_are_named() -> None:
    drafts = [draft(), drafted(order(2), THERE, CLASSIC, ANY)]
    assert isinstance(drafts[1], Draft)
    reports: Sequence[Any] = [report(instruction=one.instruction(), betId=one.order.key[:8]) for one in drafts]
    answers = answers_of(drafts, {"status": "SUCCESS", "instructionReports": list(reports)[::-1]})
    assert [answer.key for answer in answers if isinstance(answer, Receipt)] == [one.order.key for one in drafts]
    stranger = report(instruction=draft().instruction() | {"customerOrderRef": "f" * 32})
    (answer,) = answers_of(drafts[:1], {"status": "SUCCESS", "instructionReports": [stranger]})
    assert isinstance(answer, Receipt) and answer.key == "f" * 32


def test_two_reports_of_one_order_count_once_and_prove_nothing_where_they_differ() -> None:
    assert said(report(), report()) == said(report())
    torn = said(report(), report(sizeMatched=4.0))
    assert isinstance(torn, Unanswered) and torn.cause == "two_answers"


def test_only_documented_fields_of_an_answer_are_kept() -> None:
    receipt = said(report(note="PLANTED", errorCode=None))
    assert isinstance(receipt, Receipt) and "PLANTED" not in json.dumps(dict(receipt.raw))
