"""A venue behind a small interface over HTTP: every request is a POST of JSON, every bet is found by our reference.

The bookmaker and its interface are invented. What is not: what each answer proves, and so what may be sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.errors import ConfigurationError
from engine.live.account import VenueAccount
from engine.live.adapters.registry import Around, Coverage
from engine.live.linking.contract import Directory, Ours, Theirs
from engine.live.linking.propose import Offered, Selection
from engine.live.venue import (
    ForeignBet,
    NotTaken,
    Order,
    Outcome,
    ProofClass,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
    Venue,
    VenueFailure,
    usual,
)
from engine.live.wire.credentials import credential
from engine.live.wire.dry_run import DryRun
from engine.live.wire.http import HttpWire
from engine.live.wire.request import Reply, Request, Wire, WireFailure

#: our names of what is sold here, the credential that is the user name, and all credentials
BOOKMAKERS: Final = ("desk",)
ACCOUNT: Final = "DESK_USERNAME"
CREDENTIALS: Final = ("DESK_USERNAME", "DESK_PASSWORD")
#: statuses that say that the orders were read and refused
_REFUSED: Final = (400, 403, 422)


@dataclass(frozen=True)
class Settings:
    """The keys of ``live/desk.yaml``."""

    address: str = "https://desk.example"
    currency: str = "EUR"


def open_venue(settings: Settings, directory: Directory, around: Around) -> Venue:
    """What `bea live NAME --venue desk` calls."""
    return Desk(_session(settings, around), directory, settings.currency)


def open_catalogue(settings: Settings, coverage: Coverage, around: Around) -> Sequence[Offered]:
    """What `bea links desk propose` calls: the events that are on offer, with the ids of the desk."""
    answer = _session(settings, around).ask("catalogue", {"sport": coverage.sport}, changes=False)
    return [_offered(row) for row in answer.json()["events"]]


def _session(settings: Settings, around: Around) -> Session:
    user, password = (credential(name, around.environment, around.secrets) for name in CREDENTIALS)
    wire = HttpWire(wall_ns=around.clock.wall_ns)
    around.at_end(wire.close)
    shown = DryRun(wire, around.show, around.secrets) if around.dry_run else wire
    session = Session(shown, settings.address, {"user": user, "password": password})
    try:
        session.log_in()
    except WireFailure as failure:
        raise ConfigurationError(
            "the desk does not answer", where=settings.address, found=failure.cause, todo="check desk.address"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ConfigurationError(
            "no session at the desk", where=settings.address, todo="check the credentials"
        ) from None
    return session


def _offered(row: Mapping[str, Any]) -> Offered:
    selections = tuple(
        Selection("1x2", None, name, Theirs(row["id"], "1x2", selection)) for name, selection in row["1x2"].items()
    )
    return Offered(row["id"], row["home"], row["away"], row["starts_ns"], row["competition"], selections)


class Session:
    """Requests under a session that is renewed when it ends."""

    def __init__(self, wire: Wire, address: str, login: Mapping[str, str], timeout_s: float = 16.0) -> None:
        self._wire, self._address, self._login, self._token = wire, address, login, ""
        self.user, self.timeout_s = login["user"], timeout_s

    def log_in(self) -> None:
        """Begin a session; raises WireFailure, or what a wrong answer raises."""
        self._token = str(self.ask("session", self._login, changes=False).json()["token"])

    def ask(self, operation: str, body: Mapping[str, Any], *, changes: bool) -> Reply:
        """The whole answer, whatever its status; raises WireFailure."""
        request = Request(
            "POST", f"{self._address}/{operation}", headers={"authorization": self._token},
            content=json.dumps(body).encode(), changes=changes, timeout_s=self.timeout_s,
        )  # fmt: skip
        return self._wire.exchange(request)


class Desk:
    """The venue, as `engine.live.venue.Venue`."""

    def __init__(self, session: Session, directory: Directory, currency: str) -> None:
        self.profile = usual("desk", ProofClass.LOOK_UP, not_accepted_status=(429,))
        self.session, self._directory, self._currency = session, directory, currency

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`; an order without a link is refused here."""
        rows = {order.key: row for order in orders if (row := self._row(order)) is not None}
        refused = {order.key: _refusal(order, "no_link") for order in orders if order.key not in rows}
        if not rows:
            return [refused[order.key] for order in orders]
        answer = self._send("place", {"orders": list(rows.values())})
        if answer.status in _REFUSED:
            return [refused.get(order.key, _refusal(order, f"status_{answer.status}")) for order in orders]
        found = _by_key(answer)
        return [refused.get(order.key) or found.get(order.key) or Unanswered("no_answer") for order in orders]

    def _row(self, order: Order) -> dict[str, Any] | None:
        """An order in the words of the desk."""
        theirs = self._directory.theirs(Ours(order.event_id, order.market, order.line, order.selection))
        return None if theirs is None else {**asdict(order), "theirs": list(theirs)}

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`."""
        reading = self._read("look_up", {"keys": list(keys)})
        return Reading(tuple(one for one in reading.receipts if one.key in keys), reading.complete)

    def bets(self) -> Reading:
        """As `Venue.bets`."""
        return self._read("bets", {})

    def balance_minor(self) -> int:
        """As `Venue.balance_minor`."""
        balance = self._values("balance", {}).get("balance_minor")
        if not isinstance(balance, int):
            raise ReadFailed("unreadable")
        return balance

    def account(self) -> VenueAccount:
        """As `engine.live.account.HasAccount`: what a person sees before real money is bet. Optional."""
        return VenueAccount(self.session.user, self._currency, self.balance_minor())

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`."""
        answer = self._send("cancel", {"key": key})
        if answer.status in _REFUSED:
            raise NotTaken("no_such_bet")
        found = _by_key(answer).get(key)
        if not isinstance(found, Receipt):
            raise found or Unanswered("no_answer")
        return found

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`: only a venue on paper can."""
        raise ReadFailed("not_offered")

    def _send(self, operation: str, body: Mapping[str, Any]) -> Reply:
        """A request that changes something, once: whatever is in doubt is `Unanswered`."""
        try:
            answer = self.session.ask(operation, body, changes=True)
        except WireFailure as failure:
            raise (Unanswered if failure.may_have_arrived else NotTaken)(failure.cause) from None
        if answer.status == 401:
            self._renew(NotTaken("no_session"))
            raise NotTaken("no_session")  # it was not read; whether to send again is not ours to say
        if answer.status in self.profile.not_accepted_status:
            raise NotTaken(f"status_{answer.status}", answer.retry_after_ns())
        if answer.status != 200 and answer.status not in _REFUSED:
            raise Unanswered(f"status_{answer.status}")
        return answer

    def _values(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a read, once more under a new session where the old one has ended."""
        for _ in range(2):
            try:
                answer = self.session.ask(operation, body, changes=False)
            except WireFailure as failure:
                raise ReadFailed(failure.cause) from None
            if answer.status != 401:
                break
            self._renew(ReadFailed("no_session"))
        values = answer.json()
        if answer.status != 200 or not isinstance(values, dict):
            raise ReadFailed("unreadable" if answer.status == 200 else f"status_{answer.status}")
        return values | {"age": answer.headers.get("age", "0")}

    def _renew(self, failure: VenueFailure) -> None:
        try:
            self.session.log_in()
        except (WireFailure, KeyError, TypeError):
            raise failure from None

    def _read(self, operation: str, body: Mapping[str, Any]) -> Reading:
        """All pages of a list; one that is capped or old is not complete."""
        receipts: dict[str, Receipt] = {}
        foreign: dict[str, ForeignBet] = {}
        page, pages, complete = 0, 1, True
        while page < pages:
            values = self._values(operation, {**body, "page": page})
            rows, pages = values.get("orders"), values.get("pages")
            if not isinstance(rows, list) or not isinstance(pages, int):
                raise ReadFailed("unreadable")
            complete = complete and values.get("all") is True and values["age"] == "0"
            for one in map(_receipt, rows):
                if one is None:
                    raise ReadFailed("unreadable")
                if one.key:
                    receipts[one.venue_bet_id] = one
                else:
                    foreign[one.venue_bet_id] = ForeignBet(one.venue_bet_id, one.event_id, one.at_risk_minor, one.raw)
            page += 1
        return Reading(tuple(receipts.values()), complete, tuple(foreign.values()))


def _by_key(answer: Reply) -> dict[str, Receipt | VenueFailure]:
    """The rows of an answer by our reference; a row that says nothing certain is `Unanswered`."""
    values = answer.json()
    rows = values.get("orders") if isinstance(values, dict) else None
    if not isinstance(rows, list):
        raise Unanswered("unreadable")
    found: dict[str, Receipt | VenueFailure] = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("key"), str):
            word = "status_timeout" if row.get("outcome") == "timeout" else str(row.get("error", "unreadable"))[:40]
            found[row["key"]] = _receipt(row) or Unanswered(word)
    return found


def _receipt(row: Any) -> Receipt | None:
    """A bet as the desk states it; None where the row is not of its form."""
    try:
        return Receipt(**{**row, "outcome": Outcome(row["outcome"])})
    except (KeyError, TypeError, ValueError):
        return None


def _refusal(order: Order, reason: str) -> Receipt:
    return Receipt(order.key, "", Outcome.REJECTED, reason=reason)
