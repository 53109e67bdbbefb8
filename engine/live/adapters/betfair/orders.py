"""From an order of ours to an instruction of Betfair, and from its report to what became of the order.

Every order is FILL_OR_KILL: its price limits the average price of all parts, and its whole size is matched or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.exchange.ladder import Ladder
from engine.live.adapters.betfair.codes import Meaning, meaning, said_of
from engine.live.adapters.betfair.fields import price, risk_minor, side, size_minor
from engine.live.adapters.betfair.stakes import Minimum
from engine.live.linking.contract import Theirs
from engine.live.venue import Order, Outcome, Receipt, Unanswered, VenueFailure
from engine.live.wire.fields import Misread, Row, word

#: fields of reports and rows that are kept with a receipt; no other text of an answer gets into the ledger
KEPT: Final = (
    "status", "errorCode", "orderStatus", "betId", "marketId", "selectionId", "handicap", "side", "customerOrderRef",
    "placedDate", "matchedDate", "settledDate", "averagePriceMatched", "priceMatched", "priceRequested", "priceReduced",
    "sizeMatched", "sizeRemaining", "sizeLapsed", "sizeCancelled", "sizeVoided", "sizeSettled", "profit", "betOutcome",
    "eventId",
)  # fmt: skip
_ENDED: Final = {"EXECUTABLE": False, "EXECUTION_COMPLETE": True, "EXPIRED": True}


@dataclass(frozen=True)
class Draft:
    """An order as it goes to Betfair.

    Attributes
    ----------
    order : Order
    selection_id : int
    handicap : float
    limit : float
        A price of the ladder, within the limit of the order.
    size_minor : int
        The backer's stake, hundredths.
    """

    order: Order
    selection_id: int
    handicap: float
    limit: float
    size_minor: int

    @property
    def side(self) -> str:
        """``back`` or ``lay``."""
        return self.order.side

    def instruction(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "selectionId": self.selection_id, "handicap": self.handicap, "side": self.side.upper(),
            "orderType": "LIMIT", "customerOrderRef": self.order.key,
            "limitOrder": {"size": self.size_minor / 100, "price": self.limit, "timeInForce": "FILL_OR_KILL"},
        }  # fmt: skip


def drafted(order: Order, theirs: Theirs, ladder: Ladder, minimum: Minimum) -> Draft | Receipt:
    """An order for a market with this ladder; a rejection where the exchange cannot take it.

    A lay bets at most the backer's stake that its liability covers at the limit.
    """
    if not theirs.selection.isascii() or not theirs.selection.isdigit():
        return refusal(order, "not_linked")
    limit = ladder.at_least(order.odds_worst) if order.side == "back" else ladder.at_most(order.odds_worst)
    if limit is None:
        return refusal(order, "price_off_ladder")
    size = order.stake_minor
    if order.side == "lay":
        size = min(order.backer_minor, order.stake_minor * 100 // (round(limit * 100) - 100))
    size -= size % minimum.step_minor
    if not minimum.allows(size, limit):
        return refusal(order, "stake_minimum")
    return Draft(order, int(theirs.selection), theirs.handicap or 0.0, limit, size)


def refusal(order: Order, reason: str) -> Receipt:
    """A rejection of our own: nothing was sent."""
    return Receipt(order.key, "", Outcome.REJECTED, reason=reason)


def request_reference(drafts: Sequence[Draft]) -> str:
    """The customerRef of a request, under which Betfair knows it again for 60 s: that of its orders, and no other."""
    keys = [draft.order.key for draft in drafts]
    text = ":".join(keys).encode("ascii")
    return keys[0] if len(keys) == 1 else hashlib.blake2b(text, digest_size=16, person=b"bea request").hexdigest()


def answers_of(drafts: Sequence[Draft], report: object, wait_ns: int | None = None) -> list[Receipt | VenueFailure]:
    """What the report of a request says of each order, by its reference.

    A report of an order says what became of it, whatever is said of the whole; the code of the whole counts for orders
    without one. A report under a reference that was not asked for stands in the place of an order that has none.

    Parameters
    ----------
    drafts : sequence of Draft
        As they were sent.
    report : object
        PlaceExecutionReport.
    wait_ns : int, optional
    """
    if not isinstance(report, Mapping):
        return [Unanswered("unreadable") for _ in drafts]
    known = {draft.order.key for draft in drafts}
    found: dict[str, Row] = {}
    torn: set[str] = set()
    strangers: list[str] = []
    reports = report.get("instructionReports")
    for one in reports if isinstance(reports, list) else ():
        key = _reference(one)
        if key in known:
            if found.setdefault(key, one) != one:
                torn.add(key)
        elif key:
            strangers.append(key)
    answers: list[Receipt | VenueFailure] = []
    for draft in drafts:
        key = draft.order.key
        if key in torn:
            answers.append(Unanswered("two_answers"))
        elif key in found:
            answers.append(_of_report(draft, found[key]))
        elif strangers:
            answers.append(Receipt(strangers.pop(0), "", Outcome.REJECTED, reason="not_ours"))
        else:
            answers.append(_of_whole(key, report, wait_ns))
    return answers


def _reference(report: object) -> str:
    instruction = report.get("instruction") if isinstance(report, Mapping) else None
    key = instruction.get("customerOrderRef") if isinstance(instruction, Mapping) else None
    return key[:40] if isinstance(key, str) else ""


def _of_whole(key: str, report: Row, wait_ns: int | None) -> Receipt | VenueFailure:
    """What the report of a request says of an order that has none of its own."""
    if report.get("status") == "FAILURE":
        return said_of(key, report.get("errorCode"), {}, wait_ns)
    return Unanswered("status_timeout" if report.get("status") == "TIMEOUT" else "no_answer")


def _of_report(draft: Draft, report: Row) -> Receipt | VenueFailure:
    key, status = draft.order.key, report.get("status")
    if status == "TIMEOUT":
        return Unanswered("status_timeout")
    try:
        if status == "FAILURE":
            # a report of an order under which a bet stands would be a contradiction
            if word(report, "betId") and meaning(report.get("errorCode")) is not Meaning.UNKNOWN:
                return Unanswered("refused_with_a_bet")
            return said_of(key, report.get("errorCode"), kept(report))
        if status != "SUCCESS":
            return Unanswered("status_word")
        return _placed(draft, report)
    except Misread as error:
        return Unanswered(f"unreadable_{error}")


def _placed(draft: Draft, report: Row) -> Receipt | VenueFailure:
    echo = report.get("instruction")
    if not isinstance(echo, Mapping) or echo.get("selectionId") != draft.selection_id or side(echo) != draft.side:
        return Unanswered("another_bet")
    bet_id, ended = word(report, "betId"), _ENDED.get(word(report, "orderStatus"))
    if ended is None or not bet_id:
        return Unanswered("no_bet_id" if not bet_id else "order_status")
    matched, average = size_minor(report, "sizeMatched"), price(report, "averagePriceMatched")
    rest = 0 if ended else max(0, draft.size_minor - matched)
    raw = kept(report) | {"limit": draft.limit}
    return sized(
        Receipt(draft.order.key, bet_id, Outcome.PENDING, side=draft.side, raw=raw),
        whole_minor=draft.size_minor, matched_minor=matched, open_minor=rest, average=average, limit=draft.limit,
    )  # fmt: skip


def sized(
    receipt: Receipt, *, whole_minor: int, matched_minor: int, open_minor: int, average: float, limit: float
) -> Receipt:
    """A receipt with the sizes of an order that is not settled; sizes are the backer's, hundredths.

    Raises
    ------
    Misread
        A matched size has no price.
    """
    if matched_minor and not average:
        raise Misread("averagePriceMatched")
    if open_minor:
        outcome = Outcome.PARTIAL if matched_minor else Outcome.PENDING
    else:
        outcome = Outcome.PLACED if matched_minor and matched_minor >= whole_minor else Outcome.LAPSED
    return replace(
        receipt, outcome=outcome, odds=average if matched_minor else 0.0,
        matched_minor=risk_minor(receipt.side, matched_minor, average),
        backer_minor=matched_minor if receipt.side == "lay" else 0,
        open_minor=risk_minor(receipt.side, open_minor, limit),
    )  # fmt: skip


def kept(report: Row) -> dict[str, Any]:
    """The documented fields of a report or a row that are kept: texts, numbers and truth values."""
    return {name: value for name in KEPT if isinstance(value := report.get(name), str | int | float) and _short(value)}


def _short(value: object) -> bool:
    return not isinstance(value, str) or len(value) <= 200
