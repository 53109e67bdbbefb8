"""The calls of The Odds API v4, and what each may cost.

Source of the costs: the provider's guide to version 4. A call costs by its markets and regions; the answer says in
`x-requests-last` what it did cost, which may be less, never more than what is said here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from engine.clock import SECOND_NS
from engine.live.adapters.the_odds_api.settings import OddsApiSettings, names_of

#: markets of the list of a whole sport; every other one is asked for event by event
FEATURED: Final = ("h2h", "spreads", "totals", "outrights")
#: exchanges give the lay prices of these unasked, and event odds are paid by the markets that are returned
_WITH_LAY: Final = ("h2h", "outrights")
_HISTORICAL: Final = 10


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes
    ----------
    path : str
        After ``/v4``.
    params : tuple of (str, str)
        Without the key, in order.
    credits_most : int
        What it can cost at most.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()
    credits_most: int = 0

    @property
    def key(self) -> str:
        """The same for the same question."""
        return self.path + "".join(f"{'&' if n else '?'}{k}={v}" for n, (k, v) in enumerate(self.params))


@dataclass(frozen=True)
class Priced:
    """Whose prices of which markets are asked for.

    Attributes
    ----------
    markets : tuple of str
        Keys of The Odds API.
    regions, bookmakers : tuple of str
        Bookmakers win over regions.
    bet_limits : bool
    """

    markets: tuple[str, ...]
    regions: tuple[str, ...] = ()
    bookmakers: tuple[str, ...] = ()
    bet_limits: bool = False

    @classmethod
    def of(cls, settings: OddsApiSettings, markets: Sequence[str]) -> Priced:
        """Of the settings."""
        return cls(
            tuple(sorted(markets)), names_of(settings.regions), names_of(settings.bookmakers), settings.bet_limits
        )

    @property
    def regions_paid(self) -> int:
        """Ten bookmakers, or a part of ten, are paid as one region.

        >>> Priced(("h2h",), ("eu", "uk")).regions_paid, Priced(("h2h",), ("eu", "uk"), ("pinnacle",) * 11).regions_paid
        (2, 2)
        """
        return math.ceil(len(self.bookmakers) / 10) if self.bookmakers else len(self.regions)

    @property
    def markets_paid(self) -> int:
        """Of the odds of one event, at most.

        >>> Priced(("btts", "h2h"), ("eu",)).markets_paid
        3
        """
        return len(self.markets) + sum(market in _WITH_LAY for market in self.markets)

    def params(self) -> dict[str, str]:
        """As query."""
        who = {"bookmakers": ",".join(self.bookmakers)} if self.bookmakers else {"regions": ",".join(self.regions)}
        limits = {"includeBetLimits": "true"} if self.bet_limits else {}
        return {"markets": ",".join(self.markets), **who, **limits, "oddsFormat": "decimal", "dateFormat": "iso"}


def sports(*, all_sports: bool = False) -> Call:
    """The sports that are in season, or all."""
    return _call("/sports", {"all": "true"} if all_sports else {}, 0)


def events(sport: str) -> Call:
    """Events of a sport that are on or to come; free."""
    return _call(f"/sports/{sport}/events", {"dateFormat": "iso"}, 0)


def odds(sport: str, priced: Priced) -> Call:
    """Featured markets of all events of a sport: markets x regions."""
    return _call(f"/sports/{sport}/odds", priced.params(), len(priced.markets) * priced.regions_paid)


def event_odds(sport: str, event: str, priced: Priced) -> Call:
    """Any markets of one event: markets that are returned x regions."""
    return _call(f"/sports/{sport}/events/{event}/odds", priced.params(), priced.markets_paid * priced.regions_paid)


def event_markets(sport: str, event: str, priced: Priced) -> Call:
    """Which markets bookmakers have of an event."""
    params = {name: text for name, text in priced.params().items() if name in ("regions", "bookmakers", "dateFormat")}
    return _call(f"/sports/{sport}/events/{event}/markets", params, 1)


def participants(sport: str) -> Call:
    """Teams or players of a sport."""
    return _call(f"/sports/{sport}/participants", {}, 1)


def scores(sport: str, days: int = 0) -> Call:
    """Scores of events that are on or to come, and with `days` (1 to 3) of those that ended within so many days."""
    if not 0 <= days <= 3:
        raise ValueError(f"0 to 3 days, not {days}")
    more = {"daysFrom": str(days)} if days else {}
    return _call(f"/sports/{sport}/scores", {**more, "dateFormat": "iso"}, 2 if days else 1)


def historical_odds(sport: str, at_ns: int, priced: Priced) -> Call:
    """The snapshot at or before an instant."""
    cost = _HISTORICAL * len(priced.markets) * priced.regions_paid
    return _call(f"/historical/sports/{sport}/odds", {**priced.params(), "date": _instant(at_ns)}, cost)


def historical_events(sport: str, at_ns: int) -> Call:
    """The events as they were known at an instant."""
    return _call(f"/historical/sports/{sport}/events", {"dateFormat": "iso", "date": _instant(at_ns)}, 1)


def historical_event_odds(sport: str, event: str, at_ns: int, priced: Priced) -> Call:
    """The snapshot of one event at or before an instant."""
    cost = _HISTORICAL * priced.markets_paid * priced.regions_paid
    path = f"/historical/sports/{sport}/events/{event}/odds"
    return _call(path, {**priced.params(), "date": _instant(at_ns)}, cost)


def _call(path: str, params: Mapping[str, str], credits_most: int) -> Call:
    return Call(path, tuple(sorted(params.items())), credits_most)


def _instant(at_ns: int) -> str:
    """Without a fraction of a second, which the service may refuse."""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
