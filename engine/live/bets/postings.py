"""The entries of a bet: their keys, money and bodies, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.live.bets.bet import Bet, money_of, order_body, reversal_money, settlement_money
from engine.live.bets.states import BetState
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.venue import Order, Outcome, Receipt


def intended(order: Order, facts: Mapping[str, Any], at_ns: int) -> Entry:
    """A bet that is wanted: its whole stake is reserved.

    Parameters
    ----------
    order : Order
    facts : mapping
        Plain JSON beside the order; names of the order's fields are not allowed (ValueError).
    at_ns : int
    """
    body = order_body(order)
    if twice := body.keys() & facts.keys():
        raise ValueError(f"facts of an intent repeat fields of its order: {sorted(twice)}")
    return Entry(
        Kind.INTENDED,
        f"intended:{order.key}",
        at_ns,
        intent=order.key,
        bookmaker=order.bookmaker,
        money=money_of(None, BetState.INTENDED, stake=order.stake_minor),
        body={**body, **facts},
    )


def abandoned(bet: Bet, reason: str, at_ns: int) -> Entry:
    """A bet that certainly never left, or was provably not taken."""
    return _of(bet, BetState.ABANDONED, f"abandoned:{bet.key}", at_ns, {"reason": reason})


def sent(bet: Bet, at_ns: int, deadline_ns: int, epoch: int, more: Mapping[str, Any] | None = None) -> Entry:
    """The next attempt, before its first byte.

    Parameters
    ----------
    bet : Bet
    at_ns, deadline_ns : int
        Now, and when the request has ended by its time-out; UTC nanoseconds.
    epoch : int
    more : mapping, optional
        Of a venue that only has lists: the open bet ids and the balance before the send.
    """
    attempt = bet.attempts + 1
    body = {"attempt": attempt, "reference": bet.key, "deadline_ns": deadline_ns, "epoch": epoch, **(more or {})}
    return _of(bet, BetState.SENT, f"sent:{bet.key}:{attempt}", at_ns, body)


def unknown(bet: Bet, cause: str, at_ns: int) -> Entry:
    """No definite answer to the last attempt."""
    return _of(bet, BetState.UNKNOWN, f"unknown:{bet.key}:{bet.attempts}", at_ns, {"cause": cause})


def read(bet: Bet, at_ns: int, since_sent_ns: int) -> Entry:
    """A complete look-up that did not show the bet, so long after its last send on the monotonic clock."""
    number = bet.reads + 1
    body = {"number": number, "since_sent_ns": since_sent_ns}
    return Entry(Kind.READ, f"read:{bet.key}:{number}", at_ns, intent=bet.key, body=body)


def absent(bet: Bet, proof: Sequence[int], at_ns: int) -> Entry:
    """Absence proved by READ entries with these numbers."""
    body = {"reason": "absent", "proof": list(proof)}
    return _of(bet, BetState.REJECTED, f"rejected:{bet.key}", at_ns, body)


def received(bet: Bet, receipt: Receipt, venue: str, at_ns: int) -> Entry:
    """What a venue states of a bet that is not settled."""
    if receipt.outcome is Outcome.REJECTED:
        body: dict[str, Any] = {"reason": receipt.reason or "refused", "proof": [], "raw": dict(receipt.raw)}
        return _of(bet, BetState.REJECTED, f"rejected:{bet.key}", at_ns, body)
    target = BetState(receipt.outcome.value)
    matched, rest = receipt.matched_minor, receipt.open_minor
    body = {
        "odds": receipt.odds,
        "matched_minor": matched,
        "backer_minor": receipt.backer_minor,
        "open_minor": rest,
        "venue_bet_id": receipt.venue_bet_id,
        "raw": dict(receipt.raw),
    }
    money, key = money_of(bet, target, matched=matched, rest=rest), f"{target}:{bet.key}:{matched}:{rest}"
    return _entry(bet, Kind(target.value), key, at_ns, money, body, claim(bet, receipt, venue))


def settled(
    bet: Bet, outcome: BetState, pnl_minor: int, tax_minor: int, at_ns: int, more: Mapping[str, Any] | None = None
) -> list[Entry]:
    """A settlement; one that corrects an earlier settlement takes that back first.

    Parameters
    ----------
    bet : Bet
    outcome : BetState
        SETTLED or VOID.
    pnl_minor, tax_minor : int
        Profit after tax, and the tax in it.
    at_ns : int
    more : mapping, optional
        ``state``, ``settled_at_ns``, ``venue_version`` and so on.
    """
    entries, version = [], bet.version + 1
    money = settlement_money(bet, pnl_minor, tax_minor)
    if bet.state in (BetState.SETTLED, BetState.VOID):
        back, taken = f"reversed:{bet.key}:{bet.version}", {"version": bet.version}
        entries.append(_entry(bet, Kind.REVERSED, back, at_ns, reversal_money(bet), taken))
    body = {"version": version, "pnl_minor": pnl_minor, "tax_minor": tax_minor, **(more or {})}
    entries.append(_entry(bet, Kind(outcome.value), f"settled:{bet.key}:{version}", at_ns, money, body))
    return entries


def tripped(breaker: str, number: int, cause: str, at_ns: int) -> Entry:
    """A breaker that only a person resumes, tripped by what a venue said: its n-th trip."""
    body = {"breaker": breaker, "n": number, "cause": cause, "human": True}
    return Entry(Kind.TRIPPED, f"tripped:{breaker}:{number}", at_ns, body=body)


def external(
    number: int,
    venue_bet_id: str,
    event_id: int | None,
    at_risk_minor: int,
    at_ns: int,
    *,
    adopted: str = "",
    more: Mapping[str, Any] | None = None,
) -> Entry:
    """What is at risk in a bet at the venue that no intent of ours has made: the n-th such entry.

    Parameters
    ----------
    number : int
    venue_bet_id : str
    event_id : int or None
        None: not one of our events.
    at_risk_minor, at_ns : int
    adopted : str
        The reference under which a person took it over; empty: nobody did.
    more : mapping, optional
        Where it is known: ``sport`` and ``competition`` of the event, and the ``bookmaker`` whose wallet holds its
        money. Also who took it over, and why.
    """
    body = {"venue_bet_id": venue_bet_id, "event_id": event_id, "at_risk_minor": at_risk_minor, **(more or {})}
    return Entry(Kind.EXTERNAL, f"external:{number}", at_ns, intent=adopted, body=body)


def claim(bet: Bet, receipt: Receipt, venue: str) -> str | None:
    """The bet id of a receipt as the ledger claims it; None where the bet has claimed it before, or there is none."""
    if not receipt.venue_bet_id or receipt.venue_bet_id == bet.venue_bet_id:
        return None
    return f"{venue}/{receipt.venue_bet_id}"


def _of(bet: Bet, target: BetState, key: str, at_ns: int, body: Mapping[str, Any]) -> Entry:
    return _entry(bet, Kind(target.value), key, at_ns, money_of(bet, target), body)


def _entry(
    bet: Bet, kind: Kind, key: str, at_ns: int, money: Money, body: Mapping[str, Any], venue_bet: str | None = None
) -> Entry:
    return Entry(kind, key, at_ns, bet.key, venue_bet, bet.order.bookmaker, money, body)
