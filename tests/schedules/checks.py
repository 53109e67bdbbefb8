"""The invariants of a schedule, from the venue's truth and from the rows on the disk, without the code under test."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from engine.errors import LedgerError
from engine.live.ledger.entries import ACCOUNTS, Kind, Recorded
from engine.live.venue import Outcome, ProofClass
from tests.schedules.faults import FOREIGN_MINOR
from tests.schedules.process import BANKROLL_MINOR

if TYPE_CHECKING:
    from tests.schedules.world import World

_STATES: Final = frozenset(
    {
        Kind.INTENDED, Kind.ABANDONED, Kind.SENT, Kind.UNKNOWN, Kind.PENDING, Kind.PLACED, Kind.PARTIAL, Kind.REJECTED,
        Kind.LAPSED, Kind.SETTLED, Kind.VOID,
    }
)  # fmt: skip
_GONE: Final = frozenset({Kind.ABANDONED, Kind.REJECTED})
#: most sends in any minute
_PER_MINUTE: Final = 10
_MINUTE_NS: Final = 60 * 10**9
#: stands in addresses and answers of the venue, and must stand in no row
_PLANTED: Final = "PLANTED"


class Violated(AssertionError):
    """An invariant does not hold. `name` is its number."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(f"{name}: {text}")


@dataclass
class Story:
    """One bet as the rows tell it, folded here by plain sums."""

    state: Kind | None = None
    reserved: int = 0
    stakes: int = 0
    matched: int = 0
    sent: list[int] = field(default_factory=list)
    first_ns: int = 0
    reads: int = 0
    body: Any = None
    versions: int = 0
    pnl: int = 0


