"""The fake exchange: identity service and JSON-RPC in front of a desk, whose faults it passes on in Betfair's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs

from engine.clock import SECOND_NS
from engine.live.venue import Order, Receipt
from tests.betfair_exchange.words import (
    SELECTIONS,
    Row,
    cleared_row,
    current_row,
    event_of,
    kinds,
    market_of,
    place_report,
)
from tests.live.venues.orders import T0_NS
from tests.venue_server.desk import Desk, values_of
from tests.venue_server.wire import Delivery, Reply, Request, reply
from tests.wire_server.server import Answer, Heard, answer

USER, PASSWORD, APP_KEY = "somebody", "a pass&word", "app-key-1"
#: Betfair knows a request again for so long
REMEMBERED_NS: Final = 60 * SECOND_NS
_NAMES: Final = {number: name for name, number in SELECTIONS.items()}
#: statuses of the desk, and the codes of Betfair that mean the same
_CODES: Final = {
    400: "INVALID_INPUT_DATA", 403: "INVALID_INPUT_DATA", 401: "INVALID_SESSION_INFORMATION", 429: "TOO_MANY_REQUESTS",
    502: "TIMEOUT_ERROR",
}  # fmt: skip


class Exchange:
    """Answers what the adapter asks.

    Parameters
    ----------
    desk : Desk
    order_of : callable
        The order that was sent under a key, for what the wire does not carry; None: it is made up.
    odds : float
        At which an order is matched that nobody knows.

    Attributes
    ----------
    page_rows : int
        Of a list.
    commission_minor : dict of str to int
        Of settled markets. It is part of what the desk takes from the profit of the bets.
    in_play, suspended : set of str
        Markets.
    closed : dict of str to dict
        Books of closed markets by id.
    refusals : list of str
        Codes with which the next requests to place are refused, as APINGException.
    """

    def __init__(
        self, desk: Desk, order_of: Callable[[str], Order | None] = lambda key: None, odds: float = 2.0
    ) -> None:
        self.desk, self._order_of, self._odds = desk, order_of, odds
        self.page_rows, self.currency = 50, "GBP"
        self.commission_minor: dict[str, int] = {}
        self.charged_minor: dict[str, int] = {}  # the part of it that is in the P&L of a bet of the desk, by key
        self.in_play: set[str] = set()
        self.suspended: set[str] = set()
        self.refusals: list[str] = []
        self.closed: dict[str, Row] = {}
        self.calls: list[Row] = []
        self.placed: dict[str, Row] = {}  # the report of an order, by key
        self.version = 1
        self.description: Row = {
            "bettingType": "ODDS", "marketType": "MATCH_ODDS", "priceLadderDescription": {"type": "CLASSIC"},
        }  # fmt: skip
        self.login_status = "SUCCESS"
        self.refused = False  # the last request met a closed door: no connection was there for it
        self.broken: Exception | None = None
        self._requests: dict[
            str, tuple[str, int]
        ] = {}  # request and instant under which the desk took an order, by key
        self._now_in = ""
        desk.page_rows = 1 << 40
        self.listed: list[dict[str, Any]] = []  # rows of the catalogue for a question without ids
        desk.more |= {name: getattr(self, f"_{name}") for name in ("catalogue", "book", "cleared", "details")}
        self._take, desk.take = desk.take, self.take  # type: ignore[method-assign]

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def handle(self, heard: Heard) -> Answer:
        """The answer to a request."""
        try:
            if heard.path.startswith("/api/"):
                return self._identity(heard)
            return self._rpc(heard)
        except Exception as error:
            self.broken = self.broken or error
            raise

    def _identity(self, heard: Heard) -> Answer:
        what, token = heard.path.removeprefix("/api/"), heard.headers.get("x-authentication", "")
        if what == "login":
            form = parse_qs(heard.content.decode())
            if (form["username"], form["password"]) != ([USER], [PASSWORD]) or self.login_status != "SUCCESS":
                word = self.login_status if self.login_status != "SUCCESS" else "INVALID_USERNAME_OR_PASSWORD"
                return answer({"token": "", "status": "FAIL", "error": word})
            found = self.desk.handle(Request("session"))
            if found.status != 200 or found.delivery is not Delivery.WHOLE:
                return Answer(found.status, found.content, found.headers, found.delivery)
            return answer({"token": values_of(found)["token"], "product": APP_KEY, "status": "SUCCESS", "error": ""})
        known = token in self.desk.sessions
        if what == "logout":
            self.desk.sessions.discard(token)
        return answer(
            {"token": token, "status": "SUCCESS" if known else "FAIL", "error": "" if known else "NO_SESSION"}
        )

    def _rpc(self, heard: Heard) -> Answer:
        call = heard.json()
        assert heard.headers["content-type"] == "application/json" and call["jsonrpc"] == "2.0", call
        assert heard.headers["x-application"] == APP_KEY
        self.calls.append(call)
        method, token = call["method"].rpartition("/")[2], heard.headers["x-authentication"]
        does = {
            "placeOrders": self._place, "cancelOrders": self._cancel, "listCurrentOrders": self._current,
            "listClearedOrders": self._asked("cleared"), "listMarketCatalogue": self._asked("catalogue"),
            "listMarketBook": self._asked("book"), "getAccountFunds": self._funds,
            "getAccountDetails": self._asked("details"),
        }[method]  # fmt: skip
        said, result = does(call["params"], token)
        self.refused = said.delivery is Delivery.REFUSED
        if result is not None:
            content = json.dumps({"jsonrpc": "2.0", "result": result, "id": call["id"]}).encode()
            return Answer(200, content, said.headers, said.delivery)
        if said.status in _CODES:
            return Answer(200, _error(_CODES[said.status], call["id"]), said.headers, said.delivery)
        if said.status == 418:
            return Answer(200, _error(said.content.decode(), call["id"]), said.headers, said.delivery)
        return Answer(said.status, said.content, said.headers, said.delivery)

    # -- placing ------------------------------------------------------------------------------------------------------

    def _place(self, params: Row, token: str) -> tuple[Reply, Any]:
        market, reference = params["marketId"], params["customerRef"]
        assert len(reference) <= 32 and len(params["customerStrategyRef"]) <= 15 and params["instructions"], params
        orders = {row["customerOrderRef"]: self._order(market, row) for row in params["instructions"]}
        if self.refusals:
            return Reply(418, self.refusals.pop(0).encode()), None
        self._now_in = reference
        said = self.desk.handle(Request("place", {"orders": [_plain(order) for order in orders.values()]}, token))
        try:
            rows = values_of(said)["orders"] if said.status == 200 else None
        except (ValueError, KeyError):
            rows = None
        if said.status == 504:  # Betfair says so in a report
            rows = [{"key": key, "outcome": "timeout"} for key in orders]
        if rows is None:
            return said, None
        self.placed |= dict.fromkeys(orders, report := place_report(rows, orders, market, reference))
        return said, report

    def take(self, orders: list[Row]) -> list[Row]:
        """As `Desk.take`: a request is known again for a minute; after it, or within another, it is a second bet."""
        rows = []
        for order in orders:
            key, now = order["key"], self.desk.now_ns()
            under, at_ns = self._requests.setdefault(key, (self._now_in, now))
            if key in self.desk.accepted_ns and under == self._now_in and now - at_ns <= REMEMBERED_NS:
                rows.append({"key": key, "error": "duplicate"})
                continue
            if key in self.desk.accepted_ns:
                self.doubled(key)
            rows += self._take([order])
        return rows

    def doubled(self, key: str) -> None:
        """A second bet of an order is taken."""
        if hasattr(self.desk, "doubled"):
            self.desk.doubled.add(key)
        else:
            raise AssertionError(f"a second bet under {key}")

    def _order(self, market: str, row: Row) -> Order:
        """The order of an instruction, as the desk takes it."""
        assert row["orderType"] == "LIMIT" and row["limitOrder"]["timeInForce"] == "FILL_OR_KILL", row
        assert "persistenceType" not in row["limitOrder"] and len(row["customerOrderRef"]) == 32, row
        key, side, limit = row["customerOrderRef"], row["side"].lower(), row["limitOrder"]["price"]
        size = round(row["limitOrder"]["size"] * 100)
        known = self._order_of(key)
        odds = known.odds if known is not None else max(self._odds, limit) if side == "back" else self._odds
        stake, backer = (round(size * (odds - 1.0)), size) if side == "lay" else (size, 0)
        event_id, selection = event_of(market), _NAMES[row["selectionId"]]
        made = known or Order(
            key, int(key[:12], 16), event_id or 0, "1x2", None, selection, "aaa", side, odds, limit, stake, backer,
            T0_NS, T0_NS + 60 * SECOND_NS,
        )  # fmt: skip
        return replace(made, odds_worst=limit, stake_minor=stake, backer_minor=backer)

    def _cancel(self, params: Row, token: str) -> tuple[Reply, Any]:
        ids = {row["betId"] for row in params.get("instructions") or ()}
        assert ids and params.get("marketId"), "this would cancel every bet"
        key = next((b.order.key for b in self.desk.venue.account.bets.values() if b.receipt.venue_bet_id in ids), "")
        before = self.desk.truth(key)
        said = self.desk.handle(Request("cancel", {"key": key}, token))
        if not _is_said(said) or before is None:
            return said, None
        report = {
            "status": "SUCCESS", "instruction": {"betId": before.venue_bet_id},
            "sizeCancelled": before.open_minor / 100, "cancelledDate": "2023-11-14T22:13:21.000Z",
        }  # fmt: skip
        return said, {"status": "SUCCESS", "marketId": params["marketId"], "instructionReports": [report]}

    # -- lists --------------------------------------------------------------------------------------------------------

    def _current(self, params: Row, token: str) -> tuple[Reply, Any]:
        assert params["orderProjection"] == "ALL"
        refs, start = params.get("customerOrderRefs"), params["fromRecord"]
        body = {"from": start} | ({} if refs is None else {"keys": refs})
        said = self.desk.handle(Request("bets" if refs is None else "look_up", body, token))
        if not _is_said(said):
            return said, None
        values = values_of(said)
        bets = self.desk.venue.account.bets
        rows = [
            current_row(row, bets[row["key"]].order if row["key"] else None)
            for row in values["orders"]
            if not row["key"] or "CURRENT" in kinds(row)
        ]
        return said, self._page("currentOrders", rows, params, whole=values["all"])

    def _page(self, name: str, rows: list[Row], params: Row, *, whole: bool) -> Row:
        start, size = params["fromRecord"], min(params["recordCount"], self.page_rows)
        return {name: rows[start : start + size], "moreAvailable": start + size < len(rows) or not whole}

    def _asked(self, operation: str) -> Callable[[Row, str], tuple[Reply, Any]]:
        def ask(params: Row, token: str) -> tuple[Reply, Any]:
            said = self.desk.handle(Request(operation, params, token))
            return said, values_of(said)["value"] if _is_said(said) else None

        return ask

    def _cleared(self, request: Request) -> Reply:
        params, bets = request.body, self.desk.venue.account.bets
        refs, markets = params.get("customerOrderRefs"), params.get("marketIds")
        receipts: list[Receipt] = [
            replace(bet.receipt, venue_bet_id=f"{bet.number}")
            for key, bet in bets.items()
            if self.desk._visible(key) and key in self.desk.accepted_ns and (refs is None or key in refs)
        ]
        listed = values_of(self.desk._listed(receipts, Request("cleared", {})))
        rows = [
            cleared_row(row, bets[row["key"]].order, self.charged_minor.get(row["key"], 0))
            for row in listed["orders"]
            if params["betStatus"] in kinds(row)
        ]
        rows = [row for row in rows if markets is None or row["marketId"] in markets]
        if params.get("groupBy") == "MARKET":
            rows = [
                {"marketId": market, "commission": self.commission_minor.get(market, 0) / 100}
                for market in sorted({row["marketId"] for row in rows})
            ]
        return reply({"value": self._page("clearedOrders", rows, dict(params), whole=listed["all"])})

    # -- markets and money --------------------------------------------------------------------------------------------

    def _catalogue(self, request: Request) -> Reply:
        if "marketIds" not in request.body["filter"]:
            start, most = request.body["filter"]["marketStartTime"]["from"], request.body["maxResults"]
            assert most <= 200, "the weight of a question"
            ranked = sorted(self.listed, key=lambda row: str(row.get("marketStartTime")))
            return reply({"value": [row for row in ranked if str(row.get("marketStartTime")) >= start][:most]})
        asked = [market for market in request.body["filter"]["marketIds"] if event_of(market) is not None]
        found = [
            {
                "marketId": market, "event": {"id": f"{event_of(market)}"},
                "description": self.description,
            }
            for market in asked
        ]  # fmt: skip
        return reply({"value": found})

    def _book(self, request: Request) -> Reply:
        asked = request.body["marketIds"]
        assert len(asked) <= 100, "the weight of a question"
        still_open = [market for market in asked if market not in self.closed]  # both kinds together give only these
        books = [self._open_book(market) for market in still_open] or [self.closed[market] for market in asked]
        return reply({"value": books})

    def _open_book(self, market: str) -> Row:
        status = "SUSPENDED" if market in self.suspended else "OPEN"
        return {"marketId": market, "status": status, "inplay": market in self.in_play, "version": self.version}

    def _funds(self, params: Row, token: str) -> tuple[Reply, Any]:
        said = self.desk.handle(Request("balance", {}, token))
        if not _is_said(said):
            return said, None
        at_risk = sum(bet.receipt.at_risk_minor for bet in self.desk.venue.account.bets.values())
        at_risk += sum(row["matched_minor"] for row in self.desk.lists.foreign)
        free = values_of(said)["balance_minor"]
        return said, {"availableToBetBalance": free / 100, "exposure": -at_risk / 100, "wallet": "UK"}

    def _details(self, request: Request) -> Reply:
        return reply({"value": {"firstName": "Some", "lastName": "Body", "currencyCode": self.currency}})


def _is_said(said: Reply) -> bool:
    """Whether the desk answered at all, in an answer that may get lost."""
    return said.status == 200 and bool(said.content)


def _error(code: str, number: int) -> bytes:
    data = {"exceptionname": "APINGException", "APINGException": {"requestUUID": "x", "errorCode": code}}
    error = {"code": -32099, "message": "ANGX-0000", "data": data}
    return json.dumps({"jsonrpc": "2.0", "error": error, "id": number}).encode()


def _plain(order: Order) -> Row:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


__all__ = ["APP_KEY", "PASSWORD", "USER", "Exchange", "market_of"]
