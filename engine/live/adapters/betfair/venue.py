"""Orders at the Betfair Exchange, by the contract of `engine.live.venue`.

A request has orders of one market. Right before it the market is looked at: it must be open, and not in play unless
that is allowed; the version that is seen goes with the order, so a material change in between refuses it. What may have
arrived is looked up by its reference, 32 characters that Betfair keeps with the bet. Whatever is doubtful is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.errors import ConfigurationError
from engine.live.account import VenueAccount
from engine.live.adapters.betfair.api import ACCOUNT, Api, Refused, Unreadable
from engine.live.adapters.betfair.codes import said_of
from engine.live.adapters.betfair.fields import number, rows, size_minor
from engine.live.adapters.betfair.lists import Listed, Lists, placed_ns, receipt_of
from engine.live.adapters.betfair.markets import Markets
from engine.live.adapters.betfair.orders import Draft, answers_of, drafted, refusal, request_reference
from engine.live.adapters.betfair.settings import BetfairSettings
from engine.live.adapters.betfair.stakes import minimum_of
from engine.live.clock import Clock
from engine.live.linking.contract import Directory, Ours, Theirs
from engine.live.venue import (
    ACCOUNT_STOPPED,
    ForeignBet,
    NotTaken,
    Order,
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
from engine.live.wire.request import WireFailure

#: a bet in play waits up to 12 s, and Betfair tries for 5 s more; a resend must end within the 60 s of its memory
PROFILE: Final = usual(
    "betfair", ProofClass.SHORT_WINDOW, send_timeout_ns=20 * SECOND_NS, resend_until_ns=32 * SECOND_NS,
    reference_characters=r"[A-Za-z0-9\-._+*:;~]{1,32}",
)  # fmt: skip
#: marks our orders on the site of Betfair and on the order stream
STRATEGY: Final = "bea"
_OURS: Final = re.compile(r"[0-9a-f]{32}")
#: cleared orders of so long ago are in a reading of the account
_LATELY_NS: Final = 7 * DAY_NS
#: orders of a request; the Italian exchange takes no more
_MOST: Final = 50


class BetfairVenue:
    """An account at the exchange, as `engine.live.venue.Venue`.

    Parameters
    ----------
    api : Api
    directory : Directory
        Links that may be bet on.
    settings : BetfairSettings
    clock : Clock
    profile : Profile, optional
    """

    def __init__(
        self, api: Api, directory: Directory, settings: BetfairSettings, clock: Clock, profile: Profile = PROFILE
    ) -> None:
        self.profile = profile
        self._api, self._directory, self._settings, self._clock = api, directory, settings, clock
        self._markets, self._lists = Markets(api), Lists(api)
        self._minimum = minimum_of(
            settings.currency, settings.jurisdiction, settings.stake_min_minor, settings.payout_min_minor
        )
        self._doubtful: dict[str, str] = {}  # request under which an order may have arrived, by key
        self._hour, self._transactions = 0, 0

    # -- placing ------------------------------------------------------------------------------------------------------

    def place(self, orders: Sequence[Order]) -> Sequence[Receipt | VenueFailure]:
        """As `Venue.place`: the orders of the first market that is linked; those of others are not taken now."""
        answers: dict[str, Receipt | VenueFailure] = {}
        there = {order.key: self._directory.theirs(_ours(order)) for order in orders}
        market = next((theirs.market for theirs in there.values() if theirs is not None), "")
        wanted: list[tuple[Order, Theirs]] = []
        for order in orders:
            theirs = there[order.key]
            if theirs is None:
                answers[order.key] = refusal(order, "not_linked")
            elif theirs.market != market or len(wanted) >= _MOST:
                answers[order.key] = NotTaken("another_request")
            else:
                wanted.append((order, theirs))
        if wanted:
            answers |= self._place(market, wanted, self._clock.monotonic_ns() + self.profile.connect_timeout_ns)
        failures = [answer for answer in answers.values() if isinstance(answer, VenueFailure)]
        if len(failures) == len(orders) and len({(type(one), one.cause) for one in failures}) == 1:
            raise failures[0]
        return [answers[order.key] for order in orders]

    def _place(
        self, market: str, wanted: Sequence[tuple[Order, Theirs]], latest_ns: int
    ) -> dict[str, Receipt | VenueFailure]:
        """Send orders of one market, if it and its orders are in order, by an instant of the monotonic clock.

        Who waits for the answer has reckoned with the time for a connection and for an answer, and not with more.
        """
        orders = [order for order, _ in wanted]
        try:
            facts, state = self._markets.facts([market]).get(market), self._markets.state(market)
        except ReadFailed as failure:
            stopped = failure.cause == "login_refused"
            return {
                order.key: refusal(order, ACCOUNT_STOPPED) if stopped else NotTaken(f"market_{failure.cause}")
                for order in orders
            }
        why_not = "suspended" if facts is None or not state.is_open else ""
        if state.in_play and not self._settings.in_play:
            why_not = "in_play"
        if facts is not None and facts.ladder is None:
            why_not = "kind_of_market"
        if why_not or facts is None or facts.ladder is None:
            return {order.key: refusal(order, why_not) for order in orders}
        answers: dict[str, Receipt | VenueFailure] = {}
        drafts: list[Draft] = []
        for order, theirs in wanted:
            draft = drafted(order, theirs, facts.ladder, self._minimum)
            if isinstance(draft, Draft):
                drafts.append(draft)
            else:
                answers[order.key] = draft
        if drafts:
            answers |= self._send(market, drafts, state.version, latest_ns)
        return answers

    def _send(
        self, market: str, drafts: Sequence[Draft], version: int, latest_ns: int
    ) -> dict[str, Receipt | VenueFailure]:
        reference, keys = request_reference(drafts), [draft.order.key for draft in drafts]
        if any(self._doubtful.get(key, reference) != reference for key in keys):
            # Betfair knows a request again, not its orders: within another request it would be a second bet
            return {key: NotTaken("another_reference") for key in keys}
        if not self._may_transact(len(drafts)):
            return {key: NotTaken("transactions") for key in keys}
        params = {
            "marketId": market, "instructions": [draft.instruction() for draft in drafts], "customerRef": reference,
            "customerStrategyRef": STRATEGY, "marketVersion": {"version": version},
        }  # fmt: skip
        answers: list[Receipt | VenueFailure]
        try:
            answers = answers_of(drafts, self._change("placeOrders", params, latest_ns))
        except Refused as refused:
            answers = [said_of(key, refused.code, {}, refused.wait_ns) for key in keys]
        except VenueFailure as failure:
            answers = [failure for _ in keys]
        for key, answer in zip(keys, answers, strict=True):
            if isinstance(answer, Unanswered):
                self._doubtful[key] = reference
        return dict(zip(keys, answers, strict=True))

    def _change(self, method: str, params: Mapping[str, object], latest_ns: int | None = None) -> object:
        """Send something; without a session, or too late, nothing leaves.

        Raises
        ------
        NotTaken, Unanswered, Refused
        """
        try:
            token = self._api.token()
        except ConfigurationError:
            raise Refused("SUSPENDED") from None  # the login is refused for good
        except WireFailure:
            raise NotTaken("no_session") from None
        if latest_ns is not None and self._clock.monotonic_ns() > latest_ns:
            raise NotTaken("late")
        try:
            return self._api.change(token, method, params, self.profile.send_timeout_ns / SECOND_NS)
        except WireFailure as failure:
            if failure.may_have_arrived:
                raise Unanswered(failure.cause) from None
            raise NotTaken(failure.cause) from None
        except Unreadable as failure:
            raise Unanswered(failure.cause) from None

    def _may_transact(self, number_of_orders: int) -> bool:
        """Count transactions of the clock hour; whether so many more stay within the limit."""
        hour = self._clock.wall_ns() // HOUR_NS
        if hour != self._hour:
            self._hour, self._transactions = hour, 0
        if self._transactions + number_of_orders > self._settings.transactions_an_hour:
            return False
        self._transactions += number_of_orders
        return True

    # -- reading ------------------------------------------------------------------------------------------------------

    def look_up(self, keys: Sequence[str]) -> Reading:
        """As `Venue.look_up`."""
        wanted = [key for key in dict.fromkeys(keys) if _OURS.fullmatch(key)]
        account = self._lists.of_references(wanted)
        asked = {name: listed for name, listed in account.bets.items() if name[1] in wanted}
        return Reading(self._receipts(asked), account.complete)

    def bets(self) -> Reading:
        """As `Venue.bets`; settled ones of a week."""
        account = self._lists.since(self._clock.wall_ns() - _LATELY_NS)
        ours = {name: listed for name, listed in account.bets.items() if _OURS.fullmatch(name[1])}
        others = {name: listed for name, listed in account.bets.items() if name not in ours and listed.current}
        places = self._places(others)
        foreign = [_foreign(name[0], listed, places[name]) for name, listed in others.items()]
        return Reading(self._receipts(ours), account.complete, tuple(bet for bet in foreign if bet.at_risk_minor))

    def balance_minor(self) -> int:
        """Money of the account less what is at risk in every bet, minor units.

        What Betfair calls available is more where bets of one market cover each other; a ledger counts each by itself.

        Raises
        ------
        ReadFailed
        """
        found = self._api.read("getAccountFunds", {}, ACCOUNT).value
        if not isinstance(found, dict) or found.get("availableToBetBalance") is None:
            raise ReadFailed("unreadable_funds")
        account = self._lists.current()
        if not account.complete:
            raise ReadFailed("orders_incomplete")
        try:
            money = number(found, "availableToBetBalance") + abs(number(found, "exposure"))
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None
        at_risk = sum(receipt_of(name[1], listed, None).at_risk_minor for name, listed in account.bets.items())
        return round(money * 100) - at_risk

    def account(self) -> VenueAccount:
        """As `engine.live.account.HasAccount.account`: whose it is, and what is in it.

        Raises
        ------
        ReadFailed
        """
        found = self._api.read("getAccountDetails", {}, ACCOUNT).value
        try:
            (row,) = rows({"details": [found]}, "details")
            name = " ".join(filter(None, (word(row, "firstName"), word(row, "lastName"))))
            return VenueAccount(name, word(row, "currencyCode"), self.balance_minor())
        except Misread:
            raise ReadFailed("unreadable_details") from None

    def _receipts(self, bets: Mapping[tuple[str, str], Listed]) -> tuple[Receipt, ...]:
        net, places = self._lists.net_profits(bets), self._places(bets)
        receipts = []
        for name, listed in bets.items():
            receipt = receipt_of(name[1], listed, net.get(name[0]))
            receipts.append(_on(receipt, places[name]))
        return tuple(receipts)

    def _places(self, bets: Mapping[tuple[str, str], Listed]) -> dict[tuple[str, str], Ours | None]:
        """What bets are on, in our words, as far as it is linked."""
        try:
            markets = {word(listed.row, "marketId") for listed in bets.values() if not listed.row.get("eventId")}
            facts = self._markets.facts(markets - {""})
            places: dict[tuple[str, str], Ours | None] = {}
            for name, listed in bets.items():
                row, market = listed.row, word(listed.row, "marketId")
                event = word(row, "eventId") or (facts[market].event if market in facts else "")
                selection, handicap = f"{whole(row, 'selectionId')}", number(row, "handicap")
                ours = self._directory.ours(Theirs(event, market, selection, handicap))
                if ours is None and not handicap:
                    ours = self._directory.ours(Theirs(event, market, selection))
                places[name] = ours
            return places
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None

    # -- cancelling ---------------------------------------------------------------------------------------------------

    def cancel(self, key: str) -> Receipt:
        """As `Venue.cancel`. A request names one bet of one market: an empty one would cancel everything."""
        listed, receipt = self._one(key, NotTaken)
        if not receipt.open_minor:
            return receipt
        market, bet_id = str(listed.row.get("marketId") or ""), receipt.venue_bet_id
        if not market or not bet_id:
            raise NotTaken("no_such_bet")
        try:
            report = self._change("cancelOrders", {"marketId": market, "instructions": [{"betId": bet_id}]})
        except Refused as refused:
            said = said_of(key, refused.code, {}, refused.wait_ns)
            raise (NotTaken(said.reason) if isinstance(said, Receipt) else said) from None
        try:
            found = rows(report, "instructionReports")
            done = any(size_minor(one, "sizeCancelled") for one in found if one.get("status") == "SUCCESS")
        except Misread:
            raise Unanswered("unreadable") from None
        _, after = self._one(key, Unanswered)
        if not done and after.open_minor:
            raise Unanswered("not_cancelled")
        return after

    def _one(self, key: str, failure: type[NotTaken] | type[Unanswered]) -> tuple[Listed, Receipt]:
        """The bet of a reference."""
        try:
            account = self._lists.of_references([key])
            bets = {name: listed for name, listed in account.bets.items() if name[1] == key}
            receipts = self._receipts(bets)
        except ReadFailed as error:
            raise failure(error.cause) from None
        if not receipts:
            raise failure("no_such_bet" if account.complete else "orders_incomplete")
        return next(iter(bets.values())), receipts[0]

    def close_key(self, key: str) -> Reading:
        """As `Venue.close_key`: Betfair cannot."""
        raise ReadFailed("not_offered")


def _ours(order: Order) -> Ours:
    return Ours(order.event_id, order.market, order.line, order.selection)


def _on(receipt: Receipt, ours: Ours | None) -> Receipt:
    """A receipt with what its bet is on."""
    return receipt if ours is None else replace(receipt, event_id=ours.event_id, selection=ours.selection)


def _foreign(bet_id: str, listed: Listed, ours: Ours | None) -> ForeignBet:
    receipt = receipt_of("", listed, None)
    event_id, market, line, selection = ours if ours is not None else (None, "", None, "")
    return ForeignBet(
        bet_id, event_id, receipt.at_risk_minor, receipt.raw, market=market, line=line, selection=selection,
        side=receipt.side, odds=receipt.odds, placed_at_ns=placed_ns(listed), receipt=receipt,
    )  # fmt: skip