class Checks:
    """Folds new rows after each step and compares them with the venue."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stories: dict[str, Story] = {}
        self.balances = dict.fromkeys(ACCOUNTS, 0)
        self.transitions: Counter[tuple[str, str]] = Counter()
        self._rows = 0
        self.adjusted = 0
        self._head = ""
        self._epoch = 0
        self._claims: dict[str, str] = {}
        self._tripped: dict[str, bool] = {}
        self._send_times: list[int] = []
        self._found: Violated | None = None

    # -- rows ---------------------------------------------------------------------------------------------------------

    def take_rows(self) -> None:
        """Fold rows that are new on the disk."""
        rows = self._world.disk.rows
        if len(rows) < self._rows or (self._rows and rows[self._rows - 1].hash != self._head):
            raise Violated("I7", f"{len(rows)} rows, there were {self._rows}")
        for row in rows[self._rows :]:
            self._row(row)
        self._rows = len(rows)
        self._head = rows[-1].hash if rows else ""

    def _row(self, row: Recorded) -> None:
        entry = row.entry
        if row.epoch < self._epoch:
            raise Violated("I10", f"{entry.key} was written under epoch {row.epoch}, {self._epoch} had begun")
        self._epoch = row.epoch
        if entry.kind is Kind.ADJUSTED and self._world.profile.proof is ProofClass.LISTS:
            self.adjusted += entry.money.cash
        if entry.kind is Kind.ADJUSTED:
            self._adjusted(row)
        for name in ACCOUNTS:
            self.balances[name] += getattr(entry.money, name)
        if sum(self.balances.values()):
            raise Violated("I5", f"the accounts do not sum to zero after {entry.key}")
        if _PLANTED in row.body_text:
            raise Violated("I14", f"a secret is in {entry.key}")
        if entry.venue_bet is not None and self._claims.setdefault(entry.venue_bet, entry.intent) != entry.intent:
            raise Violated("I9", f"{entry.venue_bet} belongs to two intents")
        if entry.kind in (Kind.TRIPPED, Kind.RESUMED):
            self._tripped[str(entry.body["breaker"])] = entry.kind is Kind.TRIPPED
        if entry.intent:
            self._bet(row)

    def _adjusted(self, row: Recorded) -> None:
        """The stake of a bet that was refused after it was pending comes back as its own, not as an adjustment."""
        for key, story in self.stories.items():
            pending = story.state is Kind.PENDING and story.reserved == row.entry.money.cash
            if pending and self._world.truth.bet(key) is None:
                raise Violated("I5", f"{row.entry.key} is the stake of {key}, which is pending here")

    def _bet(self, row: Recorded) -> None:
        entry, story = row.entry, self.stories.setdefault(row.entry.intent, Story())
        story.reserved += entry.money.reserved
        story.stakes += entry.money.stakes
        if story.reserved < 0 or story.stakes < 0:
            raise Violated("I5", f"{entry.key} frees more than was held")
        if entry.kind is Kind.INTENDED:
            story.body = entry.body
        elif entry.kind is Kind.SENT:
            self._sent(row, story)
        elif entry.kind is Kind.READ:
            story.reads += 1
        elif "matched_minor" in entry.body and entry.kind is not Kind.INTENDED:
            matched = int(entry.body["matched_minor"])
            if matched < story.matched:
                raise Violated("I8", f"{entry.key}: {matched} matched, {story.matched} before")
            story.matched = matched
        if entry.kind in (Kind.SETTLED, Kind.VOID):
            story.versions += 1
            story.pnl = int(entry.body["pnl_minor"])
        if entry.kind in _STATES:
            self.transitions[str(story.state or "-"), str(entry.kind)] += 1
            story.state = entry.kind

    def _sent(self, row: Recorded, story: Story) -> None:
        if story.state is None:
            raise Violated("I2", f"{row.entry.key} without an intent")
        story.sent.append(row.number)
        story.first_ns = story.first_ns or self._world.clock.now
        killed = False
        for mark, is_kill in self._world.kill_marks:
            if row.number > mark:
                killed = is_kill
        if killed:
            raise Violated("I10", f"{row.entry.key} after the kill switch")
        stops = [name for name, is_open in self._tripped.items() if is_open and not name.startswith("service/")]
        if stops:
            raise Violated("I10", f"{row.entry.key} while {stops} stands")

    # -- requests -----------------------------------------------------------------------------------------------------

    def arrives(self, key: str) -> None:
        """A request to place reaches the venue. The runner catches what an adapter raises, so this is told later."""
        try:
            self._arrives(key)
        except Violated as violated:
            self._found = self._found or violated

    def _arrives(self, key: str) -> None:
        world = self._world
        self.take_rows()
        story = self.stories.get(key)
        if story is None or not story.sent:
            raise Violated("I2", f"a request for {key} without its SENT entry")
        if world.disk.rows[story.sent[-1] - 1].epoch != world.disk.state.epoch:
            raise Violated("I10", f"a request for {key} under an old epoch")
        if world.clock.now > world.window_end.get(key, 1 << 62):
            raise Violated("I10", f"a request for {key} after its window")
        if world.truth.desk.arrived.get(key, 0) >= len(story.sent):
            raise Violated("I11", f"a request for {key} more than there are attempts on record")

    def counts(self) -> None:
        """An order counts against the rate: its request had a session."""
        now = self._world.clock.now
        self._send_times = [at for at in self._send_times if at > now - _MINUTE_NS] + [now]
        if len(self._send_times) > _PER_MINUTE and not self._world.clock_set_lately():
            self._found = self._found or Violated("I12", f"{len(self._send_times)} sends within a minute")

    # -- after each step ----------------------------------------------------------------------------------------------

    def after_step(self) -> None:
        """Everything that holds at all times."""
        if self._found is not None:
            raise self._found
        self.take_rows()
        world, desk = self._world, self._world.truth.desk
        if doubled := desk.doubled - desk.lied:
            raise Violated("I1", f"two bets under {sorted(doubled)}")
        bets = [bet.order for bet in desk.venue.account.bets.values() if world.truth.bet(bet.order.key)]
        taken = Counter(order.opportunity_id for order in bets)
        if taken and not desk.met.get("key_of_a_stranger") and max(taken.values()) > 1:
            raise Violated("I1", f"two bets of one decision: {taken.most_common(1)}")
        for key in list(desk.accepted_ns):
            self._compare(key)
        at_risk = self.balances["reserved"] + self.balances["stakes"]
        if at_risk > 20_000 + 3_000:
            raise Violated("I6", f"{at_risk} at risk")

    def _compare(self, key: str) -> None:
        """A bet that the venue took, with what the ledger holds for it."""
        truth, story = self._world.truth, self.stories.get(key)
        if story is None or not story.sent:
            raise Violated("I2", f"the venue holds {key}, the ledger has no SENT entry")
        found = truth.bet(key)
        if found is None:
            return
        if story.state in _GONE and key not in truth.desk.lied and found.outcome is not Outcome.VOID:
            if found.outcome is Outcome.LAPSED and not found.matched_minor:
                return
            raise Violated("I4", f"{key} is {story.state} here and {found.outcome} at the venue")
        held = story.reserved + story.stakes
        settled_here = story.state in (Kind.SETTLED, Kind.VOID) or story.state in _GONE
        if not settled_here and key not in truth.desk.lied and truth.at_risk_minor(key) > held:
            raise Violated("I6", f"{key}: {truth.at_risk_minor(key)} at risk at the venue, {held} held here")

    def first_sent_ns(self, key: str) -> int:
        """When the first SENT entry of a bet was written, by the clock of the schedule; now, if there is none."""
        return self.stories[key].first_ns if key in self.stories else self._world.clock.now

    def power_lost(self) -> None:
        """The disk lost what was not flushed: rows that were seen may be gone, sent ones may not."""
        rows = self._world.disk.rows
        if len(rows) < self._rows:
            kept = {row.entry.key for row in rows}
            for key in self._world.truth.desk.accepted_ns:
                if f"sent:{key}:1" not in kept:
                    raise Violated("I2", f"the venue holds {key}, its SENT entry is lost")
            raise Violated("I7", f"{self._rows - len(rows)} committed rows are lost")

    def taken_over(self) -> None:
        """Another process holds the lease; the old one goes on."""
        self.take_rows()

    # -- the end ------------------------------------------------------------------------------------------------------

    def stopped(self, error: LedgerError) -> None:
        """The runner stopped for good: only where ids or references of the venue cannot be trusted."""
        met = self._world.truth.desk.met
        if not (met.get("ids_reused") or met.get("key_of_a_stranger")):
            raise Violated("I9", f"the runner stopped: {error}")
        self.after_step()

    def at_the_end(self) -> None:
        """All faults are over: the ledger is what the venue says."""
        world = self._world
        for key, story in self.stories.items():
            found = world.truth.bet(key)
            if story.state in (Kind.INTENDED, Kind.SENT, Kind.UNKNOWN, Kind.PENDING, Kind.PARTIAL):
                raise Violated("I3", f"{key} is {story.state} at the end")
            if world.profile.proof is ProofClass.LISTS and key in world.truth.desk.lied:
                continue  # no reference tells whose the bet is: it counts as a stranger's, and so does its money
            if found is None or not found.matched_minor:
                if story.matched:
                    raise Violated("I4", f"{key}: {story.matched} matched here, nothing at the venue")
                continue
            if story.matched != found.matched_minor:
                raise Violated("I8", f"{key}: {story.matched} matched here, {found.matched_minor} at the venue")
            expected = Kind.VOID if found.outcome is Outcome.VOID else Kind.SETTLED
            if story.state is not expected or story.pnl != found.pnl_minor:
                raise Violated(
                    "I5", f"{key}: {story.state} with {story.pnl} here, {found.outcome} with {found.pnl_minor} there"
                )
        profit = sum(story.pnl for story in self.stories.values())
        held = sum(story.reserved + story.stakes for story in self.stories.values())
        by_hand = FOREIGN_MINOR if world.truth.desk.lists.foreign else 0
        there = world.truth.desk.venue.balance_minor() + by_hand
        expected = BANKROLL_MINOR + profit - held + self.adjusted
        if not self.balances["cash"] == expected == there:
            raise Violated("I5", f"cash is {self.balances['cash']}, bets give {expected}, the venue has {there}")
        self._once_more()

    def _once_more(self) -> None:
        """A fresh process folds the same balances, and a second reconciliation adds nothing."""
        world, before = self._world, dict(self.balances)
        world.process = None
        world.disk.owner = None
        count = len(world.disk.rows)
        world._ensure()
        assert world.process is not None
        world.process.turn()  # reads the whole account, as at each start
        for _ in range(world.audits - 1):
            world.process.auditor.run()
        self.take_rows()
        if world.process.journal.book.balances != before:
            raise Violated("I7", f"replayed balances {world.process.journal.book.balances}, were {before}")
        # a start is on record, and may see that the clock is behind the ledger; nothing else is new
        new = [row.entry.key for row in world.disk.rows[count:]]
        added = [key for key in new if not key.startswith(("started:", "tripped:clock:"))]
        if added:
            raise Violated("I7", f"reconciling again added {added}")
