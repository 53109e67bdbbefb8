"""The executor: intent, send, receipt, each on disk before the next. What may have arrived is not sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from engine.clock import SECOND_NS
from engine.errors import KeyConflict, Killed
from engine.live.alarm import Alarm, Tell, no_tell
from engine.live.bets.bet import Bet
from engine.live.bets.journal import Journal
from engine.live.bets.postings import abandoned, intended, received, sent, unknown
from engine.live.bets.states import BetState
from engine.live.clock import Clock
from engine.live.crash_points import Probe, no_probe
from engine.live.execution.evidence import (
    WRONG_REFERENCE,
    Answer,
    answers_of,
    check_identity,
    surprises,
    why_unread,
)
from engine.live.execution.guards import Guards, OpenGuards
from engine.live.execution.settings import ExecutionSettings
from engine.live.execution.snapshot import snapshot
from engine.live.ledger.entries import Entry
from engine.live.minute import LastMinute
from engine.live.venue import NotTaken, Order, Outcome, ProofClass, Venue, VenueFailure, check_references

#: a wait is cut into pieces of this length, between which the lease is renewed
_PIECE_NS: Final = SECOND_NS


@dataclass(frozen=True)
class Intent:
    """A bet that is wanted.

    Attributes
    ----------
    order : Order
    facts : mapping
        Plain JSON that its entry holds beside the order: sport, competition, prob, edge_frac, stake_weight,
        quote_known_at_ns, position, seed.
    """

    order: Order
    facts: Mapping[str, Any] = field(default_factory=dict)


class _NotTaken(NamedTuple):
    """Bets of one request that were provably not taken, why, and how long the venue asks to wait."""

    keys: list[str]
    cause: str
    retry_after_ns: int = 0


class Executor:
    """Sends bets, one request at a time.

    Parameters
    ----------
    journal : Journal
    venue : Venue
    clock : Clock
        Of the world: in a replay its wall time is the instant of the message, and both of its times go on only when
        somebody sleeps. Windows are measured by its monotonic time from the wall time at which they were entered.
    settings : ExecutionSettings
    guards : Guards, optional
        Asked before each intent and again before each send.
    tell : Tell
    probe : Probe

    Raises
    ------
    ConfigurationError
        The references of the venue cannot carry our keys.

    Attributes
    ----------
    generator : numpy.random.Generator or None
        Of the jitter of waits; None, as at first: no jitter.
    """

    def __init__(
        self,
        journal: Journal,
        venue: Venue,
        clock: Clock,
        settings: ExecutionSettings,
        *,
        guards: Guards | None = None,
        tell: Tell = no_tell,
        probe: Probe = no_probe,
    ) -> None:
        check_references(venue.profile)
        self.journal, self.venue, self.clock, self.settings = journal, venue, clock, settings
        self.guards: Guards = OpenGuards(journal.book) if guards is None else guards
        self.tell, self.probe = tell, probe
        self.generator: np.random.Generator | None = None
        self._retries = LastMinute(clock)
        self._requests = 0
        #: called with the keys of a request that left; reconciliation times its look-ups from it
        self.on_sent: Callable[[Sequence[str]], None] = lambda keys: None

    # -- before the intent --------------------------------------------------------------------------------------------

    def refuse(self, order: Order, facts: Mapping[str, Any] | None = None) -> str:
        """Why no intent may be written for an order now, one word; empty: it may.

        Beside the guards: a market that is closed because a bet there has no answer (``market_unknown``), a bet that a
        person took over from a restored backup (``adopted``), a leg of a group at a venue that does not place all or
        none (``no_groups``), and at a venue that only has lists a second bet on the selection while one is under way
        (``in_flight``).
        """
        book, now = self.journal.book, self.clock.wall_ns()
        if order.key in book:
            return ""
        if book.is_adopted(order.key):
            return "adopted"
        if order.group and not self.venue.profile.all_or_none:
            return "no_groups"
        if book.is_closed(
            order.event_id, order.market, order.line, now_ns=now, after_ns=self.settings.unknown_alarm_ns
        ):
            return "market_unknown"
        if self.venue.profile.proof is ProofClass.LISTS and any(_same_bet(bet, order) for bet in book.under_way()):
            return "in_flight"
        return self.guards.reason(order, facts or {}, now)

    # -- intent, send, receipt ----------------------------------------------------------------------------------------

    def submit(self, intents: Sequence[Intent]) -> list[Bet]:
        """Write intents and send them in one request; what became of each, in the same order.

        An intent that is in the ledger already is not written again: one that was never sent is sent now, any other
        stands as it is. So a decision may be made again after a restart.

        Parameters
        ----------
        intents : sequence of Intent
            One, or the legs of one group.

        Returns
        -------
        list of Bet
            PLACED, PARTIAL, PENDING, LAPSED, REJECTED, ABANDONED or UNKNOWN, with its `cause`.

        Raises
        ------
        LedgerError
            The ledger failed, the lease is lost, a bet id belongs to another intent. The process must end.
        """
        keys = [intent.order.key for intent in intents]
        self._intend(intents)
        self.send([key for key in keys if self._bet(key).state is BetState.INTENDED])
        return [self._bet(key) for key in keys]

    def _intend(self, intents: Sequence[Intent]) -> None:
        book, now = self.journal.book, self.clock.wall_ns()
        new = []
        for intent in intents:
            order = intent.order
            known = book.get(order.key)
            if known is None:
                if book.is_adopted(order.key):
                    raise KeyConflict(
                        "an intent that a person took over is made again",
                        where=f"bet {order.key}",
                        todo="ask `refuse` before an intent is written",
                    )
                new.append(intended(order, intent.facts, now))
            elif known.order != order:
                self.raise_alarms(
                    [Alarm("intent_differs", f"bet {order.key}: {order} made, {known.order} on record", order.key)]
                )
        if new:
            self.probe("intent.before_commit")
            self.journal.write(new)
            self.probe("intent.after_commit")

    def send(self, keys: Sequence[str]) -> None:
        """Send intended bets in one request, and again as long as they are provably not taken and may be.

        Parameters
        ----------
        keys : sequence of str
            Of bets that are INTENDED.
        """
        left, wait_ns, now = _NotTaken(list(keys), "order_rate"), 0, self._window_time()
        while left.keys:
            bets = [self._bet(key) for key in left.keys]
            if reason := self._wait(bets, max(wait_ns, self.guards.wait_ns(len(bets))), now, left.cause):
                self._abandon(bets, reason, now())
                return
            left = self._attempt(bets, now)
            if left.keys:
                wait_ns = max(left.retry_after_ns, self._back_off_ns(bets[0].attempts + 1))

    def resend(self, key: str) -> bool:
        """Send a bet that has no answer once more, under its key; whether a request left.

        Asked for by reconciliation, right after a look-up that said no. A guard, a kill, the order rate or a lease that
        is too short leaves the bet UNKNOWN. So does every answer that proves nothing about the request before.

        Raises
        ------
        LedgerError
            As `submit`.
        """
        bet, now = self._bet(key), self._window_time()
        if bet.attempts >= self.settings.attempts_most or self.guards.wait_ns() or not self._within_budget():
            return False
        requests = self._requests
        self._attempt([bet], now)
        return self._requests > requests

    def _window_time(self) -> Callable[[], int]:
        """The time by which a window is measured: wall time at this call, and what has passed since."""
        enter_wall, enter_monotonic = self.clock.wall_ns(), self.clock.monotonic_ns()

        def now() -> int:
            return enter_wall + self.clock.monotonic_ns() - enter_monotonic

        return now

    def _wait(self, bets: Sequence[Bet], wait_ns: int, now: Callable[[], int], cause: str) -> str:
        """Wait, unless the window or a limit ends first: then the reason to abandon."""
        attempts, ends = bets[0].attempts, min(bet.order.expires_ns for bet in bets)
        if now() + wait_ns >= ends:
            return cause if now() < ends else "window_over"
        if attempts and (attempts >= self.settings.attempts_most or not self._within_budget()):
            return cause
        while wait_ns > 0:
            self.clock.sleep_ns(min(wait_ns, _PIECE_NS))
            wait_ns -= _PIECE_NS
            self._keep_lease()
        return ""

    def _attempt(self, bets: Sequence[Bet], now: Callable[[], int]) -> _NotTaken:
        """One request for these bets; those that were provably not taken."""
        if reason := self._against(bets, now):
            return self._abandon(bets, reason, now())
        try:
            more = self._before_send()
        except Exception as error:  # whatever an adapter raises: without the snapshot nothing is sent
            return self._abandon(bets, f"snapshot_{why_unread(error)}", now())
        at_ns, profile = now(), self.venue.profile
        deadline = at_ns + profile.connect_timeout_ns + profile.send_timeout_ns
        rows = [sent(bet, at_ns, deadline, self.journal.epoch, more) for bet in bets]
        self.probe("sent.before_commit")
        try:
            self.journal.write(rows, sending=True)
        except Killed:
            return self._abandon(bets, "killed", now())
        self.probe("sent.after_commit")
        self.probe("send.before_first_byte")
        bets = [self._bet(bet.key) for bet in bets]
        if now() >= min(bet.order.expires_ns for bet in bets) or not self._lease_lasts():
            return self._abandon(bets, "late", now())  # the commit took so long, or we stood still: nothing has left
        return self._request(bets, now)

    def _against(self, bets: Sequence[Bet], now: Callable[[], int]) -> str:
        for bet in bets:
            if now() >= bet.order.expires_ns:
                return "window_over"
            if reason := self.guards.reason(bet.order, bet.facts, now()):
                return reason
        self._keep_lease()
        return "" if self._lease_lasts() else "lease"

    def _before_send(self) -> dict[str, Any]:
        more: dict[str, Any] = {"venue": self.venue.profile.name}
        if self.venue.profile.proof is ProofClass.LISTS:
            more |= snapshot(self.venue, self.journal.book)
        return more

    def _request(self, bets: Sequence[Bet], now: Callable[[], int]) -> _NotTaken:
        orders = [bet.order for bet in bets]
        strangers: list[str] = []
        self._requests += 1
        self.on_sent([bet.key for bet in bets])
        try:
            answers, strangers = answers_of(orders, self.venue.place(orders))
        except NotTaken as failure:
            answers = [Answer(not_taken=failure)] * len(orders)
        except VenueFailure as failure:
            answers = [Answer(unknown=failure.cause)] * len(orders)
        except Exception as error:  # whatever an adapter raises, the request may have arrived
            answers = [Answer(unknown=f"error_{type(error).__name__}")] * len(orders)
        self.on_sent([bet.key for bet in bets])
        self.probe("send.after_answer")
        answers = [self._proved(bet, answer) for bet, answer in zip(bets, answers, strict=True)]
        self._book(bets, answers, strangers, now())
        failures = [(bet.key, a.not_taken) for bet, a in zip(bets, answers, strict=True) if a.not_taken is not None]
        if not failures:
            return _NotTaken([], "")
        asked = max(failure.retry_after_ns or 0 for _, failure in failures)
        return _NotTaken([key for key, _ in failures], failures[0][1].cause, asked)

    def _book(self, bets: Sequence[Bet], answers: Sequence[Answer], strangers: Sequence[str], now: int) -> None:
        """Write what the answers prove, in one commit; then tell."""
        entries: list[Entry] = []
        tripped: set[str] = set()
        alarms = [
            Alarm(WRONG_REFERENCE, f"the venue answered for {name}, which was not asked for") for name in strangers
        ]
        for bet, answer in zip(bets, answers, strict=True):
            if answer.receipt is not None:
                check_identity(bet, answer.receipt)
                entries.append(received(bet, answer.receipt, self.venue.profile.name, now))
                for alarm, breaker in surprises(bet, answer.receipt, self.venue.profile.name):
                    alarms.append(alarm)
                    if breaker not in tripped:
                        tripped.add(breaker)
                        entries.append(self.guards.trip(breaker, alarm.text, now))
            elif answer.unknown:
                entries.append(unknown(bet, answer.unknown, now))
                if answer.unknown == WRONG_REFERENCE and not strangers:
                    alarms.append(Alarm(WRONG_REFERENCE, f"bet {bet.key}: the answer was that of another", bet.key))
        for answer in answers:
            failure = "" if answer.not_taken is None else answer.not_taken.cause
            self.guards.heard(answer.unknown or failure)
        if entries:
            self.probe("receipt.before_commit")
            self.journal.write(entries)
            self.probe("receipt.after_commit")
        self.raise_alarms(alarms)

    # -- small parts --------------------------------------------------------------------------------------------------

    def _bet(self, key: str) -> Bet:
        bet = self.journal.book.get(key)
        if bet is None:
            raise KeyConflict("a bet without an intent", where=f"bet {key}")
        return bet

    def _proved(self, bet: Bet, answer: Answer) -> Answer:
        """What an answer proves of a bet: where an earlier request may have arrived, a refusal proves nothing."""
        if not bet.unknown_since_ns:
            return answer
        if answer.not_taken is not None:
            return Answer(unknown=answer.not_taken.cause)
        knows_for_ever = self.venue.profile.proof is ProofClass.PAPER
        if answer.receipt is not None and answer.receipt.outcome is Outcome.REJECTED and not knows_for_ever:
            return Answer(unknown=f"refused_{answer.receipt.reason}")
        return answer

    def _abandon(self, bets: Sequence[Bet], reason: str, now: int) -> _NotTaken:
        """Give bets up that have certainly not left; one that may have left with an earlier request is UNKNOWN."""
        entries = []
        for bet in (self._bet(bet.key) for bet in bets):
            if not bet.unknown_since_ns:
                entries.append(abandoned(bet, reason, now))
            elif bet.state is BetState.SENT:
                entries.append(unknown(bet, reason, now))
        if entries:
            self.journal.write(entries)
        return _NotTaken([], reason)

    def raise_alarms(self, alarms: Sequence[Alarm]) -> None:
        """Tell alarms, after the commit that they are about."""
        if alarms:
            self.probe("alert.before")
        for alarm in alarms:
            self.tell(alarm)

    def _keep_lease(self) -> None:
        if not self._lease_lasts():
            self.journal.ledger.renew()

    def _lease_lasts(self) -> bool:
        profile = self.venue.profile
        needed = profile.connect_timeout_ns + profile.send_timeout_ns + self.settings.lease_margin_ns
        return self.journal.ledger.lease_left_ns() > needed

    def _within_budget(self) -> bool:
        if len(self._retries) >= self.settings.retries_per_minute:
            return False
        self._retries.add()
        return True

    def _back_off_ns(self, attempts: int) -> int:
        """The wait after so many attempts, shortened at random."""
        wait_ns: int = min(self.settings.backoff_most_ns, self.settings.backoff_first_ns << (attempts - 1))
        if self.generator is not None:
            wait_ns = round(wait_ns * (1.0 - self.settings.jitter_frac * self.generator.random()))
        return wait_ns


def _same_bet(bet: Bet, order: Order) -> bool:
    same_market = bet.market == (order.event_id, order.market, order.line)
    return same_market and (bet.order.selection, bet.order.side) == (order.selection, order.side)
