"""The venue's truth in a schedule: the desk with faults, and what it must never see."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from engine.clock import SECOND_NS
from engine.live.venue import NotTaken, Order, Outcome, Profile, ProofClass, Receipt
from tests.schedules.process import BANKROLL_MINOR
from tests.venue_server.desk import Desk, values_of
from tests.venue_server.profiles import LISTS, LOOK_UP, SHORT_WINDOW
from tests.venue_server.wire import Reply, Request

if TYPE_CHECKING:
    from tests.schedules.world import World

PROFILES: Final[dict[str, Profile]] = {
    "short": SHORT_WINDOW,
    "look_up": LOOK_UP,
    "short_resend": replace(SHORT_WINDOW, resend=True),
    "look_up_resend": replace(LOOK_UP, resend=True),
    "lists": LISTS,
}
#: how long the venue knows a reference again: of the short window, of the long one, and where there are lists only
WINDOWS_NS: Final = {"short": 60 * SECOND_NS, "look_up": 1800 * SECOND_NS, "lists": -1}
_HELD: Final = frozenset({Outcome.PLACED, Outcome.PARTIAL, Outcome.PENDING, Outcome.LAPSED})


class WatchedDesk(Desk):
    """A desk that tells of each request to place, and that forgets references after its window."""

    def __init__(self, world: World) -> None:
        references = world.honest.proof is not ProofClass.LISTS
        super().__init__(":memory:", world.clock.true_ns, with_references=references)
        self._world, self.page_rows = world, 2
        self.arrived: dict[str, int] = {}
        self.doubled: set[str] = set()
        self.lied: set[str] = set()
        self.last_ns: dict[str, int] = {}
        self.hidden: Counter[str] = Counter()

    def handle(self, request: Request) -> Reply:
        """As `Desk.handle`; a request without a session is none."""
        if request.operation == "look_up":
            return self._looked_up(request)
        if request.operation != "place" or request.token not in self.sessions:
            return super().handle(request)
        for order in request.body["orders"]:
            self._world.checks.arrives(order["key"])
        lying = any(one.fault.name.startswith("lying") and one.met < one.times for one in self.active)
        hidden_ns = self._world.honest.absence_wait_ns
        answer = super().handle(request)
        if answer.status != 401:
            for order in request.body["orders"]:
                key = order["key"]
                self._world.checks.counts()
                self.arrived[key] = self.arrived.get(key, 0) + 1
                self.last_ns[key] = self.now_ns()
                if lying or self.lists.visible_from_ns.get(key, 0) - self.now_ns() > hidden_ns:
                    self.lied.add(key)  # the venue breaks its own profile
        return answer

    def _looked_up(self, request: Request) -> Reply:
        """A list that leaves a bet out as often as its absence takes breaks the venue's own profile."""
        met, honest = self.met.get("list_flickers", 0), self._world.honest
        answer = super().handle(request)
        if self.met.get("list_flickers", 0) > met and not values_of(answer).get("orders"):
            for key in request.body["keys"]:
                if key in self.accepted_ns and self.now_ns() - self.last_ns.get(key, 0) >= honest.absence_wait_ns:
                    self.hidden[key] += 1
                    if self.hidden[key] >= honest.absence_reads:
                        self.lied.add(key)
        return answer

    def take(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As `Desk.take`; after the window a known reference is a second bet."""
        window = self._world.window_ns
        for order in orders:
            at = self.accepted_ns.get(order["key"])
            if at is not None and self.now_ns() - at > window:
                self.doubled.add(order["key"])
        return super().take(orders)


class Truth:
    """What really stands at the venue, and what happens to it."""

    def __init__(self, world: World) -> None:
        self._world, self.desk = world, WatchedDesk(world)
        self.desk.venue.deposit("bankroll", BANKROLL_MINOR)

    def bet(self, key: str) -> Receipt | None:
        """The bet of a key that the venue accepted, if there is one."""
        found = self.desk.truth(key)
        return None if found is None or found.outcome is Outcome.REJECTED else found

    def settle(self, order: Order | None, won: bool, cents: int) -> None:
        """The result of a bet that is matched."""
        found = None if order is None else self.bet(order.key)
        if order is None or found is None or found.outcome is not Outcome.PLACED or not found.matched_minor:
            return
        self._count("F34" if cents else "F30")
        self.desk.settle(order.key, _pnl(found, order, won) + cents, 1)

    def correct(self, order: Order | None, won: bool, cents: int) -> None:
        """A settlement is made again."""
        found = None if order is None else self.bet(order.key)
        if order is None or found is None or found.outcome not in (Outcome.SETTLED, Outcome.VOID):
            return
        self._count("F31")
        self.desk.settle(order.key, _pnl(found, order, won) + cents, found.version + 1)

    def void(self, order: Order | None) -> None:
        """A bet that was matched fails, before or after its settlement."""
        found = None if order is None else self.bet(order.key)
        if order is None or found is None or not found.matched_minor or found.outcome is Outcome.PARTIAL:
            return
        self._count("F32")
        fee = -1 if found.outcome is Outcome.VOID else 0  # void once more, with a fee
        self.desk.settle(order.key, fee, found.version + 1, void=True)

    def postpone(self, order: Order | None) -> None:
        """The event of a bet is played half an hour later than it should; nothing settles meanwhile."""
        if order is not None and self.bet(order.key) is not None:
            self._count("F35")
            self.desk.later(1800, order.key, lambda: self.settle(order, True, 0))

    def heal_faults(self) -> None:
        """All faults end; a bet that was placed by hand stays."""
        foreign = self.desk.lists.foreign
        self.desk.heal()
        self.desk.lists.foreign = foreign

    def heal(self) -> None:
        """All faults end; the market decides what it has not decided."""
        self.heal_faults()
        self.desk.market.waiting.clear()

    def end_all(self) -> None:
        """Open rests lapse and every bet is settled."""
        for key in list(self.desk.venue.account.bets):
            found = self.bet(key)
            if found is not None and found.outcome in (Outcome.PARTIAL, Outcome.PENDING):
                try:
                    self.desk.venue.cancel(key)
                except NotTaken:
                    continue
        for order in self._world.orders.values():
            found = self.bet(order.key)
            if found is not None and found.outcome in (Outcome.PLACED, Outcome.LAPSED) and found.matched_minor:
                self.desk.settle(order.key, _pnl(found, order, order.opportunity_id % 2 == 0), 1)

    def at_risk_minor(self, key: str) -> int:
        """What a bet has at risk at the venue."""
        found = self.bet(key)
        if found is None or found.outcome not in _HELD:
            return 0
        return found.matched_minor + found.open_minor

    def _count(self, name: str) -> None:
        self._world.faults[name] += 1


def _pnl(found: Receipt, order: Order, won: bool) -> int:
    """Profit of the matched part, by hand."""
    if not won:
        return -found.matched_minor
    if order.side == "lay":
        return found.backer_minor
    return round(found.matched_minor * (found.odds - 1.0))
