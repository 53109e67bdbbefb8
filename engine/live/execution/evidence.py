"""What an answer of a venue proves about a bet, and what about it a person must know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from engine.errors import KeyConflict
from engine.kernel.whole import SAME_PRICE
from engine.live.alarm import Alarm
from engine.live.bets.bet import Bet
from engine.live.venue import (
    ACCOUNT_STOPPED,
    DUPLICATE,
    IMPLAUSIBLE,
    INSUFFICIENT_FUNDS,
    NotTaken,
    Order,
    Outcome,
    ReadFailed,
    Receipt,
    VenueFailure,
)

#: outcomes that an answer to a send may have; a settled bet is looked up instead
_OF_A_SEND: Final = frozenset({Outcome.PLACED, Outcome.PARTIAL, Outcome.PENDING, Outcome.REJECTED, Outcome.LAPSED})
#: cause of an answer that carries the reference of another order; an adapter may find it out itself
WRONG_REFERENCE: Final = "wrong_reference"
_AMOUNTS: Final = ("matched_minor", "backer_minor", "open_minor")


class Answer(NamedTuple):
    """What came of one attempt of one bet: exactly one of the three is set.

    Attributes
    ----------
    receipt : Receipt or None
        A definite answer.
    not_taken : NotTaken or None
        It was provably not taken.
    unknown : str
        Why nothing is known; empty otherwise.
    """

    receipt: Receipt | None = None
    not_taken: NotTaken | None = None
    unknown: str = ""


def fault_of(receipt: Receipt) -> str:
    """Why a receipt has no definite meaning; empty: it has.

    >>> fault_of(Receipt("00", "1", Outcome.PLACED, odds=2.0, matched_minor=0))
    'sizes'
    """
    amounts = [getattr(receipt, name) for name in _AMOUNTS]
    if not isinstance(receipt.outcome, Outcome):
        return "status_word"
    if any(type(amount) is not int or amount < 0 for amount in amounts):
        return "amounts"
    matched, _, rest = amounts
    odds_known = isinstance(receipt.odds, int | float) and math.isfinite(receipt.odds)
    if not odds_known or (matched and receipt.odds <= 1.0):
        return "odds"
    match receipt.outcome:
        case Outcome.PLACED:
            wrong = not matched or bool(rest)
        case Outcome.PARTIAL:
            wrong = not rest
        case Outcome.PENDING | Outcome.REJECTED:
            wrong = bool(matched)
        case _:
            wrong = bool(rest)
    if wrong:
        return "sizes"
    if receipt.outcome not in (Outcome.REJECTED, Outcome.PENDING) and not receipt.venue_bet_id:
        return "no_bet_id"
    if receipt.pnl_minor is not None and type(receipt.pnl_minor) is not int:
        return "profit"
    return ""


def answers_of(orders: Sequence[Order], said: Sequence[Receipt | VenueFailure]) -> tuple[list[Answer], list[str]]:
    """What a venue's answer to one request says of each order, by reference and never by hope.

    Parameters
    ----------
    orders : sequence of Order
        As they were sent.
    said : sequence of Receipt or VenueFailure
        As `engine.live.venue.Venue.place` gave it.

    Returns
    -------
    answers : list of Answer
        In the order of `orders`.
    strangers : list of str
        References that were not asked for.
    """
    keys = [order.key for order in orders]
    receipts: dict[str, Receipt] = {}
    torn: set[str] = set()
    strangers: list[str] = []
    in_place = len(said) == len(orders)
    for place, item in enumerate(said):
        if not isinstance(item, Receipt):
            continue
        in_place = in_place and keys[place] == item.key
        if item.key not in keys:
            strangers.append(str(item.key))
        elif receipts.setdefault(item.key, item) != item:
            torn.add(item.key)
    answers = []
    for place, key in enumerate(keys):
        failure = said[place] if in_place else None
        if key in torn:
            answers.append(Answer(unknown="two_answers"))
        elif key in receipts:
            answers.append(_of_receipt(receipts[key]))
        elif isinstance(failure, NotTaken):
            answers.append(Answer(not_taken=failure))
        elif isinstance(failure, VenueFailure):
            answers.append(Answer(unknown=failure.cause))
        else:
            answers.append(Answer(unknown=WRONG_REFERENCE if strangers else "no_answer_of_its_own"))
    return answers, strangers


def _of_receipt(receipt: Receipt) -> Answer:
    if fault := fault_of(receipt):
        return Answer(unknown=f"unreadable_{fault}")
    if receipt.outcome not in _OF_A_SEND:
        return Answer(unknown="settled_already")
    if receipt.outcome is Outcome.REJECTED and receipt.reason == DUPLICATE:
        return Answer(unknown=DUPLICATE)
    return Answer(receipt=receipt)


def why_unread(error: Exception) -> str:
    """Why a reading failed, one word: what the adapter says, or the name of an error that it should not raise.

    >>> why_unread(ReadFailed("timeout")), why_unread(KeyError("id"))
    ('timeout', 'error_KeyError')
    """
    return error.cause if isinstance(error, ReadFailed) else f"error_{type(error).__name__}"


def check_identity(bet: Bet, receipt: Receipt) -> None:
    """Refuse a receipt under our reference for a bet that is not the one we ordered.

    Raises
    ------
    KeyConflict
        The runner must stop: somebody else uses our references.
    """
    order = bet.order
    stated: Mapping[str, tuple[object, object]] = {
        "event": (order.event_id, order.event_id if receipt.event_id is None else receipt.event_id),
        "selection": (order.selection, receipt.selection or order.selection),
        "side": (order.side, receipt.side or order.side),
    }
    for name, (ours, theirs) in stated.items():
        if ours != theirs:
            raise KeyConflict(
                f"a stranger's bet under our reference, another {name}",
                where=f"bet {order.key}, bet id {receipt.venue_bet_id}",
                expected=str(ours),
                found=str(theirs),
                todo="the runner stops: find out who else bets on this account",
            )


class Surprise(NamedTuple):
    """An alarm, and the breaker that it trips."""

    alarm: Alarm
    breaker: str


def surprises(bet: Bet, receipt: Receipt, venue: str) -> list[Surprise]:
    """What a person must know of a definite answer: a price beyond the limit, too much matched, no money there."""
    order, found = bet.order, []
    if receipt.matched_minor > bet.matched_minor and is_worse(order, receipt.odds):
        text = f"bet {order.key}: matched at {receipt.odds:g}, the limit was {order.odds_worst:g}"
        found.append(Surprise(Alarm("worse_price", text, order.key), f"price/venue/{venue}"))
    at_risk = receipt.matched_minor + receipt.open_minor
    if at_risk > order.stake_minor and not is_worse(order, receipt.odds):
        text = f"bet {order.key}: {at_risk} at risk, {order.stake_minor} ordered (minor units)"
        found.append(Surprise(Alarm("more_than_asked", text, order.key), f"size/venue/{venue}"))
    if receipt.outcome is Outcome.REJECTED and receipt.reason == INSUFFICIENT_FUNDS:
        text = f"bet {order.key}: refused for want of money, {order.stake_minor} were reserved (minor units)"
        found.append(Surprise(Alarm("insufficient_funds", text, order.key), f"funds/venue/{venue}"))
    if receipt.outcome is Outcome.REJECTED and receipt.reason == ACCOUNT_STOPPED:
        text = f"bet {order.key}: refused, {receipt.raw.get('errorCode', 'the login is refused')}"
        found.append(Surprise(Alarm("account_stopped", text, order.key), f"account/venue/{venue}"))
    if receipt.outcome is Outcome.REJECTED and receipt.reason == IMPLAUSIBLE:
        text = f"bet {order.key}: refused, {receipt.raw.get('finding', 'results are too good to be true')}"
        found.append(Surprise(Alarm("implausible", text, order.key), f"plausibility/venue/{venue}"))
    return found


def is_worse(order: Order, odds: float) -> bool:
    """Whether odds are worse than the order's limit, by more than rounding: lower for a back bet, higher for a lay.

    >>> from dataclasses import replace
    >>> back = Order("00", 1, 1, "1x2", None, "home", "b", "back", 2.0, 1.9, 100, 0, 0, 0)
    >>> is_worse(back, 1.85), is_worse(back, 1.9), is_worse(replace(back, side="lay"), 1.95)
    (True, False, True)
    """
    if order.side == "lay":
        return odds * (1.0 - SAME_PRICE) > order.odds_worst
    return odds * (1.0 + SAME_PRICE) < order.odds_worst
