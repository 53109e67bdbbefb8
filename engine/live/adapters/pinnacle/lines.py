"""The lines that are offered now: a snapshot of a sport, and what changed since.

A delta names the periods that changed, each with everything that it offers now; a period that it leaves out is as it
was. One request of odds for a sport may leave within two minutes, a delta counts like a snapshot: so the feed and the
venue of a process read the same `Lines`, and one process of a home at a time reads a sport.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS
from engine.errors import BeaError
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.fields import odds, rows
from engine.live.adapters.pinnacle.prices import TEAMS, TOTALS, Price, prices_of
from engine.live.adapters.pinnacle.settings import PinnacleSettings
from engine.live.clock import Clock
from engine.live.linking.contract import Theirs
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, number_or_none, whole, word

#: between two requests of odds of a sport
PACE_NS: Final = 120 * SECOND_NS
#: the leagues are asked for again after so long, and sooner where one is not known
_LEAGUES_NS: Final = 24 * HOUR_NS
_NEW_LEAGUE_NS: Final = HOUR_NS
Periods = Mapping[tuple[str, int], Mapping[Theirs, Price]]


class Lines:
    """Lines of a sport.

    Parameters
    ----------
    api : Api
    settings : PinnacleSettings
        The sport, and the currency of the limits.
    clock : Clock
    claim : callable, optional
        Called before each request of odds: raises BeaError where another process asks for them.

    Attributes
    ----------
    periods : mapping
        Prices by event and number of the period; a period that changed is another object.
    leagues : dict of int to str
        Names by id.
    failure : ReadFailed or None
        Of the last reading.
    readings : int
        Good and bad ones.
    received_ns : int
        When the last good answer came, UTC nanoseconds; 0: none did.
    passed_over : Counter
        Events whose prices were not taken, by reason.
    """

    def __init__(
        self, api: Api, settings: PinnacleSettings, clock: Clock, claim: Callable[[], None] = lambda: None
    ) -> None:
        self._api, self._clock, self.claim = api, clock, claim
        self._sport = {"sportId": f"{settings.sport_id}"}
        self._odds = self._sport | {"oddsFormat": "Decimal", "toCurrencyCode": settings.currency}
        self._asked_ns: int | None = None
        self._leagues_ns: int | None = None
        self._checked_ns: int | None = None
        self._league_of: dict[str, int] = {}
        self._last: int | None = None
        self._teams: dict[int, tuple[str, str]] = {}
        self._periods: dict[tuple[str, int], dict[Theirs, Price]] = {}
        self.leagues: dict[int, str] = {}
        self.failure: ReadFailed | None = None
        self.readings, self.received_ns = 0, 0
        self.passed_over: Counter[str] = Counter()

    @property
    def periods(self) -> Periods:
        """As in the list of attributes."""
        return self._periods

    def teams(self, league: int) -> tuple[str, str] | None:
        """Which teams home and away are in a league; None where the leagues do not say it."""
        return self._teams.get(league)

    def price(self, theirs: Theirs) -> Price | None:
        """The price of a selection; None where it is not offered.

        Raises
        ------
        ReadFailed
            The last request of odds failed, or the pace allows none.
        """
        self.refresh()
        period = theirs.market.partition("/")[0]
        if not period.isascii() or not period.isdigit():
            return None
        found = self._periods.get((theirs.event, int(period)), {}).get(theirs)
        return found if found is not None and found.cutoff_ns > self._clock.wall_ns() else None

    def checked(self, theirs: Theirs, price: Price) -> Price | None:
        """A price and its limits as ``/line`` states them now; None where it is not offered any more.

        The pace of ``/line`` is that of odds. Where it allows no question the price is as it was read last: its line
        stands for it.

        Raises
        ------
        ReadFailed
        """
        now, league = self._clock.monotonic_ns(), self._league_of.get(theirs.event)
        if league is None or (self._checked_ns is not None and now - self._checked_ns < PACE_NS):
            return price
        self._checked_ns = now
        period, _, bet_type = theirs.market.partition("/")
        is_total = theirs.selection in TOTALS
        params = {
            **self._sport, "leagueId": f"{league}", "eventId": theirs.event, "oddsFormat": "Decimal",
            "periodNumber": period, "betType": bet_type,
            **({"side": theirs.selection} if is_total else {"team": theirs.selection.capitalize()}),
            **({} if theirs.handicap is None else {"handicap": f"{theirs.handicap}"}),
        }  # fmt: skip
        answer = self._api.read("/v1/line", params)
        try:
            return _line(answer, price.cutoff_ns)
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None

    def wait_ns(self) -> int:
        """How long the pace forbids a request from now on."""
        if self._asked_ns is None:
            return 0
        return max(0, self._asked_ns + PACE_NS - self._clock.monotonic_ns())

    def refresh(self) -> None:
        """Ask for what changed, if the pace allows it; the first time, and after a failure, for everything.

        Raises
        ------
        ReadFailed
            The last request of odds failed.
        """
        if not self.wait_ns():
            self._ask()
        if self.failure is not None:
            raise self.failure

    def read_leagues(self) -> None:
        """Ask for the leagues, if they are a day old.

        Raises
        ------
        ReadFailed
        """
        try:
            self._read_leagues(_LEAGUES_NS)
        except Misread as error:
            raise ReadFailed(f"unreadable_{error}") from None

    def _ask(self) -> None:
        self._asked_ns = self._clock.monotonic_ns()
        self.readings += 1
        try:
            self.claim()
            self._read_leagues(_LEAGUES_NS)
            params = dict(self._odds)
            if self._last is not None:
                params["since"] = f"{self._last}"
            answer = self._api.read("/v2/odds", params, offer=True)
            received_ns = self._clock.wall_ns()
            if any(whole(league, "id") not in self.leagues for league in rows(answer, "leagues")):
                self._read_leagues(_NEW_LEAGUE_NS)
            self._take(answer, received_ns)
            self.failure = None
        except Misread as error:
            self.failure = ReadFailed(f"unreadable_{error}")
        except ReadFailed as failure:
            self.failure = failure
        except BeaError:
            self.failure = ReadFailed("another_process")
        if self.failure is not None:
            self._last = None  # what came in between is not known

    def _read_leagues(self, old_ns: int) -> None:
        now = self._clock.monotonic_ns()
        if self._leagues_ns is not None and now - self._leagues_ns < old_ns:
            return
        found = rows(self._api.read("/v2/leagues", self._sport, offer=True), "leagues")
        self.leagues = {whole(row, "id"): word(row, "name").strip() for row in found}
        self._teams = {whole(row, "id"): TEAMS[kind] for row in found if (kind := word(row, "homeTeamType")) in TEAMS}
        self._leagues_ns = now

    def _take(self, answer: Row, received_ns: int) -> None:
        """Put an answer in; all of it or nothing."""
        read: dict[tuple[str, int], dict[Theirs, Price]] = {}
        spoilt, league_of = set[str](), dict[str, int]()
        counted: Counter[str] = Counter()
        for league in rows(answer, "leagues"):
            teams = self._teams.get(whole(league, "id"))
            for event in rows(league, "events"):
                name = f"{whole(event, 'id')}"
                league_of[name] = whole(league, "id")
                if teams is None:
                    counted["an event of a league whose home team is not known"] += 1
                    spoilt.add(name)
                    continue
                try:
                    read |= {
                        (name, whole(one, "number")): prices_of(name, one, teams) for one in rows(event, "periods")
                    }
                except Misread as error:
                    counted[f"an event whose prices cannot be read: {error}"] += 1
                    spoilt.add(name)
        last = whole(answer, "last") if answer else self._last
        kept = {} if self._last is None else self._periods
        old_ns = received_ns - DAY_NS
        self._periods = {
            name: prices for name, prices in (kept | read).items()
            if prices and name[0] not in spoilt and all(one.cutoff_ns > old_ns for one in prices.values())
        }  # fmt: skip
        offered = {event for event, _ in self._periods}
        self._league_of = {name: of for name, of in (self._league_of | league_of).items() if name in offered}
        self._last = last if last is not None and last > 1 else None
        self.received_ns = received_ns
        self.passed_over += counted


def _line(answer: Row, cutoff_ns: int) -> Price | None:
    status = word(answer, "status")
    if status == "NOT_EXISTS":
        return None
    offered = odds(answer, "price")
    if status != "SUCCESS" or offered is None:
        raise Misread("status" if status != "SUCCESS" else "price")
    alt = None if answer.get("altLineId") is None else whole(answer, "altLineId")
    most, least = number_or_none(answer, "maxRiskStake"), number_or_none(answer, "minRiskStake")
    return Price(
        whole(answer, "lineId"), alt, offered, None if most is None else int(most * 100), cutoff_ns,
        None if least is None else ceil(least * 100 - 1e-6),
    )  # fmt: skip
