"""Spoilt answers: whatever the exchange answers, the adapter stays within its contract.

``python -m tests.betfair_exchange.answers 10000`` tries so many of them.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.login import Account, Session
from engine.live.adapters.betfair.venue import BetfairVenue
from engine.live.clock import WorldClock
from engine.live.venue import Outcome, Reading, Receipt, VenueFailure
from engine.live.wire.request import Reply, Request
from engine.logs.secrets import Secrets
from tests.betfair_exchange.exchange import APP_KEY, PASSWORD, USER, Exchange
from tests.betfair_exchange.line import SETTINGS
from tests.betfair_exchange.words import Everything, market_of
from tests.live.venues.orders import BANKROLL, order
from tests.venue_server.desk import Desk
from tests.venue_server.faults import FAULTS
from tests.wire_server.server import Heard
from tests.wire_server.spoilt import spoilt

#: outcomes of a bet that stands or stood: they need a bet id
_STANDS: Final = frozenset(Outcome) - {Outcome.REJECTED}


class Kept:
    """A wire that answers from sound answers, by method, of which one is spoilt."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator
        self.spoils = "placeOrders"

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        if "/api/" in request.url:
            login = b'{"token": "token-number-1", "product": "x", "status": "SUCCESS", "error": ""}'
            return Reply(200, spoilt(login, self._generator) if self.spoils == "login" else login)
        call = json.loads(request.content)
        method = call["method"].rpartition("/")[2]
        name = f"{method}/{call['params'].get('groupBy') or call['params'].get('betStatus') or ''}"
        content = json.dumps({"jsonrpc": "2.0", "result": sound()[name], "id": call["id"]}).encode()
        if self.spoils == method:
            content = spoilt(content, self._generator)
        return Reply(self._generator.choice((200, 200, 200, 400, 503)) if self.spoils == "status" else 200, content)


@cache
def sound() -> dict[str, Any]:
    """Sound results by method: of an account with a placed, an open, a lapsed and a settled bet."""
    desk = Desk(":memory:", lambda: 0)
    desk.venue.deposit("capital", BANKROLL)
    exchange, number = Exchange(desk), 0

    def result(method: str, params: dict[str, Any], service: str = "betting") -> Any:
        nonlocal number
        number += 1
        call = {"jsonrpc": "2.0", "method": f"x/{method}", "params": params, "id": number}
        headers = {"content-type": "application/json", "x-application": APP_KEY, "x-authentication": "session-0"}
        return json.loads(
            exchange.handle(Heard("POST", f"/exchange/{service}/", {}, headers, json.dumps(call).encode())).content
        )["result"]

    def place(number: int, **values: Any) -> Any:
        venue = _venue(lambda method, params: result(method, params))
        venue.place([order(number, **values)])

    place(1)
    desk.inject(FAULTS["partial_for_ever"])
    place(2)
    place(3, side="lay", backer_minor=1_000, odds_worst=2.0)
    desk.settle(order(3).key, 900)
    exchange.commission_minor[market_of(1)] = exchange.charged_minor[order(3).key] = 45
    lists = {"fromRecord": 0, "recordCount": 1000}
    kept = {
        "listCurrentOrders/": result("listCurrentOrders", lists | {"orderProjection": "ALL"}),
        "listMarketCatalogue/": result("listMarketCatalogue", {"filter": {"marketIds": [market_of(1)]}}),
        "listMarketBook/": result("listMarketBook", {"marketIds": [market_of(1)]}),
        "getAccountFunds/": result("getAccountFunds", {}), "getAccountDetails/": result("getAccountDetails", {}),
    }  # fmt: skip
    for kind in ("SETTLED", "VOIDED", "LAPSED", "CANCELLED"):
        kept[f"listClearedOrders/{kind}"] = result("listClearedOrders", lists | {"betStatus": kind})
    grouped = lists | {"betStatus": "SETTLED", "groupBy": "MARKET"}
    kept["listClearedOrders/MARKET"] = result("listClearedOrders", grouped)
    kept["placeOrders/"] = exchange.placed[order(1).key]
    kept["cancelOrders/"] = {
        "status": "SUCCESS", "marketId": market_of(1),
        "instructionReports": [{"status": "SUCCESS", "instruction": {"betId": "2"}, "sizeCancelled": 5.0}],
    }  # fmt: skip
    return kept


class _Calls:
    """A wire that calls a function for each method."""

    def __init__(self, result: Callable[[str, dict[str, Any]], Any]) -> None:
        self._result = result

    def exchange(self, request: Request) -> Reply:
        if "/api/" in request.url:
            return Reply(200, b'{"token": "session-0", "product": "x", "status": "SUCCESS", "error": ""}')
        call = json.loads(request.content)
        result = self._result(call["method"].rpartition("/")[2], call["params"])
        return Reply(200, json.dumps({"jsonrpc": "2.0", "result": result, "id": call["id"]}).encode())


def _venue(result: Callable[[str, dict[str, Any]], Any]) -> BetfairVenue:
    return _on(_Calls(result))


def _on(wire: Any) -> BetfairVenue:
    clock = WorldClock()
    session = Session(wire, Account(USER, PASSWORD, APP_KEY), clock, Secrets())
    return BetfairVenue(Api(wire, session), Everything(), SETTINGS, clock)


#: what is asked, and the methods whose answers are spoilt meanwhile
ASKED: Final[tuple[tuple[Callable[[BetfairVenue], Any], tuple[str, ...]], ...]] = (
    (lambda venue: venue.place([order(1)]), ("placeOrders",) * 6 + ("listMarketBook", "listMarketCatalogue", "login")),
    (lambda venue: venue.look_up([order(n).key for n in (1, 2, 3)]), ("listCurrentOrders", "listClearedOrders")),
    (lambda venue: venue.bets(), ("listCurrentOrders", "listClearedOrders", "listMarketCatalogue", "status")),
    (lambda venue: venue.balance_minor(), ("getAccountFunds", "listCurrentOrders")),
    (lambda venue: venue.cancel(order(2).key), ("cancelOrders", "listCurrentOrders")),
    (lambda venue: venue.account(), ("getAccountDetails", "status")),
)


def answer_to(seed: int) -> str:
    """What comes of one question whose answer is spoilt, one word.

    Raises
    ------
    AssertionError
        The adapter said that a bet stands without a bet id, or gave something that its contract does not know.
    """
    generator = random.Random(seed)
    ask, methods = generator.choice(ASKED)
    wire = Kept(generator)
    wire.spoils = generator.choice(methods)
    try:
        found = ask(_on(wire))
    except VenueFailure as failure:
        assert failure.cause and " " not in failure.cause and len(failure.cause) < 80, failure.cause
        return type(failure).__name__
    receipts = found.receipts if isinstance(found, Reading) else found if isinstance(found, list) else [found]
    for receipt in receipts:
        if isinstance(receipt, Receipt):
            assert receipt.venue_bet_id or receipt.outcome not in _STANDS, receipt
            json.dumps(dict(receipt.raw), allow_nan=False)
    return type(found).__name__


def main(count: int) -> int:
    """Try so many; the exit status is 1 if one of them left the contract."""
    met: Counter[str] = Counter()
    for seed in range(count):
        try:
            met[answer_to(seed)] += 1
        except Exception as error:  # whatever it is, it is outside
            met["OUTSIDE"] += 1
            sys.stdout.write(f"seed {seed}: {error!r}\n")
    sys.stdout.write(f"{count} spoilt answers: {dict(sorted(met.items()))}\n")
    return int(met["OUTSIDE"] > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
