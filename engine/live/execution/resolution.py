"""What a person decides: a bet that nothing else resolves, and bets that a restored ledger does not know."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import UsageError
from engine.live.bets.bet import Bet
from engine.live.bets.journal import Journal
from engine.live.bets.postings import external, received
from engine.live.bets.states import Actor, BetState, is_allowed
from engine.live.venue import Receipt


def resolve(journal: Journal, venue: str, receipt: Receipt, *, person: str, reason: str, at_ns: int) -> Bet:
    """Book what a person found out about a bet that is UNKNOWN or PENDING: that it was placed, or that it is not there.

    Parameters
    ----------
    journal : Journal
    venue : str
        Name of its profile.
    receipt : Receipt
        With the bet's key; PLACED with odds, matched size and bet id as the venue shows them, or REJECTED.
    person, reason : str
        Who decides, and why; both are kept with the entry.
    at_ns : int

    Raises
    ------
    UsageError
        No such bet, one that a person may not bring there, or no name or reason.
    LedgerError
        As `Journal.write`.
    """
    _check_words(person, reason)
    bet = journal.book.get(receipt.key)
    if bet is None:
        raise UsageError("no such bet", where=receipt.key, todo="bea status lists the bets without an answer")
    target = BetState(receipt.outcome.value)
    if not is_allowed(bet.state, target, Actor.HUMAN):
        raise UsageError(
            "a person may not do this",
            where=f"bet {bet.key}",
            expected="unknown or pending, to placed or rejected",
            found=f"{bet.state} to {target}",
        )
    entry = received(bet, replace(receipt, reason=f"person: {reason}"), venue, at_ns)
    journal.write([replace(entry, body={**entry.body, "person": person, "why": reason})])
    resolved = journal.book.get(receipt.key)
    assert resolved is not None
    return resolved


def adopt(journal: Journal, receipt: Receipt, *, person: str, reason: str, at_ns: int) -> None:
    """Take over a bet under our reference that a restored ledger does not know: its exposure counts from now on.

    It is never sent again, and its money comes into the ledger as a difference once the venue has settled it.

    Parameters
    ----------
    journal : Journal
    receipt : Receipt
        As the venue shows it.
    person, reason : str
    at_ns : int

    Raises
    ------
    UsageError
        The ledger knows the bet, or there is no name or reason.
    """
    _check_words(person, reason)
    book = journal.book
    if receipt.key in book or book.is_adopted(receipt.key):
        raise UsageError("the ledger knows this bet already", where=receipt.key)
    more = {"person": person, "why": reason, "raw": dict(receipt.raw)}
    if receipt.bookmaker:
        more["bookmaker"] = receipt.bookmaker
    number, bet_id, risk = book.external_entries + 1, receipt.venue_bet_id, receipt.at_risk_minor
    journal.write([external(number, bet_id, receipt.event_id, risk, at_ns, adopted=receipt.key, more=more)])


def _check_words(person: str, reason: str) -> None:
    for name, text in (("person", person), ("reason", reason)):
        if not text.strip():
            raise UsageError(f"a {name} is needed", where=name, todo="it is kept in the ledger")
