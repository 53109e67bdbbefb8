"""The paper venue: it fills orders by the rules of the backtest, and only at prices that were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine.clock import SECOND_NS
from engine.errors import LedgerError, LedgerFailure
from engine.live.ledger.entries import Entry, Kind, Recorded
from engine.live.venue import (
    CLOSED_KEY,
    DUPLICATE,
    IMPLAUSIBLE,
    NotTaken,
    Order,
    Outcome,
    Profile,
    ProofClass,
    ReadFailed,
    Reading,
    Receipt,
    Unanswered,
    VenueFailure,
    usual,
)
from engine.live.venues.account import Bet, PaperAccount, content_of
from engine.live.venues.fills import Draft, FillModel, Fills, rejected, together
from engine.live.venues.guard import Finding, Guard, PaperSettings
from engine.live.venues.prices import PriceSource

__all__ = ["PROFILE", "PaperVenue"]

#: settled bets that `PaperVenue.bets` gives, the latest ones
SETTLED_LATELY: Final = 200
PROFILE: Final = usual("paper", ProofClass.PAPER, send_timeout_ns=5 * SECOND_NS, all_or_none=True)


class PaperVenue:
    """A venue with an account of its own, as `engine.live.venue.Venue`.

    Every order is remembered under its key for ever: the same order again gets the same bet; another order under a
    known key is answered as unknown, `DUPLICATE`, and a look-up shows what stands there.

    Parameters
    ----------
    path : Path or str
        Database file; ``:memory:`` keeps nothing.
    prices : PriceSource
    model : FillModel
    profile : Profile
        What it promises; its own is the strongest.
    guard : PaperSettings, optional
        Thresholds of the guard against implausible results; None: there is no guard.
    zone : str
        Of its calendar days.
    on_finding : callable
        Called with one line when the guard stops the venue. Until a person acknowledges it, every order is rejected
        with the reason ``implausible``.
    """

    def __init__(
        self,
        path: Path | str,
        prices: PriceSource,
        model: FillModel,
        *,
        profile: Profile = PROFILE,
        guard: PaperSettings | None = None,
        zone: str = "UTC",
        on_finding: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.profile, self.fills = profile, Fills(model, prices)
        self.account = PaperAccount(path)
        self._on_finding, bets = on_finding, list(self.account.bets.values())
        self._guard = Guard(guard, zone, bets, self.account.acknowledged_up_to) if guard and guard.guard else None
        self._pending = [bet.order.key for bet in bets if bet.receipt.outcome is Outcome.PENDING]
        self._watched = {bet.number for bet in bets if bet.receipt.matched_minor}

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`. Orders with the same group are placed together or not at all.

        Raises
        ------
        Unanswered
            The database failed.
        """
        with _database(Unanswered):
            self.account.refresh()
            self._decide_pending()
            answers: dict[int, Receipt | VenueFailure] = {}
            with self.account.changing():
                for places in _legs(orders):
                    answers |= zip(places, self._place_legs([orders[place] for place in places]), strict=True)
            self._watch([order.key for order in orders])
            self._pending += [key for key in dict.fromkeys(order.key for order in orders) if self._waits(key)]
        return [answers[place] for place in range(len(orders))]

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`; always complete."""
        with _database(ReadFailed):
            self.account.refresh()
            self._decide_pending()
        known = (self.account.bets.get(key) for key in dict.fromkeys(keys))
        return Reading(tuple(bet.receipt for bet in known if bet), complete=True)

    def bets(self) -> Reading:
        """As `Venue.bets`: all that are open or pending, and the latest settled ones."""
        with _database(ReadFailed):
            self.account.refresh()
            self._decide_pending()
        ended = (Outcome.SETTLED, Outcome.VOID)
        bets = [bet for bet in self.account.bets.values() if bet.receipt.outcome is not Outcome.REJECTED]
        open_bets = [bet for bet in bets if bet.receipt.outcome not in ended]
        settled = [bet for bet in bets if bet.receipt.outcome in ended][-SETTLED_LATELY:]
        return Reading(tuple(bet.receipt for bet in sorted(open_bets + settled, key=lambda bet: bet.number)), True)

    def balance_minor(self) -> int:
        """As `Venue.balance_minor`: of all wallets together."""
        return self.account.balance_minor()

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`. A bet without an open rest stays as it is.

        Raises
        ------
        NotTaken
            There is no bet with this key.
        Unanswered
            The database failed.
        """
        bet = self.account.bets.get(key)
        if bet is None:
            raise NotTaken("no_such_bet")
        if bet.receipt.outcome not in (Outcome.PENDING, Outcome.PARTIAL):
            return bet.receipt
        with _database(Unanswered), self.account.changing():
            return self._restate(bet, replace(bet.receipt, outcome=Outcome.LAPSED, open_minor=0)).receipt

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`."""
        with _database(ReadFailed), self.account.changing():
            if key not in self.account.bets:
                self.account.move(_closing(key), "", 0)
        return self.look_up([key])

    def match(self, key: str, matched_minor: int, open_minor: int, *, odds: float, backer_minor: int = 0) -> Receipt:
        """State anew what of a bet is matched and what is open: more is matched, or the open rest shrinks.

        Parameters
        ----------
        key : str
        matched_minor, open_minor : int
            At risk, cumulative; together at most what the bet holds.
        odds : float
            Average odds of the matched part.
        backer_minor : int
            Of a lay: the matched backer's stake.

        Raises
        ------
        NotTaken
            There is no such bet, it is settled, or less would be matched or more held than before.
        """
        bet = self.account.bets.get(key)
        if bet is None or bet.receipt.outcome in (Outcome.SETTLED, Outcome.VOID, Outcome.REJECTED):
            raise NotTaken("no_such_bet")
        if matched_minor < bet.receipt.matched_minor or matched_minor + open_minor > bet.at_risk_minor:
            raise NotTaken("not_a_match")
        outcome = Outcome.PARTIAL if open_minor else Outcome.LAPSED
        if not open_minor and matched_minor == bet.at_risk_minor:
            outcome = Outcome.PLACED
        stated = replace(bet.receipt, outcome=outcome, odds=odds, matched_minor=matched_minor, open_minor=open_minor)
        with self.account.changing():
            return self._restate(bet, replace(stated, backer_minor=backer_minor)).receipt

    def deposit(self, reference: str, amount_minor: int, bookmaker: str = "") -> None:
        """Pay money in (a negative amount: out), once for each reference."""
        with self.account.changing():
            self.account.move(reference, bookmaker, amount_minor)

    def settle(
        self,
        key: str,
        pnl_minor: int,
        *,
        version: int = 1,
        void: bool = False,
        commission_minor: int | None = None,
        at_ns: int | None = None,
    ) -> Receipt:
        """Settle a bet, or settle it anew as a later version; the same version again changes nothing.

        Parameters
        ----------
        key : str
        pnl_minor : int
            Profit before commission.
        version : int
            1, and one more for each correction.
        void : bool
            The bet counts as never made; also for a bet that was matched and then failed.
        commission_minor : int or None
            Commission of this bet, of a venue that takes it bet by bet; None: it is charged apart.
        at_ns : int or None
            When it is settled, UTC nanoseconds; None: at its decision.

        Raises
        ------
        NotTaken
            There is no bet with this key, or it is not matched.
        LedgerFailure
            The database failed.
        PaperConflict
            The version is there with another amount.
        """
        bet = self.account.bets.get(key)
        if bet is None or (bet.receipt.outcome in (Outcome.PENDING, Outcome.REJECTED)):
            raise NotTaken("no_such_bet")
        before, reference = bet.receipt.pnl_minor or 0, f"settled:{key}:{version}"
        if version < bet.receipt.version and reference in self.account.references:
            return bet.receipt
        stated = replace(
            bet.receipt, outcome=Outcome.VOID if void else Outcome.SETTLED, pnl_minor=pnl_minor, open_minor=0,
            commission_minor=commission_minor, version=version,
        )  # fmt: skip
        if version == bet.receipt.version and stated == bet.receipt:
            return bet.receipt
        with self.account.changing():
            paid = (commission_minor or 0) - (bet.receipt.commission_minor or 0)
            change = pnl_minor - before + bet.at_risk_minor - paid
            self.account.move(reference, bet.order.bookmaker, change, pnl_minor - before)
            facts = {**bet.facts, "settled_at_ns": bet.order.decided_at_ns if at_ns is None else at_ns}
            bet = self.account.update(bet, stated, facts)
        if self._guard is not None and (finding := self._guard.settled(bet)):
            self._stop(finding)
        return bet.receipt

    def charge(self, reference: str, amount_minor: int, bookmaker: str = "") -> None:
        """Take commission, once for each reference."""
        self.deposit(reference, -amount_minor, bookmaker)

    def apply(self, recorded: Recorded) -> None:
        """Follow the ledger as an observer of the journal: deposits, settlements, commission, and the end of a stop.

        Whatever was followed before changes nothing, so a restart may give every entry again.
        """
        entry = recorded.entry
        if entry.kind is Kind.CAPITAL:
            self.deposit(entry.key, entry.money.cash, entry.bookmaker)
        elif entry.kind is Kind.COMMISSION:
            self.charge(entry.key, -entry.money.cash, entry.bookmaker)
        elif entry.kind in (Kind.SETTLED, Kind.VOID):
            self._follow(entry)
        elif entry.kind is Kind.RESUMED and entry.body.get("breaker") == f"plausibility/venue/{self.profile.name}":
            self.acknowledge(str(entry.body.get("person") or "nobody"), str(entry.body.get("reason", "")), entry.key)

    def acknowledge(self, person: str, reason: str, reference: str = "") -> None:
        """End the stop after all findings so far: a person has looked at them. A reference counts once."""
        if reference and reference in self.account.references:
            return
        with self.account.changing():
            for number in list(self.account.findings):
                self.account.acknowledge(number, person, reason)
            if reference:
                self.account.move(reference, "", 0)
        if self._guard is not None:
            self._guard.acknowledged(self.account.acknowledged_up_to)

    def close(self) -> None:
        """Close the database."""
        self.account.close()

    def _follow(self, entry: Entry) -> None:
        """Settle as the ledger does."""
        pnl, version = int(entry.body["pnl_minor"]), int(entry.body["version"])
        try:
            self.settle(entry.intent, pnl, version=version, void=entry.kind is Kind.VOID, at_ns=entry.at_ns)
        except NotTaken:
            raise LedgerError(
                "the paper venue does not hold a bet that the ledger settles", where=self.account.path,
                expected=f"bet {entry.intent}", found="none",
                todo="restore the database of the paper venue, or begin a new ledger",
            ) from None  # fmt: skip

    def _watch(self, keys: Sequence[str]) -> None:
        """Let the guard look at bets that have just been filled."""
        if self._guard is None:
            return
        for key in keys:
            bet = self.account.bets[key]
            if bet.receipt.outcome is not Outcome.PLACED or bet.number in self._watched:
                continue
            self._watched.add(bet.number)
            if finding := self._guard.filled(bet):
                self._stop(finding)

    def _stop(self, finding: Finding) -> None:
        """Write a finding and tell it, once."""
        with self.account.changing():
            is_new = self.account.add_finding(*finding)
        if is_new:
            self._on_finding(finding.text)

    def _place_legs(self, orders: Sequence[Order]) -> list[Receipt | VenueFailure]:
        """Answer the legs of a group, or a single order."""
        known = [self.account.bets.get(order.key) for order in orders]
        if any(known):
            return [_again(order, bet) for order, bet in zip(orders, known, strict=True)]
        if any(_closing(order.key) in self.account.references for order in orders):
            drafts = [rejected(order, CLOSED_KEY, order.decided_at_ns) for order in orders]
        elif self.account.findings:
            facts = {"finding": next(iter(self.account.findings.values()))}
            drafts = [rejected(order, IMPLAUSIBLE, order.decided_at_ns, facts) for order in orders]
        else:
            drafts = together(self._drafts(orders))
            self.fills.keep(drafts)
        return [self.account.add(d.order, d.receipt, d.arrives_ns, d.facts).receipt for d in drafts]

    def _drafts(self, orders: Sequence[Order]) -> list[Draft]:
        """What each order would get; the money of the earlier ones counts as gone."""
        wallets, results = self.fills.model.params.wallets == 1.0, self.account.results
        drafts: list[Draft] = []
        for order in orders:
            gone = sum(d.at_risk_minor for d in drafts if not wallets or d.order.bookmaker == order.bookmaker)
            free = self.account.balance_minor(order.bookmaker if wallets else None) - gone
            drafts.append(self.fills.draft(order, free, results, alone=len(orders) == 1))
        return drafts

    def _decide_pending(self) -> None:
        """Fill or reject delayed orders whose price has come."""
        waiting = [self.account.bets[key] for key in self._pending]
        waiting = [bet for bet in waiting if bet.receipt.outcome is Outcome.PENDING]
        groups = [legs for legs in _groups(waiting) if all(self._is_ready(bet) for bet in legs)]
        if groups:
            with self.account.changing():
                for legs in groups:
                    results, alone = self.account.results, len(legs) == 1
                    drafts = [self.fills.draft(bet.order, bet.at_risk_minor, results, alone=alone) for bet in legs]
                    drafts = together(drafts)
                    self.fills.keep(drafts)
                    for bet, draft in zip(legs, drafts, strict=True):
                        self._restate(bet, draft.receipt, draft.facts)
            self._watch([bet.order.key for legs in groups for bet in legs])
        self._pending = [bet.order.key for bet in waiting if self._waits(bet.order.key)]

    def _is_ready(self, bet: Bet) -> bool:
        return self.fills.is_ready(bet.order, bet.arrives_ns)

    def _waits(self, key: str) -> bool:
        return self.account.bets[key].receipt.outcome is Outcome.PENDING

    def _restate(self, bet: Bet, receipt: Receipt, facts: Mapping[str, Any] | None = None) -> Bet:
        """Replace what is known of a bet that is not settled, and give back the money that it no longer holds."""
        new = self.account.update(bet, receipt, facts)
        released = bet.at_risk_minor - new.at_risk_minor
        if released:
            stands = f"{receipt.outcome}:{receipt.matched_minor}:{receipt.open_minor}"
            self.account.move(f"changed:{bet.order.key}:{stands}", bet.order.bookmaker, released)
        return new


@contextmanager
def _database(failure: type[VenueFailure]) -> Iterator[None]:
    """A failure of the database, as the contract of a venue has it."""
    try:
        yield
    except LedgerFailure as error:
        raise failure("database") from error


def _closing(key: str) -> str:
    """The reference under which it is kept that a key is closed."""
    return f"closed:{key}"


def _legs(orders: Sequence[Order]) -> list[list[int]]:
    """Places of the orders that stand together, in the order of their first leg."""
    legs: dict[object, list[int]] = {}
    for place, order in enumerate(orders):
        legs.setdefault(order.group or place, []).append(place)
    return list(legs.values())


def _groups(waiting: Sequence[Bet]) -> list[list[Bet]]:
    """Delayed orders that stand together."""
    legs: dict[object, list[Bet]] = {}
    for bet in waiting:
        legs.setdefault((bet.order.group, bet.order.decided_at_ns) if bet.order.group else bet.number, []).append(bet)
    return list(legs.values())


def _again(order: Order, bet: Bet | None) -> Receipt | VenueFailure:
    """The answer to an order whose key, or the key of another leg of it, is known."""
    if bet is None or content_of(bet.order) != content_of(order):
        return Unanswered(DUPLICATE)
    return bet.receipt
