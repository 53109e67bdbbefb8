"""The account at Pinnacle as a venue: straight bets under our own request ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from engine.clock import DAY_NS, SECOND_NS
from engine.live.account import VenueAccount
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.bets import Bets, kept
from engine.live.adapters.pinnacle.codes import code_of, said_of
from engine.live.adapters.pinnacle.fields import amount_minor, key_of, odds
from engine.live.adapters.pinnacle.lines import Lines
from engine.live.adapters.pinnacle.prices import TOTALS, Price
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.clock import Clock
from engine.live.linking.contract import Directory, Ours, Theirs
from engine.live.venue import (
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
from engine.live.wire.fields import Misread, whole, word
from engine.live.wire.request import Reply, WireFailure

#: a bet in the live delay is decided within seconds; its request id is known for 30 minutes, lists go back a week
_DECLINED_NS: Final = (45 * 60 * SECOND_NS, 6 * DAY_NS)
PROFILE: Final = usual("pinnacle", ProofClass.LOOK_UP, not_accepted_status=(429,), declined_ns=_DECLINED_NS)
_KEY: Final = re.compile(r"[0-9a-f]{32}")


class PinnacleVenue:
    """An account, as `engine.live.venue.Venue`.

    Parameters
    ----------
    api : Api
    directory : Directory
        Links that may be bet on.
    settings : PinnacleSettings
    clock : Clock
    lines : Lines, optional
        Those that a feed of the process reads too.
    profile : Profile, optional
    """

    def __init__(
        self, api: Api, directory: Directory, settings: PinnacleSettings, clock: Clock, lines: Lines | None = None,
        profile: Profile = PROFILE,
    ) -> None:  # fmt: skip
        self.profile = profile
        self._api, self._directory, self._settings, self._clock = api, directory, settings, clock
        self._lines, self._bets = lines or Lines(api, settings, clock), Bets(api, directory)

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`. A request carries one bet: the first that can be sent; the others are not taken now."""
        answers: list[Receipt | VenueFailure] = []
        is_sent = False
        for order in orders:
            draft = NotTaken("another_request") if is_sent else self._drafted(order)
            if isinstance(draft, dict):
                is_sent = True
                answers.append(self._send(order, draft))
            else:
                answers.append(draft)
        if len(answers) == 1 and isinstance(answers[0], VenueFailure):
            raise answers[0]
        return answers

    def _drafted(self, order: Order) -> dict[str, object] | Receipt | VenueFailure:
        """The request of an order; a refusal where it cannot be bet."""
        theirs = self._directory.theirs(Ours(order.event_id, order.market, order.line, order.selection))
        if theirs is None or not theirs.event.isascii() or not theirs.event.isdigit():
            return _refusal(order, "not_linked")
        if order.side != "back":
            return _refusal(order, "side")
        started_ns = self._clock.monotonic_ns()
        try:
            price = self._lines.price(theirs)
            reason = _unfit(order, price)
            if price is not None and not reason:
                price = self._lines.checked(theirs, price)
                reason = _unfit(order, price)
        except ReadFailed as failure:
            return NotTaken(f"lines_{failure.cause}", failure.retry_after_ns)
        if self._clock.monotonic_ns() - started_ns > self.profile.connect_timeout_ns:
            return NotTaken("late")  # who waits for the answer has not reckoned with it
        if price is None or reason:
            return _refusal(order, reason)
        return self._request(order, theirs, price)

    def _request(self, order: Order, theirs: Theirs, price: Price) -> dict[str, object]:
        period, _, bet_type = theirs.market.partition("/")
        is_total = theirs.selection in TOTALS
        return {
            "uniqueRequestId": str(UUID(order.key)), "oddsFormat": "DECIMAL",
            "acceptBetterLine": self._settings.accept_better_line, "stake": order.stake_minor / 100,
            "winRiskStake": "RISK", "lineId": price.line_id, "altLineId": price.alt_line_id, "fillType": "NORMAL",
            "sportId": self._settings.sport_id, "eventId": int(theirs.event), "periodNumber": int(period),
            "betType": bet_type, **({"side": theirs.selection} if is_total else {"team": theirs.selection}),
        }  # fmt: skip

    def _send(self, order: Order, body: Mapping[str, object]) -> Receipt | VenueFailure:
        try:
            reply = self._api.send("/v4/bets/straight", body, self.profile.send_timeout_ns / SECOND_NS)
        except WireFailure as failure:
            return Unanswered(failure.cause) if failure.may_have_arrived else NotTaken(failure.cause)
        return answer_of(order, reply)

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`: by request id, then in the lists those that are not known by it (any more)."""
        wanted = [key for key in dict.fromkeys(keys) if _KEY.fullmatch(key)]
        reading = self._bets.of_keys(wanted)
        missing = set(wanted) - {receipt.key for receipt in reading.receipts}
        if not missing:
            return reading
        lists = self._bets.lately(self._clock.wall_ns(), missing)
        more = tuple(receipt for receipt in lists.receipts if receipt.key in missing)
        return Reading(reading.receipts + more, reading.complete and lists.complete)

    def bets(self) -> Reading:
        """As `Venue.bets`; settled ones of a week. Pinnacle's lists leave out what waits for the live delay."""
        return self._bets.lately(self._clock.wall_ns())

    def balance_minor(self) -> int:
        """As `Venue.balance_minor`."""
        return self.account().balance_minor

    def account(self) -> VenueAccount:
        """As `engine.live.account.HasAccount.account`."""
        found = self._api.read("/v1/client/balance")
        try:
            return VenueAccount(self._api.user, word(found, "currency"), amount_minor(found, "availableBalance"))
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`: a bet at Pinnacle has no open rest, and one that waits cannot be taken back."""
        try:
            receipts = self.look_up([key]).receipts
        except ReadFailed as failure:
            raise NotTaken(failure.cause) from None
        if not receipts or receipts[0].outcome is Outcome.PENDING:
            raise NotTaken("not_offered" if receipts else "no_such_bet")
        return receipts[0]

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`: Pinnacle cannot."""
        raise ReadFailed("not_offered")


