"""Random days: whatever a venue does and whenever the process dies, what is promised holds after each step."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.clock import SECOND_NS
from engine.errors import LedgerError
from engine.live.bets.book import Book
from engine.live.bets.postings import settled
from engine.live.bets.states import BetState
from engine.live.ledger.entries import Kind
from engine.live.venue import NotTaken, Outcome, ProofClass, ReadFailed, Receipt, Unanswered
from tests.live.execution.test_recovery import POINTS, Died, die_at
from tests.live.execution.world import START_NS, Act, World, accept, accept_and_raise, order, stated

OPENING = 100_000
SENDS: dict[str, Act | Exception] = {
    "placed": accept,
    "lost": Unanswered("timeout"),
    "refused": lambda venue, orders: [Receipt(each.key, "", Outcome.REJECTED, reason="suspended") for each in orders],
    "pending": stated(Outcome.PENDING),
    "partial": stated(Outcome.PARTIAL, odds=2.1, matched_minor=300, open_minor=700),
    "lapsed": stated(Outcome.LAPSED),
    "cut": stated(Outcome.PLACED, odds=2.0, matched_minor=600),
    "worse": stated(Outcome.PLACED, odds=1.5),
    "down": NotTaken("connect"),
    "html": ValueError("html"),
    "taken": accept_and_raise(Unanswered("reset")),
}
LATER = {
    "placed": {"outcome": Outcome.PLACED, "odds": 2.1, "matched_minor": 1000, "open_minor": 0},
    "partial": {"outcome": Outcome.PARTIAL, "odds": 2.1, "matched_minor": 700, "open_minor": 300},
    "lapsed": {"outcome": Outcome.LAPSED, "open_minor": 0},
}
AGAIN = sorted(set(SENDS) - {"taken"})
NUMBERS = st.integers(1, 6)


class Day(RuleBasedStateMachine):
    """One ledger, one venue, and processes that come and go."""

    @initialize(
        proof=st.sampled_from([ProofClass.SHORT_WINDOW, ProofClass.LOOK_UP, ProofClass.PAPER]), on=st.booleans()
    )
    def begin(self, proof: ProofClass, on: bool) -> None:
        """A class of venue, with resends or without."""
        self.world = World(proof, resend=on)
        self.matched: dict[str, int] = {}
        self.rows = 0

    @rule(number=NUMBERS, send=st.sampled_from([*AGAIN, "taken"]), again=st.sampled_from(AGAIN))
    def submit(self, number: int, send: str, again: str) -> None:
        """A decision, perhaps one that was made before."""
        self.world.venue.script = [SENDS[send], SENDS[again]]
        self.world.submit(order(number, event_id=number))

    @rule(
        number=NUMBERS, send=st.sampled_from(["placed", "lost", "down"]), point=st.integers(0, 7), second=st.booleans()
    )
    def die(self, number: int, send: str, point: int, second: bool) -> None:
        """The process dies somewhere, perhaps once more while it recovers."""
        self.world.venue.script = [SENDS[send]]
        die_at(self.world, POINTS[point])
        with suppress(Died):
            self.world.submit(order(number, event_id=number))
        self.world.start()
        if second:
            die_at(self.world, "reconcile.after_commit")
            with suppress(Died):
                self.world.run_s(1)
        self.world.restart()

    @rule(seconds=st.sampled_from([1, 7, 20, 70, 400]), failing=st.booleans(), hidden=st.booleans())
    def wait(self, seconds: int, failing: bool, hidden: bool) -> None:
        """Time goes by; look-ups may fail, or be late to show young bets."""
        self.world.venue.reads = [ReadFailed("dns")] * (3 if failing else 0)
        self.world.venue.visible = not (hidden and seconds <= 20)
        self.world.run_s(seconds, max(1.0, seconds / 20))
        self.world.venue.visible, self.world.venue.reads = True, []

    @rule()
    def audit(self) -> None:
        """The whole account is read."""
        world = self.world
        world.venue.balance = world.book.free_minor()
        world.auditor.run()

    @rule(number=NUMBERS, then=st.sampled_from(sorted(LATER)))
    def decide(self, number: int, then: str) -> None:
        """The venue decides on, or matches more of, an open bet."""
        held = self.world.venue.bets_held.get(order(number).key)
        if held is None or held.outcome not in (Outcome.PENDING, Outcome.PARTIAL):
            return
        self.world.venue.say(held.key, **LATER[then])

    @rule(number=NUMBERS, pnl=st.sampled_from([-1000, 0, 900]), void=st.booleans())
    def settle(self, number: int, pnl: int, void: bool) -> None:
        """A result, or a correction of one."""
        bet = self.world.book.get(order(number).key)
        ends = (BetState.PLACED, BetState.PARTIAL, BetState.LAPSED, BetState.SETTLED, BetState.VOID)
        if bet is None or bet.state not in ends or not bet.matched_minor:
            return
        pnl = max(pnl, -bet.matched_minor)
        outcome, pnl = (BetState.VOID, 0) if void else (BetState.SETTLED, pnl)
        self.world.journal.write(settled(bet, outcome, pnl, 0, self.world.clock.wall))

    @rule(on=st.booleans())
    def kill(self, on: bool) -> None:
        """The kill switch."""
        self.world.ledger.killed = on

    @invariant()
    def one_bet_per_key_and_none_without_a_send_on_record(self) -> None:
        """I1, I2, I4, I11."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for key in world.venue.bets_held:
            assert world.kinds(key)[:2] == ["intended", "sent"]
            bet = world.book.get(key)
            if bet.state in (BetState.REJECTED, BetState.ABANDONED):
                assert bet.cause not in ("absent", "restart"), "given up while the venue holds it"
        for bet in world.book:
            requests = sum(bet.key in request for request in world.venue.requests)
            assert requests <= bet.attempts <= world.settings.attempts_most

    @invariant()
    def money_adds_up(self) -> None:
        """I5."""
        if not hasattr(self, "world"):
            return
        book: Book = self.world.book
        balances = book.balances
        assert sum(balances.values()) == 0
        reserved, stakes = (sum(getattr(bet, name) for bet in book) for name in ("reserved_minor", "stakes_minor"))
        pnl = sum(bet.pnl_minor for bet in book if bet.state in (BetState.SETTLED, BetState.VOID))
        assert (balances["reserved"], balances["stakes"], balances["pnl"]) == (reserved, stakes, -pnl)
        assert balances["cash"] == OPENING - reserved - stakes + pnl - balances["adjustment"]

    @invariant()
    def entries_only_grow_and_tell_the_same(self) -> None:
        """I7, I8, I9."""
        if not hasattr(self, "world"):
            return
        world = self.world
        assert len(world.rows) >= self.rows
        self.rows = len(world.rows)
        again = Book()
        for row in world.rows:
            again.apply(row)
        assert again.balances == world.book.balances and dict(again.bets()) == dict(world.book.bets())
        for bet in world.book:
            assert bet.matched_minor >= self.matched.get(bet.key, 0)
            self.matched[bet.key] = bet.matched_minor
        claims = [row.entry.venue_bet for row in world.rows if row.entry.venue_bet]
        assert len(set(claims)) == len(claims)

    def teardown(self) -> None:
        """I3: once all faults and the time of the proof are over, nothing is unknown. Reading again adds nothing."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.venue.visible, world.venue.reads, world.venue.script = True, [], []
        world.venue.profile = replace(world.venue.profile, proof_until_ns=None)
        world.restart()
        world.run_s(400, 5)
        world.venue.balance = world.book.free_minor()
        world.auditor.run()
        assert {bet.state for bet in world.book} <= set(BetState) - {BetState.INTENDED, BetState.SENT, BetState.UNKNOWN}
        for bet in world.book:
            held = world.venue.bets_held.get(bet.key)
            if held is not None and held.matched_minor and bet.state is not BetState.LAPSED:
                assert bet.matched_minor == held.matched_minor
        rows = len(world.rows)
        world.auditor.run()
        world.run_s(30, 5)
        assert len(world.rows) == rows


TestDay = Day.TestCase
TestDay.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@pytest.mark.parametrize("lie", ["after_all", "matched"])
def test_the_promises_can_be_broken(lie: str) -> None:
    world = World()
    world.submit(order())
    row = world.rows[-1]
    if lie == "matched":
        body = {**row.entry.body, "matched_minor": 999}
        world.rows[-1] = replace(row, entry=replace(row.entry, body=body))
    else:
        world.rows[-1] = replace(row, entry=replace(row.entry, kind=Kind.SETTLED, body={"version": 1, "pnl_minor": 0}))
    with pytest.raises(LedgerError):
        world.start()
    assert world.clock.wall == START_NS + 0 * SECOND_NS
