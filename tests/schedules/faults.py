"""Faults of schedules: those of the venue with faults, and some that need its clock or two things at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

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


def _settle(desk: Desk, order: dict[str, Any]) -> None:
    bet = desk.truth(order["key"])
    if bet is not None and bet.outcome.value == "placed":
        desk.settle(order["key"], -bet.matched_minor, 1)


def _void(desk: Desk, order: dict[str, Any]) -> None:
    bet = desk.truth(order["key"])
    if bet is not None and bet.outcome.value == "placed":
        desk.settle(order["key"], 0, 1, void=True)


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
    Fault("F17", "price_worse_unheard", "place", _unheard("price_worse_taken")),
    Fault("F18", "stake_cut_unheard", "place", _unheard("stake_cut")),
    Fault("F27", "foreign_bet", "bets", _foreign),
    Fault("F32", "void_unheard", "place", _then(_void, 3)),
    Fault("F33", "settled_unheard", "place", _then(_settle, 3)),
)
FAULTS: Final[dict[str, Fault]] = {**OF_THE_VENUE, **{fault.name: fault for fault in _MORE}}
