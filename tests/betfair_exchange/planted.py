"""Planted bugs of the adapter of Betfair, each of which the schedules over HTTPS must find."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import count
from typing import Any, Final

from engine.live.adapters.betfair import codes, lists, orders, venue
from engine.live.adapters.betfair.api import Api, Refused, Unreadable
from engine.live.adapters.betfair.venue import BetfairVenue
from engine.live.venue import Outcome, Receipt, Unanswered
from engine.live.wire.request import WireFailure
from tests.schedules.planted import Plant, put

PLANTED: Final[dict[str, Plant]] = {}


def _plant(make: Plant) -> Plant:
    """Enter a bug under the first line of what it is."""
    PLANTED[(make.__doc__ or "").strip().rstrip(".")] = make
    return make


@_plant
def _current_only() -> AbstractContextManager[None]:
    """Cleared orders are not read."""
    return put((lists, "CLEARED", ()))


@_plant
def _settled_only() -> AbstractContextManager[None]:
    """Voided orders are not read."""
    return put((lists, "CLEARED", ("SETTLED", "LAPSED", "CANCELLED")))


@_plant
def _one_page() -> AbstractContextManager[None]:
    """The second page of a list is not read."""
    right = Api.read

    def read(self: Api, method: str, params: Any, *more: Any, **times: Any) -> Any:
        found = right(self, method, params, *more, **times)
        if isinstance(found.value, dict) and "moreAvailable" in found.value:
            found.value["moreAvailable"] = False
        return found

    return put((Api, "read", read))


@_plant
def _server_errors() -> AbstractContextManager[None]:
    """An HTTP error is a refusal."""
    right = Api.change

    def change(self: Api, *values: Any) -> Any:
        try:
            return right(self, *values)
        except Unreadable as failure:
            if failure.cause.startswith("status_"):
                raise Refused("INVALID_INPUT_DATA") from None
            raise

    return put((Api, "change", change))


@_plant
def _lost_answers() -> AbstractContextManager[None]:
    """A request without an answer was not taken."""
    return put((WireFailure, "may_have_arrived", property(lambda self: False)))


@_plant
def _duplicates() -> AbstractContextManager[None]:
    """DUPLICATE_TRANSACTION is a refusal."""
    wrong = {**codes.MEANINGS, "DUPLICATE_TRANSACTION": codes.Meaning.REFUSED}
    return put((codes, "MEANINGS", wrong))


@_plant
def _timeouts() -> AbstractContextManager[None]:
    """The status TIMEOUT of an order is a refusal."""
    right = orders._of_report

    def of_report(draft: Any, report: Any) -> Any:
        if report.get("status") == "TIMEOUT":
            return Receipt(draft.order.key, "", Outcome.REJECTED, reason="timeout")
        return right(draft, report)

    return put((orders, "_of_report", of_report))


@_plant
def _new_reference() -> AbstractContextManager[None]:
    """Each attempt has a customerRef of its own."""
    numbers = count()
    return put((venue, "request_reference", lambda drafts: f"request-{next(numbers)}"), _no_doubt())


@_plant
def _other_request() -> AbstractContextManager[None]:
    """An order that may stand is sent again within another request."""
    return put(_no_doubt())


def _no_doubt() -> tuple[Any, str, Any]:
    """No request is remembered."""
    right = BetfairVenue._send

    def send(self: BetfairVenue, *values: Any) -> Any:
        self._doubtful.clear()
        return right(self, *values)

    return BetfairVenue, "_send", send


@_plant
def _twice() -> AbstractContextManager[None]:
    """The adapter sends again by itself."""
    right = BetfairVenue._change

    def change(self: BetfairVenue, *values: Any) -> Any:
        try:
            return right(self, *values)
        except Unanswered:
            return right(self, *values[:2])

    return put((BetfairVenue, "_change", change))


@_plant
def _liability() -> AbstractContextManager[None]:
    """A lay risks the backer's stake."""
    wrong = lambda side, backer, odds: backer  # noqa: E731
    return put((orders, "risk_minor", wrong), (lists, "risk_minor", wrong))


@_plant
def _killed() -> AbstractContextManager[None]:
    """An order that is open is called killed."""
    return put((orders, "_ENDED", {**orders._ENDED, "EXECUTABLE": True}))


@_plant
def _asked() -> AbstractContextManager[None]:
    """What was asked for counts as matched."""
    right = orders.sized

    def sized(receipt: Any, *, whole_minor: int, matched_minor: int, **more: Any) -> Any:
        matched = whole_minor if matched_minor else 0
        return right(receipt, whole_minor=whole_minor, matched_minor=matched, **more | {"open_minor": 0})

    return put((orders, "sized", sized))


@_plant
def _void() -> AbstractContextManager[None]:
    """A void is a loss."""
    right = lists._profit
    return put((lists, "_profit", lambda row: right(row) or -100))
