"""The venue behind the wire: a paper venue that takes every order, its lists, and the faults in front of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine import Configuration
from engine.live.venue import DUPLICATE, NotTaken, Order, Outcome, Receipt, Unanswered
from engine.live.venues.fills import FillModel
from engine.live.venues.paper import PaperVenue
from engine.live.venues.prices import NO_PRICE, Price
from tests.venue_server.wire import Reply, Request, receipt_json, reply

#: answers a request honestly
Go = Callable[[], Reply]
#: what a fault does with a request
Act = Callable[["Desk", Request, Go], Reply]

PAGE_ROWS: Final = 50
FOR_EVER: Final = 1 << 62
#: orders wait for the market for an instant, so that faults can let them wait longer
MODEL: Final = FillModel(Configuration(stake_min_minor=1.0).params(), delay_ns=1)


@dataclass(frozen=True)
class Fault:
    """One way in which the venue misbehaves.

    Attributes
    ----------
    id : str
        Row of the table of faults: F01, F02, ...
    name : str
        Unique.
    on : str
        The operation that it concerns; empty: all of them.
    act : callable
    """

    id: str
    name: str
    on: str
    act: Act

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


@dataclass
class Active:
    """A fault that waits for its requests."""

    fault: Fault
    times: int
    until_ns: int = FOR_EVER
    met: int = 0


class Willing:
    """A market that takes every order at its own odds, unless one of these says otherwise, by key."""

    def __init__(self) -> None:
        self.odds: dict[str, float] = {}
        self.sizes: dict[str, float] = {}
        self.waiting: set[str] = set()
        self.gone: set[str] = set()

    def offered(self, order: Order) -> Price:
        """As `PriceSource.offered`."""
        return Price(order.decided_at_ns, order.odds, self.sizes.get(order.key, math.inf))

    def on_arrival(self, order: Order, arrives_ns: int) -> Price | None:
        """As `PriceSource.on_arrival`."""
        if order.key in self.gone:
            return NO_PRICE
        odds = self.odds.get(order.key, order.odds)
        return None if order.key in self.waiting else Price(arrives_ns, odds)

    def compared(self, order: Order) -> list[float]:
        """As `PriceSource.compared`."""
        return []


@dataclass
class Lists:
    """What the lists of the venue leave out or add; instants are those of the desk's clock."""

    visible_from_ns: dict[str, int] = field(default_factory=dict)  # by key
    foreign: list[dict[str, Any]] = field(default_factory=list)  # bets of others on this account
    one_id: str = ""  # venue bet id that every bet is shown with
    cap: int = FOR_EVER  # rows of a whole list; the rest is not shown
    twice: bool = False  # every row is shown twice
    moved: set[str] = field(default_factory=set)  # keys of bets whose event has an id that nobody here knows


