"""Entries of the ledger: what they are called, what they hold, and how they are hashed.

Every amount is a change of one account, in whole minor units; the changes of an entry sum to zero (double entry):

    capital      deposits (negative) and withdrawals (positive)
    cash         free money
    reserved     money of bets that are intended, sent, unknown or pending, and of open rests
    stakes       money of matched bets, at cost
    pnl          profit (negative) and loss (positive) of settled bets, before tax and commission
    commission   commission paid (positive)
    tax          tax on stakes and winnings of settled bets (positive)
    adjustment   differences that a venue or a person states, with a reason
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What an entry records. The states of a bet are kinds of their own."""

    OPENED = "opened"  # the ledger: promotion, currency, mode
    CAPITAL = "capital"  # a deposit or a withdrawal
    STARTED = "started"  # a runner, with its epoch, versions and settings
    STOPPED = "stopped"
    ARTIFACT = "artifact"  # a model fitted live: its hash
    DECIDED = "decided"  # the decisions of an instant, each with its reason
    CLOSED = "closed"  # fair closing probabilities of the bets of an event
    ROLLED = "rolled"  # a new day began
    INTENDED = "intended"
    ABANDONED = "abandoned"
    SENT = "sent"
    UNKNOWN = "unknown"
    PENDING = "pending"
    PLACED = "placed"
    PARTIAL = "partial"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    SETTLED = "settled"
    VOID = "void"
    REVERSED = "reversed"  # takes back a settlement that the venue corrected
    COMMISSION = "commission"  # of a market, once its last open bet is settled
    ADJUSTED = "adjusted"  # a difference of money that a venue or a person states
    READ = "read"  # a complete look-up that did not show a bet
    EXTERNAL = "external"  # a bet at the venue that is not ours
    TRIPPED = "tripped"  # a breaker stops new bets
    RESUMED = "resumed"  # a breaker or the kill switch ended
    KILLED = "killed"
    ACKNOWLEDGED = "acknowledged"
    ALERTED = "alerted"


@dataclass(frozen=True)
class Money:
    """Changes of the accounts, whole minor units; they sum to zero."""

    cash: int = 0
    reserved: int = 0
    stakes: int = 0
    pnl: int = 0
    commission: int = 0
    tax: int = 0
    adjustment: int = 0
    capital: int = 0

    def __post_init__(self) -> None:
        if sum(getattr(self, name) for name in ACCOUNTS):
            raise ValueError(f"the changes do not sum to zero: {self}")


#: names of the accounts, in the order of the table's columns
ACCOUNTS: Final = tuple(account.name for account in fields(Money))
NO_MONEY: Final = Money()


@dataclass(frozen=True)
class Entry:
    """One entry before it is written.

    Attributes
    ----------
    kind : Kind
    key : str
        Unique in the ledger and a pure function of what happened: writing the same thing twice is noticed.
    at_ns : int
        Instant on the runner's clock of the world, UTC nanoseconds (in a replay, that of the message).
    intent : str
        Key of the bet that it belongs to; empty for others.
    venue_bet : str or None
        ``venue/bet id``, on the entry that first claims it; unique in the ledger.
    bookmaker : str
        Whose wallet the money is in; empty where there is no money.
    money : Money
    body : mapping
        Everything else, plain JSON values without floats that are not finite.
    """

    kind: Kind
    key: str
    at_ns: int
    intent: str = ""
    venue_bet: str | None = None
    bookmaker: str = ""
    money: Money = NO_MONEY
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """An entry of the ledger.

    Attributes
    ----------
    number : int
        1, 2, 3, ... without a gap.
    epoch : int
        Of the lease under which it was written.
    wall_ns : int
        When it was written, UTC nanoseconds by the machine's clock. Not part of what two replays must share.
    entry : Entry
    body_text : str
        The body in its one JSON form, as stored and hashed.
    previous, hash : str
        64 hexadecimal digits each (SHA-256); the first entry follows 64 zeros.
    """

    number: int
    epoch: int
    wall_ns: int
    entry: Entry
    body_text: str
    previous: str
    hash: str


FIRST_PREVIOUS: Final = "0" * 64

#: the columns of an entry that are hashed, in this order; the body follows as the last one
HASHED: Final = (
    "previous", "number", "epoch", "wall_ns", "kind", "key", "at_ns", "intent", "venue_bet", "bookmaker", *ACCOUNTS
)  # fmt: skip
_ROW_FORM: Final = "\n".join(["%s"] * (len(HASHED) + 1))


def body_text(body: Mapping[str, Any]) -> str:
    """The one JSON form of a body: sorted keys, no spaces, ASCII. NaN and infinities are refused (ValueError)."""
    return json.dumps(dict(body), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def entry_hash(previous: str, number: int, epoch: int, wall_ns: int, entry: Entry, text: str) -> str:
    """SHA-256 over every column of an entry and the hash of the one before, 64 hexadecimal digits.

    A venue bet is written with a leading equals sign, its absence as a hyphen.
    """
    money = entry.money
    amounts = [getattr(money, name) for name in ACCOUNTS]
    bet = "-" if entry.venue_bet is None else f"={entry.venue_bet}"
    head = [previous, number, epoch, wall_ns, entry.kind, entry.key, entry.at_ns, entry.intent, bet]
    return row_hash((*head, entry.bookmaker, *amounts, text))


def row_hash(values: Sequence[Any]) -> str:
    """`entry_hash` of the columns of `HASHED`, the venue bet in the form that is hashed, and the body.

    They are joined by line feeds. No column of an entry holds one (`fault_of`), so two different entries never give the
    same text.
    """
    return hashlib.sha256((_ROW_FORM % tuple(values)).encode("utf-8", "surrogateescape")).hexdigest()


#: amounts and instants fit a signed 64-bit column
_LARGEST: Final = 2**63 - 1


def fault_of(entry: Entry) -> str:
    """Why an entry cannot be stored; empty if it can.

    Texts hold printable characters only, a venue bet is not empty, and whole numbers fit 64 bits.
    """
    texts = {"key": entry.key, "intent": entry.intent, "bookmaker": entry.bookmaker, "venue_bet": entry.venue_bet or ""}
    for name, text in texts.items():
        if not text.isprintable():
            return f"a character of {name} that cannot be printed"
    if not entry.key:
        return "an empty key"
    if entry.venue_bet == "":
        return "an empty venue bet"
    numbers = [entry.at_ns, *(getattr(entry.money, name) for name in ACCOUNTS)]
    if not all(type(number) is int for number in numbers):
        return "an amount or instant that is no whole number"
    return "" if all(abs(number) <= _LARGEST for number in numbers) else "an amount or instant beyond 64 bits"
