"""Planted bugs: wrong versions of the code under test, each of which the schedules must find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from engine.live.bets import bet as bets
from engine.live.bets import postings
from engine.live.bets.intent import intent_key
from engine.live.bets.postings import absent
from engine.live.bets.states import BetState
from engine.live.breakers.clock_jump import ClockJump
from engine.live.execution import lists, reconcile, statements
from engine.live.execution.executor import Executor
from engine.live.execution.reconcile import Reconciler
from engine.live.ledger import chained, lease
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind, Money
from engine.live.ledger.memory import MemoryTransaction
from engine.live.venue import Outcome, Profile, Receipt, VenueFailure
from tests.schedules.world import DIGEST, World
from tests.venue_server.client import WireVenue
from tests.venue_server.wire import Reply

Plant = Callable[[], AbstractContextManager[None]]
PLANTED: Final[dict[str, Plant]] = {}


def put(*changes: tuple[Any, str, Any]) -> AbstractContextManager[None]:
    """Attributes replaced by wrong ones, and put back."""

    @contextmanager
    def changed() -> Iterator[None]:
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
        for owner, name, wrong in changes:
            setattr(owner, name, wrong)
        try:
            yield
        finally:
            for owner, name, right in before:
                setattr(owner, name, right)

    return changed()


def plant(name: str) -> Callable[[Plant], Plant]:
    """Enter a bug under its name."""

    def enter(make: Plant) -> Plant:
        PLANTED[name] = make
        return make

    return enter


@plant("the key has the time in it")
def _key() -> AbstractContextManager[None]:
    return put((World, "key_of", lambda self, number: intent_key(DIGEST, number + (self.clock.now << 20))))


@plant("the receipt comes before the intent")
def _receipt_first() -> AbstractContextManager[None]:
    right = Executor.submit

    def submit(self: Executor, intents: Any) -> Any:
        with suppress(VenueFailure):
            self.venue.place([intent.order for intent in intents])
        return right(self, intents)

    return put((Executor, "submit", submit))


@plant("SENT is not flushed")
def _unflushed() -> AbstractContextManager[None]:
    right = MemoryTransaction.commit

    def commit(self: MemoryTransaction, *, flush: bool) -> None:
        right(self, flush=flush and not any(row.entry.kind is Kind.SENT for row in self._rows))

    return put((MemoryTransaction, "commit", commit))


@plant("UNKNOWN is freed after failed reads")
def _failed_reads() -> AbstractContextManager[None]:
    right = Reconciler._failed

    def failed(self: Reconciler, keys: Any, cause: str) -> None:
        right(self, keys, cause)
        for key in keys if self._failures >= 3 else ():
            bet = self._journal.book.get(key)
            if bet is not None and bet.state is BetState.UNKNOWN:
                self._journal.write([absent(bet, [], self._clock.wall_ns())])

    return put((Reconciler, "_failed", failed))


@plant("a 5xx is a rejection")
def _server_errors() -> AbstractContextManager[None]:
    right = WireVenue._send

    def send(self: WireVenue, operation: str, body: Any) -> Reply:
        exchange = self.transport.exchange

        def softened(request: Any) -> Reply:
            answer = exchange(request)
            return replace(answer, status=400) if answer.status >= 500 else answer

        self.transport.exchange = softened  # type: ignore[method-assign]
        try:
            return right(self, operation, body)
        finally:
            self.transport.exchange = exchange  # type: ignore[method-assign]

    return put((WireVenue, "_send", send))


@plant("absence after one list")
def _one_list() -> AbstractContextManager[None]:
    def promised(self: World, profile: Profile) -> Profile:
        return replace(profile, absence_reads=1, absence_wait_ns=0)

    return put((World, "promised", promised))


@plant("a restart ends the wait for absence")
def _no_wait_after_restart() -> AbstractContextManager[None]:
    right = Reconciler.begin

    def begin(self: Reconciler) -> None:
        right(self)
        for watch in self._watches.values():
            watch.last_ns -= 1 << 50

    return put((Reconciler, "begin", begin))


@plant("a listed bet that nearly fits is passed over")
def _nearly() -> AbstractContextManager[None]:
    right = reconcile.match

    def match(bets: Any, listed: Any, now_ns: int) -> Any:
        found = right(bets, listed, now_ns)
        found.unclear = {bet.key for bet in bets if any(lists.fits(bet, entry, now_ns) for entry in listed)}
        return replace(found, unclear=found.unclear - set(found.found))

    return put((reconcile, "match", match))


@plant("resend after the window")
def _late_resend() -> AbstractContextManager[None]:
    def promised(self: World, profile: Profile) -> Profile:
        return replace(profile, resend=True, resend_until_ns=10**15)

    return put((World, "promised", promised))


@plant("matched sizes are added")
def _added() -> AbstractContextManager[None]:
    right = statements.received

    def received(bet: bets.Bet, receipt: Receipt, venue: str, at_ns: int) -> Any:
        return right(bet, replace(receipt, matched_minor=bet.matched_minor + receipt.matched_minor), venue, at_ns)

    return put((statements, "received", received))


@plant("settlement by message instead of version")
def _by_message() -> AbstractContextManager[None]:
    def settle(bet: bets.Bet, receipt: Receipt, at_ns: int, found: statements.Statement) -> None:
        outcome = BetState.VOID if receipt.outcome is Outcome.VOID else BetState.SETTLED
        found.entries += postings.settled(bet, outcome, receipt.pnl_minor or 0, 0, at_ns)

    return put((statements, "_settle", settle))


@plant("the lease is checked outside the transaction")
def _lease_outside() -> AbstractContextManager[None]:
    right, check = ChainedLedger._append, lease.check

    def append(self: ChainedLedger, prepared: Any, sending: bool) -> Any:
        check(self._store.state(), self._holder, self.epoch)
        return right(self, prepared, sending)

    return put((ChainedLedger, "_append", append), (lease, "check", lambda *values: None))


@plant("the window is measured by the wall clock")
def _wall_window() -> AbstractContextManager[None]:
    right = Executor.send

    def send(self: Executor, keys: Any) -> None:
        clock = self.clock
        self.clock = _Walled(clock)
        try:
            right(self, keys)
        finally:
            self.clock = clock

    # the breaker of the clock, asked before each send, would stop it as well: here it is taken out too
    return put((Executor, "send", send), (ClockJump, "_jumped", lambda self: False))


class _Walled:
    """A clock whose monotonic time is wall time."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def wall_ns(self) -> int:
        """Wall time."""
        return int(self._clock.wall_ns())

    def monotonic_ns(self) -> int:
        """Wall time, too."""
        return int(self._clock.wall_ns())

    def sleep_ns(self, duration_ns: int) -> None:
        """Wait."""
        self._clock.sleep_ns(duration_ns)