class Desk:
    """Handles requests, each through the first active fault that concerns it.

    Parameters
    ----------
    path : Path or str
        Database of the truth.
    now_ns : callable
        The desk's clock, UTC nanoseconds.
    with_references : bool
        Whether the lists show the references of orders.
    model : FillModel, optional
    """

    def __init__(
        self,
        path: Path | str,
        now_ns: Callable[[], int],
        *,
        with_references: bool = True,
        model: FillModel | None = None,
    ) -> None:
        self.now_ns, self.with_references = now_ns, with_references
        self.market, self.lists = Willing(), Lists()
        self.venue = PaperVenue(path, self.market, model or MODEL)
        self.active: list[Active] = []
        self.met: dict[str, int] = {}
        self.requests: list[Request] = []
        self.sent: dict[str, int] = {}  # requests to place, by key: whatever came of them
        self.accepted_ns: dict[str, int] = {}
        self.sessions = {"session-0"}
        self.decide_at: list[tuple[int, str, Callable[[], object]]] = []  # what happens later: when, to which key
        self.cache: dict[str, tuple[int, Reply]] = {}
        self.page_rows = PAGE_ROWS
        self.more: dict[str, Callable[[Request], Reply]] = {}  # operations that another interface adds

    # faults

    def inject(self, fault: Fault, times: int = 1, until_ns: int = FOR_EVER) -> Active:
        """Let a fault meet the next requests of its operation, `times` of them, or all until an instant."""
        self.active.append(Active(fault, times, until_ns))
        return self.active[-1]

    def heal(self) -> None:
        """End all faults, and show every list as it is."""
        self.active.clear()
        self.lists = Lists()
        self.cache.clear()

    def later(self, seconds: float, key: str, change: Callable[[], object]) -> None:
        """Let something happen to a bet by itself."""
        self.decide_at.append((self.now_ns() + int(seconds * 1e9), key, change))

    def handle(self, request: Request) -> Reply:
        """Answer a request."""
        self.requests.append(request)
        self._happen()
        if request.operation == "place":
            for order in request.body["orders"]:
                self.sent[order["key"]] = self.sent.get(order["key"], 0) + 1
        for one in self.active:
            if one.fault.on in ("", request.operation) and one.met < one.times and self.now_ns() < one.until_ns:
                one.met += 1
                self.met[one.fault.name] = self.met.get(one.fault.name, 0) + 1
                return one.fault.act(self, request, lambda: self.answer(request))
        return self.answer(request)

    # the honest venue

    def answer(self, request: Request) -> Reply:
        """Answer a request without any fault."""
        if request.operation == "session":
            self.sessions.add(f"session-{len(self.sessions)}")
            return reply({"token": max(self.sessions)})
        if request.token not in self.sessions:
            return reply({"error": "no session"}, 401)
        answers: dict[str, Callable[[Request], Reply]] = {
            "place": self._place, "look_up": self._look_up, "bets": self._bets, "balance": self._balance,
            "cancel": self._cancel, **self.more,
        }  # fmt: skip
        return answers[request.operation](request)

    def take(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take orders; the answer of each."""
        taken = [Order(**order) for order in orders]
        items = []
        for order, answer in zip(taken, self.venue.place(taken), strict=True):
            if isinstance(answer, Receipt):
                if answer.outcome is not Outcome.REJECTED:
                    self.accepted_ns.setdefault(order.key, self.now_ns())
                items.append(self.shown(answer))
            elif isinstance(answer, Unanswered) and answer.cause == DUPLICATE:
                items.append({"key": order.key, "error": "duplicate"})
            else:
                items.append({"key": order.key, "error": str(answer)})
        return items

    def _place(self, request: Request) -> Reply:
        return reply({"orders": self.take(request.body["orders"])})

    def _look_up(self, request: Request) -> Reply:
        receipts = self.venue.look_up(request.body["keys"]).receipts
        return self._listed([r for r in receipts if self._visible(r.key)], request)

    def _bets(self, request: Request) -> Reply:
        return self._listed(
            [r for r in self.venue.bets().receipts if self._visible(r.key)], request, self.lists.foreign
        )

    def _balance(self, request: Request) -> Reply:
        return reply({"balance_minor": self.venue.balance_minor()})

    def _cancel(self, request: Request) -> Reply:
        try:
            return reply({"orders": [self.shown(self.venue.cancel(request.body["key"]))]})
        except NotTaken as error:
            return reply({"error": error.cause}, 400)

    def _visible(self, key: str) -> bool:
        return self.now_ns() >= self.lists.visible_from_ns.get(key, 0)

    def _listed(self, receipts: list[Receipt], request: Request, foreign: list[dict[str, Any]] | None = None) -> Reply:
        rows: list[Receipt | dict[str, Any]] = [*receipts, *(foreign or [])]
        rows = [row for row in rows for _ in range(2 if self.lists.twice else 1)]
        is_all = len(rows) <= self.lists.cap
        rows, page, size = rows[: self.lists.cap], int(request.body.get("page", 0)), self.page_rows
        pages = max(1, -(-len(rows) // size))
        shown = [row if isinstance(row, dict) else self.shown(row) for row in rows[page * size : (page + 1) * size]]
        if not self.with_references:
            shown = [row | {"key": ""} for row in shown]
        return reply({"orders": shown, "pages": pages, "all": is_all})

    def shown(self, receipt: Receipt) -> dict[str, Any]:
        """A bet as the lists show it."""
        shown_id = self.lists.one_id or receipt.venue_bet_id
        raw = dict(receipt.raw) | {"placed_at_ns": self.accepted_ns.get(receipt.key, 0)}
        event_id = None if receipt.key in self.lists.moved else receipt.event_id
        if receipt.key in self.lists.moved:
            raw["event_id"] = None
        return receipt_json(replace(receipt, venue_bet_id=shown_id, raw=raw, event_id=event_id))

    # the market

    def _happen(self) -> None:
        due = [item for item in self.decide_at if item[0] <= self.now_ns()]
        self.decide_at = [item for item in self.decide_at if item[0] > self.now_ns()]
        for _, _, change in sorted(due, key=lambda item: item[:2]):
            change()

    def settle(self, key: str, pnl_minor: int, version: int = 1, **values: Any) -> None:
        """Settle a bet, or correct its settlement."""
        self.venue.settle(key, pnl_minor, version=version, **values)

    def truth(self, key: str) -> Receipt | None:
        """What really stands under a key."""
        bet = self.venue.account.bets.get(key)
        return bet.receipt if bet else None


def values_of(answer: Reply) -> dict[str, Any]:
    """The JSON of a reply."""
    found: dict[str, Any] = json.loads(answer.content)
    return found
