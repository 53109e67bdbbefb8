"""The lines that are offered now: a snapshot of a sport, and what changed since.

A delta names the periods that changed, each with everything that it offers now; a period that it leaves out is as it
was. One request of odds for a sport may leave within two minutes, a delta counts like a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.clock import SECOND_NS
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.fields import odds, rows
from engine.live.clock import Clock
from engine.live.linking.contract import Theirs
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, instant_ns, number_or_none, whole, word

#: between two requests of odds of a sport
PACE_NS: Final = 120 * SECOND_NS
#: the tie of sides and teams is asked for again after so long
_LEAGUES_NS: Final = 86_400 * SECOND_NS
_TEAMS: Final = {"Team1": ("TEAM1", "TEAM2"), "Team2": ("TEAM2", "TEAM1")}


@dataclass(frozen=True)
class Price:
    """A price that can be bet at.

    Attributes
    ----------
    line_id : int
        It stands for this price: a bet on it is refused once the price has changed.
    alt_line_id : int or None
    odds : float
    most_minor : int or None
        Largest stake, hundredths of the account's currency.
    cutoff_ns : int
        End of betting, UTC nanoseconds.
    """

    line_id: int
    alt_line_id: int | None
    odds: float
    most_minor: int | None
    cutoff_ns: int


class Lines:
    """Lines of a sport.

    Parameters
    ----------
    api : Api
    sport_id : int
        Of Pinnacle.
    clock : Clock
    """

    def __init__(self, api: Api, sport_id: int, clock: Clock) -> None:
        self._api, self._sport, self._clock = api, {"sportId": f"{sport_id}"}, clock
        self._asked_ns: int | None = None
        self._leagues_ns: int | None = None
        self._last: int | None = None
        self._failure: ReadFailed | None = None
        self._home: dict[int, tuple[str, str]] = {}
        self._periods: dict[tuple[str, int], dict[Theirs, Price]] = {}

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

    def refresh(self) -> None:
        """Ask for what changed, if the pace allows it; the first time, and after a failure, for everything."""
        now = self._clock.monotonic_ns()
        if self._asked_ns is not None and now - self._asked_ns < PACE_NS:
            if self._failure is not None:
                raise self._failure
            return
        self._asked_ns = now
        try:
            self._read_leagues(now)
            params = self._sport | {"oddsFormat": "DECIMAL"}
            if self._last is not None:
                params["since"] = f"{self._last}"
            self._take(self._api.read("/v2/odds", params))
            self._failure = None
        except Misread as error:
            self._failure = ReadFailed(f"unreadable_{error}")
        except ReadFailed as failure:
            self._failure = failure
        if self._failure is not None:
            self._last = None  # what came in between is not known
            raise self._failure

    def _read_leagues(self, now: int) -> None:
        if self._leagues_ns is not None and now - self._leagues_ns < _LEAGUES_NS:
            return
        found = rows(self._api.read("/v2/leagues", self._sport), "leagues")
        self._home = {whole(row, "id"): _TEAMS[kind] for row in found if (kind := word(row, "homeTeamType")) in _TEAMS}
        self._leagues_ns = now

    def _take(self, answer: Row) -> None:
        """Put an answer in; all of it or nothing."""
        read: dict[tuple[str, int], dict[Theirs, Price]] = {}
        for league in rows(answer, "leagues"):
            teams = self._home.get(whole(league, "id"))
            for event in rows(league, "events"):
                for period in rows(event, "periods"):
                    name = f"{whole(event, 'id')}", whole(period, "number")
                    read[name] = _prices(*name, period, teams) if teams is not None else {}
        last = whole(answer, "last") if answer else self._last
        if self._last is None:
            self._periods = read
        else:
            self._periods |= read
        self._last = last if last is not None and last > 1 else None


def _prices(event: str, number_of_period: int, period: Row, teams: tuple[str, str]) -> dict[Theirs, Price]:
    """What a period offers, by selection; `teams` are those of home and away."""
    if whole(period, "status") != 1:
        return {}
    line_id, cutoff_ns = whole(period, "lineId"), instant_ns(period, "cutoff")
    found: dict[Theirs, Price] = {}

    def put(bet_type: str, selection: str, handicap: float | None, market: Row, side: str, most: float | None) -> None:
        offered = odds(market, side)
        if offered is None:
            return
        alt = None if market.get("altLineId") is None else whole(market, "altLineId")
        # a maximum is one of volume: of the stake above even money, else of what is won
        stake = None if most is None else int((most if offered > 2.0 else most / (offered - 1.0)) * 100)
        theirs = Theirs(event, f"{number_of_period}/{bet_type}", selection, handicap)
        if alt is None or theirs not in found:
            found[theirs] = Price(line_id, alt, offered, stake, cutoff_ns)

    home, away = teams
    moneyline = period.get("moneyline") or {}
    for side, selection in (("home", home), ("away", away), ("draw", "DRAW")) if isinstance(moneyline, dict) else ():
        put("MONEYLINE", selection, None, moneyline, side, number_or_none(period, "maxMoneyline"))
    for spread in rows(period, "spreads"):
        points = number_or_none(spread, "hdp")
        most = number_or_none(spread, "max") or number_or_none(period, "maxSpread")
        if points is not None:
            put("SPREAD", home, points, spread, "home", most)
            put("SPREAD", away, -points or 0.0, spread, "away", most)
    for total in rows(period, "totals"):
        points = number_or_none(total, "points")
        most = number_or_none(total, "max") or number_or_none(period, "maxTotal")
        if points is not None:
            put("TOTAL_POINTS", "OVER", points, total, "over", most)
            put("TOTAL_POINTS", "UNDER", points, total, "under", most)
    return found
