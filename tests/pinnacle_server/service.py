"""The fake service: basic authentication and JSON in front of a desk, whose faults it says in Pinnacle's words."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from engine.clock import SECOND_NS
from engine.live.linking.contract import Ours, Theirs
from engine.live.venue import Order
from tests.live.venues.orders import T0_NS
from tests.pinnacle_server.offer import Offer
from tests.venue_server.desk import Desk, values_of
from tests.venue_server.wire import Delivery, Reply, Request
from tests.wire_server.server import Answer, Heard, answer

USER, PASSWORD = "somebody", "secretword"
#: Pinnacle knows a request id for so long
REMEMBERED_NS: Final = 30 * 60 * SECOND_NS
TEAMS: Final = {"home": "TEAM1", "draw": "DRAW", "away": "TEAM2"}
_SELECTIONS: Final = {team: name for name, team in TEAMS.items()}
_NAMES: Final = {"TEAM1": "Reds", "TEAM2": "Blues", "DRAW": "Draw"}
_CODES: Final = {
    400: "INVALID_REQUEST_DATA", 401: "INVALID_CREDENTIALS", 403: "NO_API_ACCESS", 429: "TOO_MANY_REQUESTS",
}  # fmt: skip
#: reasons of the desk and the codes that mean the same
_REASONS: Final = {
    "insufficient_funds": "INSUFFICIENT_FUNDS", "market_closed": "ALL_BETTING_CLOSED", "suspended": "OFFLINE_EVENT",
    "postponed": "OFFLINE_EVENT", "started": "PAST_CUTOFFTIME", "cut_off": "PAST_CUTOFFTIME",
}  # fmt: skip
_STATUSES: Final = {
    "placed": "ACCEPTED", "partial": "ACCEPTED", "lapsed": "ACCEPTED", "settled": "WON", "void": "CANCELLED",
    "pending": "PENDING_ACCEPTANCE", "rejected": "NOT_ACCEPTED",
}  # fmt: skip
_RUNNING: Final = ("placed", "partial", "lapsed")
Row = dict[str, Any]


class Everything:
    """A directory in which the result of every event is linked."""

    def theirs(self, ours: Ours) -> Theirs | None:
        """As `Directory.theirs`."""
        return Theirs(f"{ours.event_id}", "0/MONEYLINE", TEAMS[ours.selection])

    def ours(self, theirs: Theirs) -> Ours | None:
        """As `Directory.ours`."""
        known = theirs.selection in _SELECTIONS and theirs.market == "0/MONEYLINE"
        return Ours(int(theirs.event), "1x2", None, _SELECTIONS[theirs.selection]) if known else None


class Service:
    """Answers what the adapter asks.

    Parameters
    ----------
    desk : Desk
    order_of : callable
        The order that was sent under a key, for what the wire does not carry; None: it is made up.

    Attributes
    ----------
    events : list of int
        On offer.
    offered : float
        Odds of every selection on offer.
    refusals : list of tuple of (int, dict)
        Status and content with which the next bets are answered.
    """

    def __init__(self, desk: Desk, order_of: Callable[[str], Order | None] = lambda key: None) -> None:
        self.desk, self._order_of = desk, order_of
        self.currency, self.offered, self.events = "EUR", 2.0, list(range(1, 130))
        self.odds: Row | None = None  # the answer to /v2/odds, in place of the usual
        self.offer: Offer | None = None  # what is offered, in place of one price for every event
        self.league = 7
        self.spoil: Callable[[Row], Row] = lambda row: row  # changes a row of a list of bets
        self.line: Row = {}  # what /v1/line says otherwise
        self.page_rows = 50
        self.refusals: list[tuple[int, Row]] = []
        self.bodies: list[Row] = []
        self.placed: dict[str, Row] = {}  # lines of bets on an offer
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refused = False  # the last request met a closed door: no connection was there for it
        self.broken: Exception | None = None
        desk.page_rows = 1 << 40

    def handle(self, heard: Heard) -> Answer:
        """The answer to a request."""
        try:
            return self._answer(heard)
        except Exception as error:
            self.broken = self.broken or error
            raise

    def _answer(self, heard: Heard) -> Answer:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        assert heard.headers["accept"] == "application/json" and heard.headers["user-agent"]
        self.asked.append((heard.path, dict(heard.params)))
        if heard.headers.get("authorization") != f"Basic {pair}":
            return answer({"code": "INVALID_CREDENTIALS", "message": ""}, 401)
        if self.offer is not None and not heard.path.startswith(("/v4/", "/v1/client")):
            status, value = self.offer.answer(heard.path, heard.params)
            return answer(value, status)
        does = {
            "/v2/leagues": self._leagues, "/v2/odds": self._odds, "/v1/line": self._line, "/v4/bets": self._bets,
            "/v4/bets/straight": self._place, "/v1/client/balance": self._balance,
        }  # fmt: skip
        said, result = does[heard.path](heard)
        self.refused = said.delivery is Delivery.REFUSED
        if result is not None:
            return Answer(200, json.dumps(result).encode(), said.headers, said.delivery)
        if said.status in _CODES:
            return Answer(said.status, _error(_CODES[said.status]), said.headers, said.delivery)
        return Answer(said.status, said.content, said.headers, said.delivery)

    def _ask(self, operation: str, body: Row) -> Reply:
        self.desk.sessions.add("basic")
        return self.desk.handle(Request(operation, body, "basic"))

    # -- lines --------------------------------------------------------------------------------------------------------

    def _leagues(self, heard: Heard) -> tuple[Reply, Any]:
        return Reply(), {"leagues": [{"id": self.league, "name": "League", "homeTeamType": "Team1"}]}

    def _odds(self, heard: Heard) -> tuple[Reply, Any]:
        assert heard.params["oddsFormat"] == "Decimal" and heard.params["toCurrencyCode"]
        assert heard.params.get("since") not in ("0", "1")
        if self.odds is not None:
            return Reply(), self.odds
        if "since" in heard.params:
            return Reply(), {"sportId": 29, "last": int(heard.params["since"]) + 1, "leagues": []}
        price = {"home": self.offered, "draw": self.offered, "away": self.offered}
        events = [
            {"id": number, "periods": [{
                "lineId": 1000 + number, "number": 0, "status": 1, "cutoff": "2099-01-01T00:00:00Z",
                "maxMoneyline": 1e9, "moneyline": price,
            }]}
            for number in self.events
        ]  # fmt: skip
        return Reply(), {"sportId": 29, "last": 500, "leagues": [{"id": 7, "events": events}]}

    def _line(self, heard: Heard) -> tuple[Reply, Any]:
        assert heard.params["oddsFormat"] == "Decimal" and heard.params["team"] in ("Team1", "Team2", "Draw")
        found = {"status": "SUCCESS", "price": self.offered, "lineId": 1000 + int(heard.params["eventId"])}
        return Reply(), found | {"maxRiskStake": 1e9, "minRiskStake": 0.01} | self.line

    # -- bets ---------------------------------------------------------------------------------------------------------

    def _place(self, heard: Heard) -> tuple[Reply, Any]:
        body = heard.json()
        assert heard.headers["content-type"] == "application/json" and body["fillType"] == "NORMAL", body
        assert body["winRiskStake"] == "RISK", body
        self.bodies.append(body)
        stands = body["lineId"] == 1000 + body["eventId"] if self.offer is None else self._on_offer(body) is not None
        if not stands:
            moved = {"status": "PROCESSED_WITH_ERROR", "errorCode": "LINE_CHANGED", "betId": None}
            return Reply(), moved | {"uniqueRequestId": body["uniqueRequestId"]}
        if self.refusals:
            status, content = self.refusals.pop(0)
            content = {"uniqueRequestId": body["uniqueRequestId"], **content} if status == 200 else content
            return Reply(status=599, content=b""), content if status == 200 else None
        order = self._order(body)
        known = self.desk.truth(order.key)
        said = self._ask("place", {"orders": [_plain(order)]})
        try:
            rows = values_of(said)["orders"] if said.status == 200 else None
        except (ValueError, KeyError):
            rows = None
        if rows is None:
            return said, None
        return said, _placed(rows[0], body, is_known=known is not None)

    def _on_offer(self, body: Row) -> Row | None:
        """The line of a bet, if it still stands."""
        assert self.offer is not None
        side = body.get("side") or body["team"]
        wanted = body["lineId"], body["altLineId"], body["betType"], side
        for line in self.offer.lines(body["eventId"], body["periodNumber"]):
            if (line["lineId"], line["altLineId"], line["betType"], line["side"]) == wanted:
                self.placed[UUID(body["uniqueRequestId"]).hex] = line | {"periodNumber": body["periodNumber"]}
                return line
        return None

    def _order(self, body: Row) -> Order:
        key, stake = UUID(body["uniqueRequestId"]).hex, round(body["stake"] * 100)
        known = self._order_of(key)
        line = self.placed.get(key, {})
        made = known or Order(
            key, int(key[:12], 16), body["eventId"], "1x2", None, _SELECTIONS.get(body.get("team", ""), "home"), "aaa",
            "back", line.get("price", self.offered), 1.0, stake, 0, T0_NS, T0_NS + 60 * SECOND_NS,
        )  # fmt: skip
        return replace(made, stake_minor=stake)

    def _bets(self, heard: Heard) -> tuple[Reply, Any]:
        params = heard.params
        ids = params.get("uniqueRequestIds")
        keys = None if ids is None else [UUID(one).hex for one in ids.split(",")]
        assert keys is None or len(keys) <= 10
        said = self._ask("bets" if keys is None else "look_up", {} if keys is None else {"keys": keys})
        try:
            values = values_of(said) if said.status == 200 else None
            found = None if values is None else values["orders"]
        except (ValueError, KeyError):
            return said, None
        if found is None or values is None:
            return said, None
        if keys is None:
            wanted = _RUNNING if params["betList"] == "RUNNING" else ("settled", "void")
            assert params["betList"] == "RUNNING" or ("fromDate" in params and "toDate" in params)
            found = [row for row in found if row["outcome"] in wanted and _status(row) != "NOT_ACCEPTED"]
        else:
            found = [row for row in found if self._is_remembered(row["key"])]
        start = int(params.get("fromRecord", 0))
        page = found[start : start + self.page_rows]
        more = start + self.page_rows < len(found) or not values["all"]
        return said, {"moreAvailable": more, "straightBets": [self.spoil(self._row(row)) for row in page]}

    def _is_remembered(self, key: str) -> bool:
        return self.desk.now_ns() - self.desk.accepted_ns.get(key, 0) < REMEMBERED_NS

    def _row(self, row: Row) -> Row:
        key, status = row["key"], _status(row)
        unique = str(UUID(key)) if key else None
        if status in ("PENDING_ACCEPTANCE", "NOT_ACCEPTED"):
            return {"uniqueRequestId": unique, "betStatus": status}
        line = self.placed.get(key, {})
        team = line.get("side") or TEAMS.get(row.get("selection") or "home", "DRAW")
        event_id = row["event_id"] if row.get("event_id") is not None else (row.get("raw") or {}).get("event_id")
        pnl = None if row.get("pnl_minor") is None else row["pnl_minor"] / 100
        if status == "WON" and pnl is not None and pnl < 0:
            status = "LOSE"
        return {
            "betId": _number(row["venue_bet_id"]), "uniqueRequestId": unique, "betStatus": status,
            "betType": line.get("betType", "MONEYLINE"), "placedAt": "2023-11-14T22:13:20Z",
            "risk": row["matched_minor"] / 100, "win": 1.0, "winLoss": pnl, "price": row["odds"], "eventId": event_id,
            "periodNumber": line.get("periodNumber", 0), "team1": "Reds", "team2": "Blues",
            "teamName": _NAMES.get(team), "side": None if team in _NAMES else team, "handicap": line.get("handicap"),
        }  # fmt: skip

    def _balance(self, heard: Heard) -> tuple[Reply, Any]:
        said = self._ask("balance", {})
        if said.status != 200:
            return said, None
        amount = values_of(said)["balance_minor"] / 100
        return said, {
            "availableBalance": amount, "outstandingTransactions": 0.0, "givenCredit": 0.0, "currency": self.currency,
        }  # fmt: skip


def _status(row: Row) -> str:
    """A bet of which nothing was taken was not accepted."""
    is_nothing = row["outcome"] == "lapsed" and not row["matched_minor"]
    return "NOT_ACCEPTED" if is_nothing else _STATUSES[row["outcome"]]


def _placed(row: Row, body: Row, *, is_known: bool) -> Row:
    """The answer to a bet, of what the desk says."""
    unique = str(UUID(row["key"]))
    made: Row = {"uniqueRequestId": unique, "errorCode": None, "betterLineWasAccepted": False}
    if is_known or "error" in row:
        return made | {"status": "PROCESSED_WITH_ERROR", "errorCode": "DUPLICATED_REQUEST"}
    outcome = row.get("outcome")
    if outcome == "rejected":
        return made | {"status": "PROCESSED_WITH_ERROR", "errorCode": _REASONS.get(row["reason"], "LINE_CHANGED")}
    if outcome == "pending":
        return made | {"status": "PENDING_ACCEPTANCE"}
    if outcome == "lapsed" and not row["matched_minor"]:
        return made | {"status": "PROCESSED_WITH_ERROR", "errorCode": "LINE_CHANGED"}
    if outcome in _RUNNING:
        return made | {
            "status": "ACCEPTED", "betId": _number(row["venue_bet_id"]), "risk": row["matched_minor"] / 100,
            "win": 1.0, "price": row["odds"],
        }  # fmt: skip
    return made | {"status": f"{outcome}".upper()}


def _number(venue_bet_id: str) -> int:
    digits = "".join(letter for letter in venue_bet_id if letter.isdigit())
    return int(digits or 0) + (0 if venue_bet_id.isdigit() else 10**9)


def _plain(order: Order) -> Row:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


def _error(code: str) -> bytes:
    return json.dumps({"code": code, "message": "no"}).encode()
