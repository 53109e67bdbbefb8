"""Planted bugs of the adapter of Pinnacle, each of which the schedules over HTTPS must find."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import uuid4

from engine.live.adapters.pinnacle import codes, venue
from engine.live.adapters.pinnacle.bets import Bets
from engine.live.adapters.pinnacle.venue import PinnacleVenue
from engine.live.venue import Outcome, Reading, Receipt, Unanswered
from engine.live.wire.request import WireFailure
from tests.schedules.planted import Plant, put

PLANTED: Final[dict[str, Plant]] = {}


def _plant(make: Plant) -> Plant:
    """Enter a bug under the first line of what it is."""
    PLANTED[(make.__doc__ or "").strip().rstrip(".")] = make
    return make


@_plant
def _lost_answers() -> AbstractContextManager[None]:
    """A request without an answer was not taken."""
    return put((WireFailure, "may_have_arrived", property(lambda self: False)))


@_plant
def _server_errors() -> AbstractContextManager[None]:
    """A status of 500 is a refusal."""
    right = venue.code_of

    def code_of(status: int, body: object) -> str | None:
        return "INVALID_REQUEST_DATA" if status >= 500 else right(status, body)

    return put((venue, "code_of", code_of))


@_plant
def _duplicates() -> AbstractContextManager[None]:
    """DUPLICATED_REQUEST is a refusal."""
    return put(
        (codes, "DUPLICATES", frozenset[str]()), (codes, "REFUSED", codes.REFUSED | codes.DUPLICATES)
    )  # fmt: skip


@_plant
def _incomplete() -> AbstractContextManager[None]:
    """The second page of a list is not read."""
    right = Bets._pages

    def pages(self: Bets, params: Any) -> Any:
        found, _ = right(self, params)
        return found[:2], True

    return put((Bets, "_pages", pages))


@_plant
def _new_ids() -> AbstractContextManager[None]:
    """Each attempt has a request id of its own."""
    right = PinnacleVenue._request

    def request(self: PinnacleVenue, *values: Any) -> Any:
        return right(self, *values) | {"uniqueRequestId": str(uuid4())}

    return put((PinnacleVenue, "_request", request))


@_plant
def _twice() -> AbstractContextManager[None]:
    """The adapter sends again by itself."""
    right = PinnacleVenue._send

    def send(self: PinnacleVenue, order: Any, body: Any) -> Any:
        found = right(self, order, body)
        return right(self, order, body) if isinstance(found, Unanswered) else found

    return put((PinnacleVenue, "_send", send))


@_plant
def _pending() -> AbstractContextManager[None]:
    """A bet in the live delay is not there."""
    right = Bets.of_keys

    def of_keys(self: Bets, keys: Any) -> Reading:
        found = right(self, keys)
        kept = tuple(one for one in found.receipts if one.outcome is not Outcome.PENDING)
        return Reading(kept, found.complete)

    return put((Bets, "of_keys", of_keys))


@_plant
def _accepted() -> AbstractContextManager[None]:
    """PENDING_ACCEPTANCE is an acceptance."""
    right = venue.answer_of

    def answer_of(order: Any, reply: Any) -> Any:
        found = right(order, reply)
        if isinstance(found, Receipt) and found.outcome is Outcome.PENDING:
            return Receipt(found.key, "1", Outcome.PLACED, order.odds, order.stake_minor, side="back")
        return found

    return put((venue, "answer_of", answer_of))
