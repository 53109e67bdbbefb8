"""What must be known of a market before an order goes there: its event, its ladder, and how it stands now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.exchange.ladder import CLASSIC, FINEST, Ladder
from engine.live.adapters.betfair.api import Api
from engine.live.adapters.betfair.fields import rows
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, whole, word

#: what is asked while an order waits is over after so long
_SOON_S: Final = 1.5
#: markets of one question; the documented weight allows 200
_AT_ONCE: Final = 100
_LADDERS: Final = {"CLASSIC": CLASSIC, "FINEST": FINEST}


@dataclass(frozen=True)
class MarketFacts:
    """What does not change of a market.

    Attributes
    ----------
    event : str
        Id of its event.
    ladder : Ladder or None
        Of its prices. None: orders there mean something else than stake and price (lines, each way).
    """

    event: str
    ladder: Ladder | None


@dataclass(frozen=True)
class MarketState:
    """How a market stood at the last look.

    Attributes
    ----------
    version : int
        Goes with an order: a material change after it refuses the order.
    is_open, in_play : bool
    """

    version: int
    is_open: bool
    in_play: bool


class Markets:
    """Markets of the exchange. Facts are asked once, the state each time.

    Parameters
    ----------
    api : Api
    """

    def __init__(self, api: Api) -> None:
        self._api, self._facts = api, dict[str, MarketFacts]()

    def facts(self, markets: Iterable[str]) -> Mapping[str, MarketFacts]:
        """Of these markets, as far as Betfair tells: it says nothing of closed ones.

        Raises
        ------
        ReadFailed
        """
        asked = sorted(set(markets))
        new = [market for market in asked if market not in self._facts]
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            found = self._api.read(
                "listMarketCatalogue",
                {
                    "filter": {"marketIds": some}, "maxResults": len(some),
                    "marketProjection": ["EVENT", "MARKET_DESCRIPTION"],
                },
                timeout_s=_SOON_S,
            ).value  # fmt: skip
            try:
                self._facts |= {word(row, "marketId"): _facts(row) for row in rows({"markets": found}, "markets")}
            except Misread:
                raise ReadFailed("unreadable_market") from None
        return {market: self._facts[market] for market in asked if market in self._facts}

    def state(self, market: str) -> MarketState:
        """How a market stands now.

        Raises
        ------
        ReadFailed
            Also where Betfair does not know the market.
        """
        found = self._api.read("listMarketBook", {"marketIds": [market]}, timeout_s=_SOON_S).value
        try:
            row = next((row for row in rows({"books": found}, "books") if word(row, "marketId") == market), None)
            if row is None:
                raise ReadFailed("no_such_market")
            in_play = row.get("inplay")
            if not isinstance(in_play, bool):
                raise Misread("inplay")
            return MarketState(whole(row, "version"), word(row, "status") == "OPEN", in_play)
        except Misread:
            raise ReadFailed("unreadable_market") from None


def _facts(row: Row) -> MarketFacts:
    event, description = row.get("event"), row.get("description")
    if not isinstance(event, dict) or not isinstance(description, dict):
        raise Misread("event")
    prices = description.get("priceLadderDescription")
    kind = word(prices, "type") if isinstance(prices, dict) else ""
    plain = word(description, "bettingType") != "LINE" and word(description, "marketType") != "EACH_WAY"
    return MarketFacts(word(event, "id"), _LADDERS.get(kind) if plain else None)