@plant("page 2 is not read")
def _one_page() -> AbstractContextManager[None]:
    right = WireVenue._values

    def values(self: WireVenue, operation: str, body: Any) -> dict[str, Any]:
        found: dict[str, Any] = right(self, operation, body)
        return found | {"pages": 1} if "pages" in found else found

    return put((WireVenue, "_values", values))


@plant("a late answer overwrites")
def _overwrites() -> AbstractContextManager[None]:
    return put((statements, "_is_news", lambda bet, receipt: True))


@plant("a duplicate error is a rejection")
def _duplicate() -> AbstractContextManager[None]:
    right = WireVenue._answer_of

    def answer_of(self: WireVenue, key: str, found: Any) -> Any:
        if found.get(key, {}).get("error") == "duplicate":
            return Receipt(key, "", Outcome.REJECTED, reason="refused")
        return right(self, key, found)

    return put((WireVenue, "_answer_of", answer_of))


@plant("the sign of a lay's reservation is reversed")
def _sign_of_a_lay() -> AbstractContextManager[None]:
    intended, to_state = postings.intended, bets._intended

    def reversed_money(stake: int) -> Money:
        return Money(cash=stake, reserved=-stake)

    def wrong_entry(order: Any, facts: Any, at_ns: int) -> Any:
        entry = intended(order, facts, at_ns)
        return replace(entry, money=reversed_money(order.stake_minor)) if order.side == "lay" else entry

    def wrong_bet(entry: Any) -> Any:
        right = Money(cash=-int(entry.body["stake_minor"]), reserved=int(entry.body["stake_minor"]))
        return to_state(replace(entry, money=right))

    from engine.live.execution import executor

    return put((executor, "intended", wrong_entry), (bets, "_intended", wrong_bet))


@plant("matched and then failed is ignored")
def _failed_later() -> AbstractContextManager[None]:
    right = statements._settle

    def settle(bet: bets.Bet, receipt: Receipt, at_ns: int, found: statements.Statement) -> None:
        if receipt.outcome is not Outcome.VOID:
            right(bet, receipt, at_ns, found)

    return put((statements, "_settle", settle))


@plant("the lease is renewed by the wall clock")
def _wall_lease() -> AbstractContextManager[None]:
    right = ChainedLedger.__init__

    def begin(self: ChainedLedger, store: Any, clock: Any, *values: Any) -> None:
        right(self, store, _Walled(clock), *values)

    return put((chained.ChainedLedger, "__init__", begin))
