"""What the executor and reconciliation tell a person: a name, the facts, and nothing that needs an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Alarm:
    """Something that a person should look at.

    Attributes
    ----------
    name : str
        One of `ALARMS`.
    text : str
        What happened, in one line.
    intent : str
        Key of the bet that it concerns; empty for others.
    """

    name: str
    text: str
    intent: str = ""


#: takes alarms; it must not raise
Tell = Callable[[Alarm], None]

#: what the executor, reconciliation and recovery can tell, and what it means
ALARMS: Final[dict[str, str]] = {
    "wrong_reference": "An answer of the venue carried a reference that was not asked for. It was not booked.",
    "worse_price": "The venue matched a bet at a price worse than its limit. It is booked at the real price.",
    "more_than_asked": "The venue matched more than was ordered. All of it is booked.",
    "insufficient_funds": "The venue refused a bet for want of money that the ledger has.",
    "account_stopped": "The venue takes no more bets of this account. Nothing is sent there until a person says so.",
    "limit_reached": "A limit on real money kept an order back. Nothing left this machine.",
    "bet_unknown": "A bet has had no definite answer for too long. Its market is closed to new bets.",
    "bet_undecided": "The venue has held a bet for too long without deciding on it.",
    "bet_after_all": "The venue shows a bet that was held to be absent, refused or gone.",
    "bet_ambiguous": "The list of a venue without references does not say which bet is ours. A person must resolve it.",
    "bet_external": "The account holds a bet that is not ours. Its exposure counts.",
    "bet_stranger": "The venue knows references of ours that the ledger does not.",
    "implausible": "The paper venue stopped: its fills or winnings are too good to be true.",
    "balance_differs": "The venue's balance is not what the ledger expects.",
    "settlement_differs": "The venue settled a bet differently from us. Its money counts.",
    "reads_fail": "Look-ups at the venue fail. Bets without an answer stay as they are.",
    "intent_differs": "A decision made again after a restart is not the one on record. The recorded one stands.",
}


def no_tell(alarm: Alarm) -> None:
    """Tell nobody."""
