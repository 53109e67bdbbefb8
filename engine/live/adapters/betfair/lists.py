"""Where a bet can be at Betfair: among the current orders, or the cleared ones of four kinds, each in pages.

The current orders are read first: an order only ever goes from there to the cleared ones, so it cannot slip between two
reads. Betfair states commission of a whole market only; here it is shared out over the winning bets of the market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.fields import number, price, risk_minor, rows, side, size_minor
from engine.live.adapters.betfair.orders import kept, sized
from engine.live.venue import Outcome, ReadFailed, Receipt
from engine.live.wire.fields import Misread, Row, instant_ns, word

#: of a page, the most that Betfair gives
_PAGE: Final = 1_000
#: references or markets of one question
_AT_ONCE: Final = 100
_MOST_PAGES: Final = 50
CLEARED: Final = ("SETTLED", "VOIDED", "LAPSED", "CANCELLED")


@dataclass
class Listed:
    """What the lists say of one bet.

    Attributes
    ----------
    current : mapping or None
        Its row among the current orders.
    cleared : dict of str to mapping
        Its rows among the cleared ones, by kind.
    """

    current: Row | None = None
    cleared: dict[str, Row] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """Any of its rows."""
        return self.current if self.current is not None else next(iter(self.cleared.values()))


@dataclass
class Account:
    """What a reading of lists gave; bets by bet id and reference.

    Attributes
    ----------
    bets : dict of (str, str) to Listed
    complete : bool
        Every page was read, none of them from a cache.
    """

    bets: dict[tuple[str, str], Listed] = field(default_factory=dict)
    complete: bool = True


class Lists:
    """The lists of an account.

    Parameters
    ----------
    api : Api
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        #: what the bets of a settled market won, by bet id, as it was last read, and the commission then
        self._won: dict[str, tuple[int, dict[str, int]]] = {}

    def of_references(self, references: Sequence[str]) -> Account:
        """Bets with these references, wherever they are.

        Raises
        ------
        ReadFailed
        """
        account = Account()
        for start in range(0, len(references), _AT_ONCE):
            self._read(account, {"customerOrderRefs": list(references[start : start + _AT_ONCE])}, {})
        return account

    def since(self, instant_ns: int) -> Account:
        """All bets that are current, or were cleared from an instant on (UTC nanoseconds).

        Raises
        ------
        ReadFailed
        """
        account = Account()
        moment = datetime.fromtimestamp(instant_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._read(account, {}, {"settledDateRange": {"from": moment}})
        return account

    def current(self) -> Account:
        """All current orders; raises as `since`."""
        account = Account()
        self._current(account, {})
        return account

    def _read(self, account: Account, wanted: Mapping[str, Any], of_cleared: Mapping[str, Any]) -> None:
        self._current(account, wanted)
        for kind in CLEARED:
            asked = {"betStatus": kind, **wanted, **of_cleared}
            for row in self._pages(account, "listClearedOrders", "clearedOrders", asked):
                self._bet(account, row).cleared[kind] = row

    def _current(self, account: Account, wanted: Mapping[str, Any]) -> None:
        asked = {"orderProjection": "ALL", **wanted}
        for row in self._pages(account, "listCurrentOrders", "currentOrders", asked):
            self._bet(account, row).current = row

    def _bet(self, account: Account, row: Row) -> Listed:
        try:
            bet_id, reference = word(row, "betId"), word(row, "customerOrderRef")
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None
        if not bet_id:
            raise ReadFailed("unreadable_betId")
        return account.bets.setdefault((bet_id, reference), Listed())

    def _pages(self, account: Account, method: str, name: str, asked: Mapping[str, Any]) -> list[Row]:
        """All rows of a list. An empty page that promises more, and a page of a cache, make the reading incomplete."""
        found: list[Row] = []
        for _ in range(_MOST_PAGES):
            page = self._api.read(method, {**asked, "fromRecord": len(found), "recordCount": _PAGE})
            more = page.value.get("moreAvailable") if isinstance(page.value, dict) else None
            try:
                some = rows(page.value, name)
            except Misread as error:
                raise ReadFailed(f"unreadable_{error}") from None
            if not isinstance(more, bool):
                raise ReadFailed("unreadable_moreAvailable")
            found += some
            account.complete = account.complete and page.is_fresh
            if not more:
                return found
            if not some:
                break
        account.complete = False
        return found

    # -- settled bets -------------------------------------------------------------------------------------------------

    def net_profits(self, bets: Mapping[tuple[str, str], Listed]) -> dict[str, int | None]:
        """Profit after commission of the settled ones of these bets, minor units, by bet id.

        None: the commission of its market is not stated yet, or cannot be shared out.

        Raises
        ------
        ReadFailed
        """
        settled = [listed.cleared["SETTLED"] for listed in bets.values() if "SETTLED" in listed.cleared]
        try:
            by_market = self._commissions(sorted({word(row, "marketId") for row in settled}))
            shares = {market: self._shares(market, minor, settled) for market, minor in by_market.items() if minor}
            net: dict[str, int | None] = {}
            for row in settled:
                market, bet_id, profit = word(row, "marketId"), word(row, "betId"), _profit(row)
                share = shares.get(market, {}).get(bet_id, 0)
                stated = market in by_market and (not by_market[market] or bool(shares[market]))
                net[bet_id] = profit - share if stated else None
            return net
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None

    def _commissions(self, markets: Sequence[str]) -> dict[str, int]:
        """Commission of settled markets, minor units."""
        found: dict[str, int] = {}
        for start in range(0, len(markets), _AT_ONCE):
            asked = {"betStatus": "SETTLED", "groupBy": "MARKET", "marketIds": markets[start : start + _AT_ONCE]}
            for row in self._pages(Account(), "listClearedOrders", "clearedOrders", asked):
                found[word(row, "marketId")] = size_minor(row, "commission")
        return found

    def _shares(self, market: str, commission_minor: int, settled: Sequence[Row]) -> dict[str, int]:
        """A market's commission by bet id: in proportion to what the winning bets won, to the cent in sum.

        Empty where the list of its bets is not whole, or none of them won. A market is read again when its commission
        or the profit of one of its settled bets is another one than before.
        """
        known = {word(row, "betId"): _profit(row) for row in settled if word(row, "marketId") == market}
        before, won = self._won.get(market, (0, {}))
        if before != commission_minor or any(won.get(bet_id) != profit for bet_id, profit in known.items()):
            won = self._bets_of(market)
            self._won[market] = commission_minor, won
        winners = {bet_id: profit for bet_id, profit in sorted(won.items()) if profit > 0}
        return shared(commission_minor, winners) if winners else {}

    def _bets_of(self, market: str) -> dict[str, int]:
        """Profit of each settled bet of a market; empty where the list is not whole."""
        account = Account()
        asked = {"betStatus": "SETTLED", "marketIds": [market]}
        found = self._pages(account, "listClearedOrders", "clearedOrders", asked)
        return {word(row, "betId"): _profit(row) for row in found} if account.complete else {}


def shared(amount_minor: int, weights: Mapping[str, int]) -> dict[str, int]:
    """An amount in whole parts by weight: rounded down, and what is left one by one to the largest remainders.

    >>> shared(10, {"a": 2, "b": 1})
    {'a': 7, 'b': 3}
    """
    total = sum(weights.values())
    parts = {name: amount_minor * weight // total for name, weight in weights.items()}
    left = amount_minor - sum(parts.values())
    by_remainder = sorted(weights, key=lambda name: (-(amount_minor * weights[name] % total), name))
    return parts | {name: parts[name] + 1 for name in by_remainder[:left]}


def receipt_of(key: str, listed: Listed, net_minor: int | None) -> Receipt:
    """What the lists say of a bet: a settlement counts most, then the current row, then a void, then a lapse.

    Raises
    ------
    ReadFailed
        A row is not of the documented kind.
    """
    try:
        return _receipt(key, listed, net_minor)
    except Misread as error:
        raise ReadFailed(f"unreadable_{error}") from None


def _receipt(key: str, listed: Listed, net_minor: int | None) -> Receipt:
    row = listed.cleared.get("SETTLED") or listed.current or listed.cleared.get("VOIDED") or listed.row
    base = Receipt(key, word(row, "betId"), Outcome.LAPSED, side=side(row), raw=kept(row))
    if row is listed.current:
        return _current(base, row)
    fields: dict[str, Any] = {name: getattr(base, name) for name in ("key", "venue_bet_id", "side", "raw")}
    if "SETTLED" not in listed.cleared and "VOIDED" not in listed.cleared:
        return base
    matched, odds = size_minor(row, "sizeSettled"), price(row, "priceMatched")
    fields |= {"odds": odds, "matched_minor": risk_minor(base.side, matched if odds else 0, odds)}
    fields |= {"backer_minor": matched if base.side == "lay" and odds else 0}
    if "SETTLED" not in listed.cleared:
        return Receipt(**fields, outcome=Outcome.VOID, pnl_minor=_profit(row))
    if matched and not odds:
        raise Misread("priceMatched")
    commission = None if net_minor is None else _profit(row) - net_minor
    return Receipt(**fields, outcome=Outcome.SETTLED, pnl_minor=net_minor, commission_minor=commission)


def _current(base: Receipt, row: Row) -> Receipt:
    asked = row.get("priceSize")
    if not isinstance(asked, dict):
        raise Misread("priceSize")
    matched, voided = size_minor(row, "sizeMatched"), size_minor(row, "sizeVoided")
    stated = sized(
        base, whole_minor=size_minor(asked, "size") - voided, matched_minor=matched,
        open_minor=size_minor(row, "sizeRemaining"), average=price(row, "averagePriceMatched"),
        limit=price(asked, "price"),
    )  # fmt: skip
    is_void = stated.outcome is Outcome.LAPSED and not matched and voided > 0
    return (
        Receipt(base.key, base.venue_bet_id, Outcome.VOID, side=base.side, raw=base.raw, pnl_minor=0)
        if is_void
        else stated
    )


def placed_ns(listed: Listed) -> int:
    """When it was placed, by the clock of Betfair, UTC nanoseconds."""
    try:
        return instant_ns(listed.row, "placedDate")
    except Misread as error:
        raise ReadFailed(f"unreadable_{error}") from None


def _profit(row: Row) -> int:
    """Profit of a bet before commission, minor units."""
    return round(number(row, "profit") * 100)
