"""The adapter of the venue with faults: orders out, answers in, by the contract of `engine.live.venue`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, Protocol

from engine.live.venue import (
    ForeignBet,
    NotTaken,
    Order,
    Outcome,
    Profile,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
    VenueFailure,
)
from tests.venue_server.wire import Reply, Request, order_json

_NAMES: Final = tuple(field.name for field in fields(Receipt))
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "key": str, "venue_bet_id": str, "odds": (int, float), "matched_minor": int, "backer_minor": int,
    "open_minor": int, "reason": str, "version": int, "raw": dict,
}  # fmt: skip


class TransportFailure(Exception):
    """No answer: ``connect`` (nothing was sent), ``timeout``, ``reset``."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


class Transport(Protocol):
    """Brings requests to the venue."""

    def exchange(self, request: Request) -> Reply:
        """The whole reply; raises `TransportFailure`."""
        ...


class WireVenue:
    """A venue behind a transport, as `engine.live.venue.Venue`.

    Parameters
    ----------
    transport : Transport
    profile : Profile
    wall_ns : callable
        The time of day, for dates in answers.
    """

    def __init__(
        self, transport: Transport, profile: Profile, wall_ns: Callable[[], int] = lambda: 1_700_000_000 * 10**9
    ) -> None:
        self.transport, self.profile, self._wall_ns, self._token = transport, profile, wall_ns, "session-0"

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`."""
        answer = self._send("place", {"orders": [order_json(order) for order in orders]})
        if answer.status in (400, 403, 422):
            return [Receipt(order.key, "", Outcome.REJECTED, reason=f"status_{answer.status}") for order in orders]
        found = self._rows_sent(answer)
        keys = [order.key for order in orders]
        strangers = [receipt for key, row in found.items() if key not in keys and (receipt := _receipt(row))]
        return [strangers.pop(0) if key not in found and strangers else self._answer_of(key, found) for key in keys]

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`."""
        wanted = set(keys)
        reading = self._read("look_up", {"keys": list(keys)})
        return Reading(tuple(r for r in reading.receipts if r.key in wanted), reading.complete)

    def bets(self) -> Reading:
        """As `Venue.bets`."""
        return self._read("bets", {})

    def balance_minor(self) -> int:
        """As `Venue.balance_minor`."""
        values = self._values("balance", {})
        balance = values.get("balance_minor")
        if not isinstance(balance, int):
            raise ReadFailed("unreadable")
        return balance

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`."""
        answer = self._send("cancel", {"key": key})
        if answer.status == 400:
            raise NotTaken("no_such_bet")
        found = self._answer_of(key, self._rows_sent(answer))
        if isinstance(found, VenueFailure):
            raise found
        return found

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`: none of its classes can."""
        raise ReadFailed("not_offered")

    # what changes something at the venue

    def _send(self, operation: str, body: Mapping[str, Any]) -> Reply:
        """The reply of a request that changes something; every doubt is `Unanswered`."""
        try:
            answer = self.transport.exchange(Request(operation, body, self._token))
        except TransportFailure as failure:
            _no_answer(failure)
        if answer.status == 401:
            self._log_in()
            raise NotTaken("no_session")  # a new session is there; whether to send again is not ours to say
        if answer.status in self.profile.not_accepted_status:
            raise NotTaken(f"status_{answer.status}", self._retry_after_ns(answer))
        if answer.status not in (200, 400, 403, 422):
            raise Unanswered(f"status_{answer.status}")
        return answer

    def _log_in(self) -> None:
        """Begin a new session. The request before it was not accepted: it had none."""
        try:
            answer = self.transport.exchange(Request("session"))
            self._token = json.loads(answer.content)["token"]
        except (TransportFailure, ValueError, KeyError):
            raise NotTaken("no_session") from None

    def _rows_sent(self, answer: Reply) -> dict[str, dict[str, Any]]:
        """Rows of an answer by reference."""
        rows = _rows(answer)
        if rows is None:
            raise Unanswered("unreadable")
        return {str(row.get("key")): row for row in rows}

    def _answer_of(self, key: str, found: Mapping[str, dict[str, Any]]) -> Receipt | VenueFailure:
        row = found.get(key)
        if row is None:
            return Unanswered("no_answer")
        if "error" in row:
            return Unanswered(str(row["error"])[:40])
        receipt = _receipt(row)
        if receipt is None:
            return Unanswered("status_timeout" if row.get("outcome") == "timeout" else "unreadable")
        return receipt

    def _retry_after_ns(self, answer: Reply) -> int | None:
        text = answer.headers.get("retry-after", "")
        if text.isdigit():
            return int(text) * 10**9
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        now = datetime.fromtimestamp(self._wall_ns() // 10**9, UTC)
        return max(0, int((moment - now).total_seconds())) * 10**9

    # what only reads

    def _read(self, operation: str, body: Mapping[str, Any]) -> Reading:
        """All pages of a list."""
        rows: list[dict[str, Any]] = []
        page, pages, complete = 0, 1, True
        while page < pages:
            values = self._values(operation, {**body, "page": page})
            if not isinstance(values.get("orders"), list) or not isinstance(values.get("pages"), int):
                raise ReadFailed("unreadable")
            rows, pages = rows + values["orders"], values["pages"]
            complete = complete and values.get("all") is True and not values.get("age")
            page += 1
        return _reading(rows, complete)

    def _values(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        for _ in range(2):
            try:
                answer = self.transport.exchange(Request(operation, body, self._token))
            except TransportFailure as failure:
                raise ReadFailed(failure.kind) from None
            if answer.status != 401:
                break
            try:
                self._log_in()
            except NotTaken as failure:
                raise ReadFailed(failure.cause) from None
        if answer.status != 200:
            raise ReadFailed(f"status_{answer.status}")
        values = _json(answer)
        if values is None:
            raise ReadFailed("unreadable")
        return values | {"age": int(answer.headers.get("age", "0"))}


def _no_answer(failure: TransportFailure) -> NoReturn:
    if failure.kind == "connect":
        raise NotTaken("connect") from None
    raise Unanswered(failure.kind) from None


def _json(answer: Reply) -> dict[str, Any] | None:
    try:
        values = json.loads(answer.content)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _rows(answer: Reply) -> list[dict[str, Any]] | None:
    values = _json(answer)
    rows = values.get("orders") if values else None
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else None


def _receipt(row: Mapping[str, Any]) -> Receipt | None:
    """The receipt of a row; None if it does not hold to the schema. Further fields are ignored."""
    if any(not isinstance(row.get(name), kind) for name, kind in _TYPES.items()):
        return None
    if row.get("outcome") not in list(Outcome):
        return None
    values = {name: row.get(name) for name in _NAMES}
    return Receipt(**values | {"outcome": Outcome(values["outcome"])})


def _reading(rows: Sequence[Mapping[str, Any]], complete: bool) -> Reading:
    """Receipts and foreign bets of a list; rows that are shown twice count once."""
    receipts: dict[tuple[str, str], Receipt] = {}
    foreign: dict[str, ForeignBet] = {}
    for row in rows:
        receipt = _receipt(row)
        if receipt is None:
            raise ReadFailed("unreadable")
        if receipt.key:
            receipts[receipt.venue_bet_id, receipt.key] = receipt
        else:
            foreign[receipt.venue_bet_id] = _foreign(receipt)
    return Reading(tuple(receipts.values()), complete, tuple(foreign.values()))


def _foreign(receipt: Receipt) -> ForeignBet:
    """A bet without a reference of ours, with what its raw answer says of it."""
    raw = receipt.raw
    return ForeignBet(
        receipt.venue_bet_id, raw.get("event_id"), receipt.at_risk_minor, raw,
        market=raw.get("market", ""), line=raw.get("line"), selection=raw.get("selection", ""),
        side=raw.get("side", ""), odds=receipt.odds, placed_at_ns=raw.get("placed_at_ns", 0), receipt=receipt,
        bookmaker=raw.get("bookmaker", ""),
    )  # fmt: skip
