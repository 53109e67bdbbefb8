"""The account as a whole against the ledger: bets that are not ours, unknown references, and the balance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.live.alarm import Alarm
from engine.live.bets.bet import Bet
from engine.live.bets.book import External
from engine.live.bets.postings import external
from engine.live.bets.states import UNSURE
from engine.live.execution.evidence import why_unread
from engine.live.execution.executor import Executor
from engine.live.execution.lists import claimed, fits
from engine.live.execution.reconcile import Reconciler
from engine.live.execution.statements import Statement
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.venue import ForeignBet, ProofClass, Reading, Receipt


@dataclass
class Findings:
    """What one audit found.

    Attributes
    ----------
    failed : str
        Why the account could not be read; then nothing else is set.
    strangers : list of Receipt
        Bets under references like ours that the ledger does not know.
    external : list of ForeignBet
        Bets that are not ours.
    difference_minor : int
        Balance of the venue less what the ledger expects; 0 while bets without an answer make it unsure.
    """

    failed: str = ""
    strangers: list[Receipt] = field(default_factory=list)
    external: list[ForeignBet] = field(default_factory=list)
    difference_minor: int = 0


class Auditor:
    """Reads the whole account from time to time.

    Parameters
    ----------
    executor : Executor
    reconciler : Reconciler
        Books what the lists show of our own bets; so a refusal that was none comes to light.
    competition_of : callable, optional
        Sport and competition of an event; None where the event is not known (yet). Events on which we have bet are
        known without it.
    """

    def __init__(
        self,
        executor: Executor,
        reconciler: Reconciler,
        competition_of: Callable[[int], tuple[str, str] | None] = lambda event_id: None,
    ) -> None:
        self._executor, self._reconciler, self._competition_of = executor, reconciler, competition_of
        self._due_ns = executor.clock.monotonic_ns()
        self._told: set[str] = set()
        self._difference = 0
        self._settled_difference = 0
        self._told_difference = 0

    def due_ns(self) -> int:
        """The monotonic instant of the next audit."""
        return self._due_ns

    def step(self) -> Findings | None:
        """Audit if it is time; None otherwise."""
        return self.run() if self._executor.clock.monotonic_ns() >= self._due_ns else None

    def run(self) -> Findings:
        """Audit now.

        Raises
        ------
        LedgerError
            As `Executor.submit`.
        """
        executor, venue, findings = self._executor, self._executor.venue, Findings()
        self._due_ns = executor.clock.monotonic_ns() + executor.settings.list_every_ns
        executor.probe("reconcile.before_read")
        try:
            reading, balance = venue.bets(), venue.balance_minor()
        except Exception as error:  # whatever an adapter raises: nothing was found out
            findings.failed = why_unread(error)
            executor.guards.heard(findings.failed)
            return findings
        executor.guards.heard("")
        self._reconciler.take(reading)
        findings.strangers = self._strangers(reading.receipts)
        findings.external = self._foreign(reading.foreign)
        self._book_external(findings.external, reading.complete)
        self._book_adopted(reading.receipts)
        findings.difference_minor = self._compare(balance, reading)
        return findings

    def _strangers(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """References that the ledger does not know stop new bets: somebody else uses them, or a backup was restored."""
        book, executor = self._executor.journal.book, self._executor
        found = [receipt for receipt in receipts if receipt.key not in book and not book.is_adopted(receipt.key)]
        new = [receipt for receipt in found if receipt.key not in self._told]
        for receipt in new:
            self._told.add(receipt.key)
            text = f"bet {receipt.key} (bet id {receipt.venue_bet_id}) is at the venue and not in the ledger"
            if not book.is_tripped("identity"):
                executor.journal.write([executor.guards.trip("identity", text, executor.clock.wall_ns())])
            executor.raise_alarms([Alarm("bet_stranger", text, receipt.key)])
        return found

    def _foreign(self, listed: Sequence[ForeignBet]) -> list[ForeignBet]:
        """Entries that no intent has claimed, and that cannot be a bet of ours that has no answer yet."""
        executor = self._executor
        book, name, now = executor.journal.book, executor.venue.profile.name, executor.clock.wall_ns()
        _, others = claimed(listed, book, name)
        if executor.venue.profile.proof is not ProofClass.LISTS:
            return others
        return [entry for entry in others if not any(fits(bet, entry, now) for bet in book.unknown())]

    def _book_external(self, listed: Sequence[ForeignBet], complete: bool) -> None:
        """Count what is at risk in them; no longer once a complete reading does not show one any more."""
        book, now = self._executor.journal.book, self._executor.clock.wall_ns()
        known = {name: one for name, one in book.external.items() if name not in book.adopted_bets()}
        shown = {
            bet.venue_bet_id: self._placed(bet.venue_bet_id, bet.event_id, bet.at_risk_minor, bet.bookmaker)
            for bet in listed
        }
        changed = {name: stated for name, stated in shown.items() if stated != known.get(name, External())}
        if complete:
            changed |= {name: External() for name in known if name not in shown}
        numbered = enumerate(changed.items(), book.external_entries + 1)
        entries = [_external(number, name, one, now) for number, (name, one) in numbered]
        alarms = [
            Alarm("bet_external", f"bet id {name} is not ours: {one.risk_minor} at risk (minor units)")
            for name, one in changed.items()
            if one.risk_minor and name not in known
        ]
        self._reconciler.write(Statement(entries, alarms), now)

    def _placed(self, name: str, event_id: int | None, risk_minor: int, bookmaker: str) -> External:
        """What is at risk in a bet, and where: as far as it is known now, or was before."""
        book = self._executor.journal.book
        if not risk_minor:
            return External()
        before = book.external.get(name, External())
        if event_id is None:
            return External(event_id, risk_minor, bookmaker=bookmaker or before.bookmaker)
        place = self._competition_of(event_id)
        if place is None and before.event_id == event_id and before.competition:
            place = before.sport, before.competition
        if place is None:
            ours = (bet.facts for bet in book if bet.order.event_id == event_id)
            place = next(((str(f["sport"]), str(f["competition"])) for f in ours if "competition" in f), ("", ""))
        return External(event_id, risk_minor, *place, bookmaker or before.bookmaker)

    def _book_adopted(self, receipts: Sequence[Receipt]) -> None:
        """Follow what is at risk in bets that a person took over."""
        executor, book = self._executor, self._executor.journal.book
        entries: list[Entry] = []
        for receipt in receipts:
            if not book.is_adopted(receipt.key):
                continue
            name, before = receipt.venue_bet_id, book.external.get(receipt.venue_bet_id, External())
            event_id = before.event_id if receipt.event_id is None else receipt.event_id
            stated = self._placed(name, event_id, receipt.at_risk_minor, receipt.bookmaker)
            if stated != before:
                number, now = book.external_entries + len(entries) + 1, executor.clock.wall_ns()
                entries.append(_external(number, name, stated, now, adopted=receipt.key))
        if entries:
            executor.journal.write(entries)

    def _compare(self, balance: int, reading: Reading) -> int:
        """Compare the balance; a difference that two readings in a row show is booked and told.

        It is told and not booked while the reading lacks a bet that is open here: it may be the money of that bet.
        """
        executor, book = self._executor, self._executor.journal.book
        if any(bet.state in UNSURE for bet in book.alive()):
            return 0
        difference = balance - book.free_minor() + book.external_minor()
        if abs(difference) <= executor.settings.balance_tolerance_minor:
            difference = 0
        before, self._difference = self._difference, difference
        if difference == 0 or difference != before or difference == self._settled_difference:
            return difference
        # on paper both sides are ours: a difference is an error, unless the money of an adopted bet may have come
        is_error = executor.venue.profile.proof is ProofClass.PAPER and not book.adopted_bets()
        unseen = None if is_error else self._unseen(reading)
        if unseen is not None and difference == self._told_difference:
            return difference
        self._told_difference = difference if unseen is not None else 0
        text = f"the venue's balance is {difference:+d} from the ledger's (minor units)"
        at_ns, name = executor.clock.wall_ns(), executor.venue.profile.name
        if is_error:
            entries, self._settled_difference = [executor.guards.trip(f"balance/venue/{name}", text, at_ns)], difference
        elif unseen is not None:
            entries = []
            text += f"; not booked, for the venue does not show bet {unseen.key}, which is {unseen.state} here"
        else:
            money = Money(cash=difference, adjustment=-difference)
            body = {"cause": "balance", "balance_minor": balance}
            entries = [Entry(Kind.ADJUSTED, f"adjusted:{book.adjustments + 1}", at_ns, money=money, body=body)]
            self._difference = 0
        self._reconciler.write(Statement(entries, [Alarm("balance_differs", text)]), at_ns)
        return difference

    def _unseen(self, reading: Reading) -> Bet | None:
        """The first bet that is open here and that a reading of the whole account does not show."""
        executor, book = self._executor, self._executor.journal.book
        listed, _ = claimed(reading.foreign, book, executor.venue.profile.name)
        shown = {receipt.key for receipt in reading.receipts} | set(listed)
        return next((bet for bet in book.alive() if bet.state not in UNSURE and bet.key not in shown), None)


def _external(number: int, name: str, one: External, at_ns: int, *, adopted: str = "") -> Entry:
    more = {field: value for field, value in zip(one._fields[2:], one[2:], strict=True) if value}
    return external(number, name, one.event_id, one.risk_minor, at_ns, adopted=adopted, more=more)
