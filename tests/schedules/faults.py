"""Faults of schedules: those of the venue with faults, and some that need its clock or two things at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine.live.venue import Outcome
from tests.venue_server.desk import Act, Desk, Fault, Go
from tests.venue_server.faults import FAULTS as OF_THE_VENUE
from tests.venue_server.wire import Delivery, Reply, Request, reply

#: money of the bet that somebody else places on the account
FOREIGN_MINOR: Final = 700


def _unheard(name: str) -> Act:
    """What another fault does, and the answer is lost."""
    act = OF_THE_VENUE[name].act

    def both(desk: Desk, request: Request, go: Go) -> Reply:
        return replace(act(desk, request, go), delivery=Delivery.SILENT)

    return both


def _late(seconds: float) -> Act:
    """The request reaches the venue's books late, long after the client gave up."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        orders = list(request.body["orders"])
        desk.later(seconds, orders[0]["key"], lambda: desk.take(orders))
        return Reply(delivery=Delivery.SILENT)

    return act


def _then(change: Callable[[Desk, dict[str, Any]], object], seconds: float) -> Act:
    """The bet is taken, the answer is lost, and something happens to it before anybody looks."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        answer = go()
        for order in request.body["orders"]:
            desk.later(seconds, order["key"], lambda order=order: change(desk, order))
        return replace(answer, delivery=Delivery.SILENT)

    return act


def _open(desk: Desk, order: dict[str, Any]) -> bool:
    bet = desk.truth(order["key"])
    return bet is not None and bet.outcome in (Outcome.PENDING, Outcome.PARTIAL)


def _matches(part: float) -> Callable[[Desk, dict[str, Any]], None]:
    """So large a part of an open bet is matched; the rest stays open."""

    def change(desk: Desk, order: dict[str, Any]) -> None:
        if _open(desk, order):
            bet = desk.venue.account.bets[order["key"]]
            held, backer = bet.at_risk_minor, int(order["backer_minor"] * part)
            matched = held if part == 1.0 else int(held * part)
            desk.venue.match(order["key"], matched, held - matched, odds=order["odds"], backer_minor=backer)

    return change


def _lapses(desk: Desk, order: dict[str, Any]) -> None:
    if _open(desk, order):
        desk.venue.cancel(order["key"])


def _ends(outcome: Outcome, *, void: bool = False) -> Callable[[Desk, dict[str, Any]], None]:
    """The event is over: a bet that is placed, or of which a part is matched, is lost or void."""

    def change(desk: Desk, order: dict[str, Any]) -> None:
        bet = desk.truth(order["key"])
        if bet is not None and bet.outcome is outcome:
            desk.settle(order["key"], 0 if void else -bet.matched_minor, 1, void=void)

    return change


def _goes_on(first: str, *changes: tuple[float, Callable[[Desk, dict[str, Any]], None]]) -> Act:
    """What another fault does, and then, so many seconds later, more."""
    act = OF_THE_VENUE[first].act

    def both(desk: Desk, request: Request, go: Go) -> Reply:
        answer = act(desk, request, go)
        for order in request.body["orders"]:
            for seconds, change in changes:
                desk.later(seconds, order["key"], lambda order=order, change=change: change(desk, order))
        return answer

    return both


def _moved(*changes: tuple[float, Callable[[Desk, dict[str, Any]], object]], heard: bool = True) -> Act:
    """The bet is taken; then its event is moved to another day under an id that we do not know, and more happens."""

    def act(desk: Desk, request: Request, go: Go) -> Reply:
        answer = go()
        for order in request.body["orders"]:
            for seconds, change in ((3, lambda desk, order: desk.lists.moved.add(order["key"])), *changes):
                desk.later(seconds, order["key"], lambda order=order, change=change: change(desk, order))
        return answer if heard else replace(answer, delivery=Delivery.SILENT)

    return act


def _lapsed_at_once(desk: Desk, request: Request, go: Go) -> Reply:
    """Half is matched and the rest is gone with the first answer."""
    OF_THE_VENUE["partial_for_ever"].act(desk, request, go)
    rows = []
    for order in request.body["orders"]:
        _lapses(desk, order)
        rows.append(desk.shown(desk.venue.account.bets[order["key"]].receipt))
    return reply({"orders": rows})


def _wrong_lapse(*changes: tuple[float, Callable[[Desk, dict[str, Any]], None]]) -> Act:
    """The answer says that the open rest is gone; it is not."""
    act = _goes_on("partial_for_ever", *changes)

    def lie(desk: Desk, request: Request, go: Go) -> Reply:
        values = json.loads(act(desk, request, go).content)
        rows = [
            row | {"outcome": "lapsed", "open_minor": 0} if row.get("outcome") == "partial" else row
            for row in values["orders"]
        ]
        return reply(values | {"orders": rows})

    return lie


def _refused(status: int) -> Act:
    """The order waits for the market, and the answer says that it was not accepted."""
    act = OF_THE_VENUE["pending_for_ever"].act

    def lie(desk: Desk, request: Request, go: Go) -> Reply:
        act(desk, request, go)
        return reply({}, status)

    return lie


def _foreign(desk: Desk, request: Request, go: Go) -> Reply:
    """Somebody bets by hand on the account: the list shows it, and the money is gone."""
    if not desk.lists.foreign:
        OF_THE_VENUE["foreign_bet"].act(desk, request, go)
        desk.venue.deposit("by hand", -FOREIGN_MINOR)
    return go()


def _retried(desk: Desk, request: Request, go: Go) -> Reply:
    """A gateway of the venue sent the order on twice and tells us of the second time: it is there."""
    desk.take(list(request.body["orders"]))
    return OF_THE_VENUE["duplicate_on_first"].act(desk, request, go)


_MORE: Final = (
    Fault("F10", "rate_limit_long", "place", lambda desk, request, go: reply({}, 429, retry_after="30")),
    Fault("F22", "duplicate_although_taken", "place", _retried),
    Fault("F14", "request_arrives_late", "place", _late(90)),
    Fault("F15", "pending_unheard", "place", _unheard("pending_then_taken")),
    Fault("F15", "pending_for_ever_unheard", "place", _unheard("pending_for_ever")),
    Fault("F16", "partial_unheard", "place", _unheard("partial_then_matched")),
    Fault("F16", "partial_lapsed_unheard", "place", _unheard("partial_then_lapsed")),
    Fault("F11", "lying_429_pending", "place", _refused(429)),
    Fault("F11", "lying_400_pending", "place", _refused(400)),
    Fault("F15", "pending_then_part", "place", _goes_on("pending_for_ever", (6, _matches(0.5)))),
    Fault("F15", "pending_then_lapsed", "place", _goes_on("pending_for_ever", (6, _lapses))),
    Fault("F16", "partial_in_steps", "place", _goes_on("partial_for_ever", (12, _matches(0.75)), (40, _matches(1.0)))),
    Fault("F16", "partial_then_settled", "place", _goes_on("partial_for_ever", (12, _ends(Outcome.PARTIAL)))),
    Fault("F16", "partial_then_void", "place", _goes_on("partial_for_ever", (12, _ends(Outcome.PARTIAL, void=True)))),
    Fault("F16", "lapsed_at_once", "place", _lapsed_at_once),
    Fault("F16", "lying_lapse", "place", _wrong_lapse((5, _matches(0.75)))),
    Fault("F16", "lying_lapse_matched", "place", _wrong_lapse((5, _matches(1.0)))),
    Fault("F17", "price_worse_unheard", "place", _unheard("price_worse_taken")),
    Fault("F18", "stake_cut_unheard", "place", _unheard("stake_cut")),
    Fault("F27", "foreign_bet", "bets", _foreign),
    Fault("F32", "void_unheard", "place", _then(_ends(Outcome.PLACED, void=True), 3)),
    Fault("F35", "event_moved", "place", _moved((1800, _ends(Outcome.PLACED)))),
    Fault("F35", "event_moved_unheard", "place", _moved((1800, _ends(Outcome.PLACED)), heard=False)),
    Fault("F35", "event_abandoned", "place", _moved((60, _ends(Outcome.PLACED, void=True)))),
    Fault("F33", "settled_unheard", "place", _then(_ends(Outcome.PLACED), 3)),
)
FAULTS: Final[dict[str, Fault]] = {**OF_THE_VENUE, **{fault.name: fault for fault in _MORE}}
#: what can become of the event of a bet; the step `postpone` brings them
POSTPONED: Final = tuple(name for name, fault in FAULTS.items() if fault.id == "F35")