def answer_of(order: Order, reply: Reply) -> Receipt | VenueFailure:
    """What an answer to a bet says of it."""
    key, body = order.key, reply.json()
    if reply.status != 200:
        code = code_of(reply.status, body)
        return Unanswered(f"status_{reply.status}") if code is None else said_of(key, code, reply.retry_after_ns())
    if not isinstance(body, dict):
        return Unanswered("unreadable")
    try:
        echoed, status = key_of(body), word(body, "status")
        if echoed != key:
            return Receipt(echoed, "", Outcome.REJECTED, reason="not_ours") if echoed else Unanswered("no_reference")
        if status == "PROCESSED_WITH_ERROR":
            return Unanswered("refused_with_a_bet") if body.get("betId") else said_of(key, body.get("errorCode"))
        if status == "PENDING_ACCEPTANCE":
            return Receipt(key, "", Outcome.PENDING, open_minor=order.stake_minor, side="back", raw=kept(body))
        if status != "ACCEPTED":
            return Unanswered("status_word")
        price, risk = odds(body, "price"), amount_minor(body, "risk")
        if price is None or risk <= 0:
            return Unanswered("no_price" if price is None else "no_risk")
        return Receipt(
            key, f"{whole(body, 'betId')}", Outcome.PLACED, odds=price, matched_minor=risk, side="back", raw=kept(body)
        )
    except Misread as error:
        return Unanswered(f"unreadable_{error}")


def _unfit(order: Order, price: Price | None) -> str:
    """Why an order cannot be bet at a price; empty: it can."""
    if price is None:
        return "offline"
    if price.odds < order.odds_worst:
        return "price_moved"
    if price.most_minor is not None and order.stake_minor > price.most_minor:
        return "stake_maximum"
    return "stake_minimum" if price.least_minor is not None and order.stake_minor < price.least_minor else ""


def _refusal(order: Order, reason: str) -> Receipt:
    """A rejection of our own: nothing was sent."""
    return Receipt(order.key, "", Outcome.REJECTED, reason=reason)
