"""What the fake service offers: leagues, events, lines and results, as snapshots and as what changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from engine.clock import DAY_NS, SECOND_NS

#: odds of a sport may be asked for once in so long, a delta counts like a snapshot
PACE_NS: Final = 120 * SECOND_NS
#: a snapshot is kept by the service for so long
CACHED_NS: Final = 60 * SECOND_NS
PACED: Final = ("/v2/odds", "/v1/line")
Row = dict[str, Any]


def stamp(instant_ns: int) -> str:
    """An instant as the service writes it."""
    return datetime.fromtimestamp(instant_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def three_way(home: float, draw: float, away: float) -> Row:
    """A price of each side."""
    return {"home": home, "draw": draw, "away": away}


@dataclass
class Offer:
    """A sport of the service.

    Attributes
    ----------
    now_ns : callable
    leagues : dict of int to tuple of (str, str)
        Name and ``homeTeamType`` by id.
    failing : list of tuple of (int, str)
        Status and code of the next answers.
    asked : list of tuple of (str, str or None)
        Path and ``since`` of every request.
    spoilt : dict of str to object
        Contents of answers by path, in place of what is offered; a number is a status.
    most : float
        Largest stake of ``/v1/line``.
    last : int
        Number of the last change.
    """

    now_ns: Callable[[], int]
    leagues: dict[int, tuple[str, str]] = field(default_factory=lambda: {7: ("England - Premier League", "Team1")})
    failing: list[tuple[int, str]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    spoilt: dict[str, Any] = field(default_factory=dict)
    most: float = 1_000.0
    last: int = 500
    _matches: dict[int, tuple[int, int, Row]] = field(default_factory=dict)
    _periods: dict[tuple[int, int], tuple[int, Row]] = field(default_factory=dict)
    _ended: dict[tuple[int, int], tuple[int, Row]] = field(default_factory=dict)
    _paced_ns: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, tuple[int, Row]] = field(default_factory=dict)

    def match(self, number: int, home: str, away: str, starts_ns: int, league: int = 7, **more: Any) -> None:
        """Offer an event, or change it."""
        self.last += 1
        row = {"id": number, "starts": stamp(starts_ns), "home": home, "away": away, "liveStatus": 0} | more
        self._matches[number] = self.last, league, row

    def period(self, event: int, number: int = 0, *, cutoff_ns: int | None = None, **more: Any) -> None:
        """Replace a period of an event; without a market nothing is offered in it."""
        self.last += 1
        starts = self._matches[event][2]["starts"] if event in self._matches else stamp(self.now_ns() + 10**13)
        cutoff = starts if cutoff_ns is None else stamp(cutoff_ns)
        row = {"lineId": self.last, "number": number, "status": 1, "cutoff": cutoff} | more
        self._periods[event, number] = self.last, row

    def end(self, event: int, score: tuple[int, int] | None, number: int = 0, status: int = 1, **more: Any) -> None:
        """Settle a period by the scores of team 1 and team 2."""
        self.last += 1
        scores = {} if score is None else {"team1Score": score[0], "team2Score": score[1]}
        row = {"number": number, "status": status, "settlementId": self.last, "settledAt": stamp(self.now_ns())}
        self._ended[event, number] = self.last, row | scores | more
        if number == 0:
            self._periods = {name: one for name, one in self._periods.items() if name[0] != event}

    def answer(self, path: str, params: Mapping[str, str]) -> tuple[int, Row]:
        """Status and content of the answer to a request."""
        since, now = params.get("since"), self.now_ns()
        assert since not in ("0", "1"), "since is never 0 or 1"
        self.asked.append((path, since))
        if path in PACED:
            assert params["oddsFormat"] == "Decimal" and (path == "/v1/line" or len(params["toCurrencyCode"]) == 3)
            if now - self._paced_ns.get(path, -PACE_NS) < PACE_NS:
                return 429, {"code": "TOO_MANY_REQUESTS", "message": "no"}
            self._paced_ns[path] = now
        if self.failing:
            status, code = self.failing.pop(0)
            return status, {"code": code, "message": "no"}
        if path in self.spoilt:
            spoilt = self.spoilt[path]
            return (spoilt, {}) if isinstance(spoilt, int) else (200, spoilt)
        if path == "/v2/leagues":
            return 200, {"leagues": [
                {"id": number, "name": name, "homeTeamType": kind} for number, (name, kind) in self.leagues.items()
            ]}  # fmt: skip
        if path == "/v1/line":
            return 200, self._line(params)
        made = {"/v2/odds": self._odds, "/v1/fixtures": self._fixtures, "/v1/fixtures/settled": self._settled}[path]
        if since is not None:
            return 200, made(int(since))
        at, kept = self._kept.get(path, (now - CACHED_NS, {}))
        if now - at >= CACHED_NS:
            at, kept = now, made(0)
            self._kept[path] = at, kept
        return 200, kept

    def _line(self, params: Mapping[str, str]) -> Row:
        """The line of a selection, as the documentation of ``/v1/line`` has it."""
        event, number = int(params["eventId"]), int(params["periodNumber"])
        assert int(params["leagueId"]) == self._matches[event][1] and params["sportId"]
        side = params.get("side") or {"Draw": "DRAW"}.get(params["team"], params["team"].upper())
        handicap = float(params["handicap"]) if params["betType"] != "MONEYLINE" else None
        for found in self.lines(event, number):
            if found["betType"] == params["betType"] and found["side"] == side and found["handicap"] == handicap:
                alt = {} if found["altLineId"] is None else {"altLineId": found["altLineId"]}
                limits = {"maxRiskStake": self.most, "minRiskStake": 1.0}
                return {"status": "SUCCESS", "price": found["price"], "lineId": found["lineId"]} | alt | limits
        return {"status": "NOT_EXISTS"}

    def lines(self, event: int, number: int) -> list[Row]:
        """Everything that can be bet on in a period: bet type, side or team, handicap of it, price, ids."""
        row = self._periods.get((event, number), (0, {"status": 2}))[1]
        if row["status"] != 1 or row["cutoff"] <= stamp(self.now_ns()):
            return []
        first = self.leagues[self._matches[event][1]][1] == "Team1"
        home, away = ("TEAM1", "TEAM2") if first else ("TEAM2", "TEAM1")
        sides = {"home": home, "away": away, "draw": "DRAW"}
        found = [("MONEYLINE", sides[name], None, price, None) for name, price in (row.get("moneyline") or {}).items()]
        for one in row.get("spreads") or ():
            for side, points, name in ((home, one["hdp"], "home"), (away, -one["hdp"], "away")):
                found.append(("SPREAD", side, points, one[name], one.get("altLineId")))
        for one in row.get("totals") or ():
            found += [("TOTAL_POINTS", name.upper(), one["points"], one[name], one.get("altLineId"))
                      for name in ("over", "under")]  # fmt: skip
        names = ("betType", "side", "handicap", "price", "altLineId")
        return [{"lineId": row["lineId"]} | dict(zip(names, line, strict=True)) for line in found]

    def _leagues(self, events: Mapping[int, Row]) -> list[Row]:
        found: dict[int, list[Row]] = {}
        for number, event in events.items():
            found.setdefault(self._matches[number][1], []).append(event)
        return [{"id": league, "name": self.leagues.get(league, ("", ""))[0], "events": some}
                for league, some in found.items()]  # fmt: skip

    def _fixtures(self, since: int) -> Row:
        over = {event for event, number in self._ended if number == 0}
        rows = {n: row for n, (at, _, row) in self._matches.items() if at > since and n not in over}
        return {"sportId": 29, "last": self.last, "league": self._leagues(rows)}

    def _odds(self, since: int) -> Row:
        return {"sportId": 29, "last": self.last, "leagues": self._leagues(self._grouped(self._periods, since))}

    def _settled(self, since: int) -> Row:
        day_ago = stamp(self.now_ns() - DAY_NS)  # a snapshot has the results of a day
        ended = {name: one for name, one in self._ended.items() if since or one[1]["settledAt"] > day_ago}
        return {"sportId": 29, "last": self.last, "leagues": self._leagues(self._grouped(ended, since))}

    def _grouped(self, periods: Mapping[tuple[int, int], tuple[int, Row]], since: int) -> dict[int, Row]:
        found: dict[int, Row] = {}
        for (event, _), (at, row) in periods.items():
            if at > since:
                found.setdefault(event, {"id": event, "periods": []})["periods"].append(row)
        return found
