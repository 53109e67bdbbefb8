"""Reconciliation: what has become of bets without an answer, and of bets on their way. Only evidence ends a doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.live.alarm import Alarm
from engine.live.bets.bet import Bet, after
from engine.live.bets.postings import absent, read
from engine.live.bets.states import BetState
from engine.live.execution.evidence import check_identity, fault_of, why_unread
from engine.live.execution.executor import Executor
from engine.live.execution.lists import claimed, match
from engine.live.execution.statements import Statement, follows
from engine.live.ledger.entries import Entry
from engine.live.venue import ForeignBet, ProofClass, Reading, Receipt

#: failed look-ups in a row that alarm
_FAILURES: Final = 3


@dataclass
class _Watch:
    """One bet whose story goes on at the venue, on the monotonic clock of this process.

    `first_ns` and `last_ns` are of the first and last send, or of the start of the watch where another process sent it;
    `ends_ns` is the end of its window.
    """

    first_ns: int
    last_ns: int
    due_ns: int
    ends_ns: int
    sent_here: bool
    reads: list[int] = field(default_factory=list)
    read_ns: int = 0
    alarmed: set[str] = field(default_factory=set)


class Reconciler:
    """Looks bets up that have no definite answer, and books what the venue proves.

    Parameters
    ----------
    executor : Executor
        Whose journal, venue, clock, settings, guards, alarms and probe are used. Its sends time the look-ups.

    Notes
    -----
    Waits are those of the venue's profile, on the monotonic clock. They begin anew with each process and with each
    send. The end of a window counts from the first send by whichever clock says more, for a process that was started
    again, or a machine that slept, knows its own time only.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor, self._journal, self._venue = executor, executor.journal, executor.venue
        self._clock, self._settings, self._probe = executor.clock, executor.settings, executor.probe
        self._watches: dict[str, _Watch] = {}
        self._failures = 0
        self._began = (self._clock.monotonic_ns(), self._clock.wall_ns())
        executor.on_sent = self._sent

    # -- when ---------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Watch every bet that an earlier process left on its way: all times begin now, the first look-up is due."""
        now = self._clock.monotonic_ns()
        self._began = (now, max(self._clock.wall_ns(), self._journal.book.latest_ns))
        for bet in self._journal.book.under_way():
            self._watches[bet.key] = _Watch(now, now, now, self._end_ns(bet, now), sent_here=False)

    def _end_ns(self, bet: Bet, now: int) -> int:
        """End of the window of a bet on the monotonic clock: from its last send here, or by the later of wall time and
        the ledger, for a wall clock may have been set back while no process ran."""
        sent_here = bet.state is BetState.SENT and bet.last_sent_ns
        return now + bet.order.expires_ns - (bet.last_sent_ns if sent_here else self._world_ns())

    def _world_ns(self) -> int:
        """Wall time, but never less than what has passed since the start of this process."""
        began, world = self._began
        return max(self._clock.wall_ns(), world + self._clock.monotonic_ns() - began)

    def due_ns(self) -> int | None:
        """The monotonic instant of the next look-up; None: nothing is under way."""
        watches = [self._watch(bet.key) for bet in self._concerned()]
        return min((watch.due_ns for watch in watches), default=None)

    def step(self) -> None:
        """Look up what is due. The runner calls it once in each turn of its loop; mostly there is nothing to do.

        Raises
        ------
        LedgerError
            As `Executor.submit`; also where one bet id belongs to two intents.
        """
        now = self._clock.monotonic_ns()
        concerned = self._concerned()
        self._tell_of_age(concerned)
        due = [bet.key for bet in concerned if self._watch(bet.key).due_ns <= now]
        if not due:
            return
        self._probe("reconcile.before_read")
        try:
            reading = self._ask(due)
        except Exception as error:  # whatever an adapter raises: a reading that failed proves nothing
            self._failed(due, why_unread(error))
            return
        self._failures = 0
        self._executor.guards.heard("")
        self.take(reading, due, now)

    def _concerned(self) -> list[Bet]:
        return [bet for bet in self._journal.book.under_way() if bet.state is not BetState.SENT]

    def _watch(self, key: str, *, sent_here: bool = False) -> _Watch:
        if key not in self._watches:
            now, bet = self._clock.monotonic_ns(), self._journal.book.get(key)
            ends = now if bet is None else self._end_ns(bet, now)
            due = now + self._venue.profile.look_up_after_ns
            self._watches[key] = _Watch(now, now, due, ends, sent_here)
        return self._watches[key]

    def _sent(self, keys: Sequence[str]) -> None:
        now = self._clock.monotonic_ns()
        for key in keys:
            watch = self._watch(key, sent_here=True)
            watch.last_ns, watch.due_ns, watch.reads = now, now + self._venue.profile.look_up_after_ns, []

    def _ask(self, keys: Sequence[str]) -> Reading:
        return self._venue.bets() if self._venue.profile.proof is ProofClass.LISTS else self._venue.look_up(keys)

    def _failed(self, keys: Sequence[str], cause: str) -> None:
        self._failures += 1
        self._executor.guards.heard(cause)
        wait_ns = min(self._settings.look_up_most_ns, self._settings.look_up_every_ns << min(self._failures - 1, 30))
        for key in keys:
            self._watch(key).due_ns = self._clock.monotonic_ns() + wait_ns
        if self._failures == _FAILURES:
            text = f"{_FAILURES} look-ups in a row failed, the last one: {cause}; {len(keys)} bets stay as they are"
            self._executor.raise_alarms([Alarm("reads_fail", text)])

    # -- what the venue shows -----------------------------------------------------------------------------------------

    def take(self, reading: Reading, asked: Sequence[str] = (), asked_ns: int = 0) -> None:
        """Book what a reading, or a message of a stream, proves.

        Parameters
        ----------
        reading : Reading
        asked : sequence of str
            Keys that were asked for: those that a complete reading does not show may be absent.
        asked_ns : int
            When, on the monotonic clock: the reading says nothing about later.
        """
        shown = {receipt.key for receipt in reading.receipts}
        for receipt in reading.receipts:
            self.book(receipt)
        unclear: set[str] = set()
        if self._venue.profile.proof is ProofClass.LISTS:
            matched, unclear = self._from_list(reading.foreign)
            shown |= matched
        for key in asked:
            self._watch(key).due_ns = self._clock.monotonic_ns() + self._settings.look_up_every_ns
            if key not in shown and key not in unclear and reading.complete:
                self._not_shown(key, asked_ns)

    def book(self, receipt: Receipt) -> None:
        """Write what follows from one receipt, in one commit; then tell. One with an unknown key changes nothing here.

        Raises
        ------
        KeyConflict
            Its bet id belongs to another intent, or the bet is a stranger's.
        """
        bet = self._journal.book.get(receipt.key)
        if bet is None or fault_of(receipt):
            return
        check_identity(bet, receipt)
        profile, now = self._venue.profile, self._clock.wall_ns()
        self.write(follows(bet, receipt, profile.name, now, settles=profile.proof is not ProofClass.PAPER), now)

    def write(self, statement: Statement, now: int) -> None:
        """Write entries and trips in one commit; then tell the alarms."""
        entries: list[Entry] = list(statement.entries)
        for breaker, cause in dict(statement.trips).items():
            entries.append(self._executor.guards.trip(breaker, cause, now))
        if entries:
            self._probe("reconcile.before_commit")
            self._journal.write(entries)
            self._probe("reconcile.after_commit")
        self._executor.raise_alarms(statement.alarms)

    def _from_list(self, listed: Sequence[ForeignBet]) -> tuple[set[str], set[str]]:
        """Book entries of a list that are ours; keys that it showed, and keys of which it says nothing clear."""
        book, name = self._journal.book, self._venue.profile.name
        ours, others = claimed(listed, book, name)
        doubtful = [bet for bet in book.unknown() if bet.key not in ours]
        matches = match(doubtful, others, self._clock.wall_ns())
        for key, entry in {**ours, **matches.found}.items():
            if entry.receipt is not None:
                self.book(replace(entry.receipt, key=key, venue_bet_id=entry.venue_bet_id))
        for key in matches.unclear:
            self._alarm_once(
                key, "bet_ambiguous", "the venue's list has several bets that may be it, or one that does not quite fit"
            )
        return set(ours) | set(matches.found), matches.unclear

    # -- what the venue does not show ---------------------------------------------------------------------------------

    def _not_shown(self, key: str, now: int) -> None:
        """A complete reading did not show the bet: send it again where that is allowed, or count the reading."""
        bet, watch, profile = self._journal.book.bets()[key], self._watch(key), self._venue.profile
        if bet.state is BetState.PENDING:
            if self._is_declined(bet, watch) and not (watch.reads and now - watch.read_ns < profile.absence_gap_ns):
                self._count(bet, watch, now)
            return
        if bet.state is not BetState.UNKNOWN:
            return
        if self._may_resend(bet, watch) and self._executor.resend(key):
            return
        if now - watch.last_ns < profile.absence_wait_ns:
            return
        if watch.reads and now - watch.read_ns < profile.absence_gap_ns:
            return
        if profile.proof_until_ns is not None and self._since_first_ns(bet, watch) > profile.proof_until_ns:
            return
        if profile.proof is ProofClass.LISTS and not self._balance_is_unmoved(bet):
            return
        if profile.proof is ProofClass.PAPER and not self._is_final(key):
            return
        self._count(bet, watch, now)

    def _is_declined(self, bet: Bet, watch: _Watch) -> bool:
        """Whether the venue lists a bet that it had not decided, unless it did not accept it."""
        times = self._venue.profile.declined_ns
        return times is not None and times[0] <= self._since_first_ns(bet, watch) <= times[1]

    def _count(self, bet: Bet, watch: _Watch, now: int) -> None:
        at_ns = self._clock.wall_ns()
        entry = read(bet, at_ns, now - watch.last_ns)
        entries, numbers = [entry], [*watch.reads, bet.reads + 1]
        if len(numbers) >= self._venue.profile.absence_reads:
            entries.append(absent(after(bet, entry), numbers, at_ns))
        self.write(Statement(entries), at_ns)
        watch.reads, watch.read_ns = numbers, now

    def _is_final(self, key: str) -> bool:
        """Whether the venue will refuse the bet if it comes after all: the request of a process that stood still."""
        try:
            reading = self._venue.close_key(key)
        except Exception as error:  # as for a look-up: no proof
            self._failed([key], why_unread(error))
            return False
        self.take(reading)
        return not reading.receipts

    def _may_resend(self, bet: Bet, watch: _Watch) -> bool:
        profile = self._venue.profile
        if self._clock.wall_ns() >= bet.order.expires_ns or self._clock.monotonic_ns() >= watch.ends_ns:
            return False
        if profile.proof is ProofClass.PAPER:
            return True
        if not profile.resend or profile.proof is ProofClass.LISTS:
            return False
        if profile.proof is ProofClass.SHORT_WINDOW and not watch.sent_here:
            return False
        return self._since_first_ns(bet, watch) < profile.resend_until_ns

    def _since_first_ns(self, bet: Bet, watch: _Watch) -> int:
        """Since the first send, by whichever clock says more."""
        world_ns = self._clock.wall_ns() if watch.sent_here else self._world_ns()
        return max(self._clock.monotonic_ns() - watch.first_ns, world_ns - bet.first_sent_ns)

    def _balance_is_unmoved(self, bet: Bet) -> bool:
        """Whether the free money of the account is where it was, by the ledger, before the send."""
        try:
            offset = self._venue.balance_minor() - self._journal.book.free_minor()
        except Exception:  # as for a look-up: no proof
            return False
        if offset == bet.sent.get("offset_minor"):
            return True
        self._alarm_once(bet.key, "bet_ambiguous", "the venue's list does not show it, but its balance has moved")
        return False

    # -- age ----------------------------------------------------------------------------------------------------------

    def _tell_of_age(self, bets: Sequence[Bet]) -> None:
        now, settings = self._clock.wall_ns(), self._settings
        for bet in bets:
            if bet.state is BetState.UNKNOWN and now - bet.unknown_since_ns >= settings.unknown_alarm_ns:
                self._alarm_once(bet.key, "bet_unknown", f"no answer ({bet.cause}); its market is closed to new bets")
            elif bet.state is BetState.PENDING and now - bet.at_ns >= settings.undecided_alarm_ns:
                self._alarm_once(bet.key, "bet_undecided", "the venue has it and does not decide")

    def _alarm_once(self, key: str, name: str, text: str) -> None:
        watch = self._watch(key)
        if name not in watch.alarmed:
            watch.alarmed.add(name)
            self._executor.raise_alarms([Alarm(name, f"bet {key}: {text}", key)])
