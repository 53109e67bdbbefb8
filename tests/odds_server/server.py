"""The calls of the fake service."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.clock import DAY_NS, SECOND_NS
from engine.live.clock import Clock
from tests.odds_server.world import LASTS_NS, REGIONS, Game, OddsWorld, books_of, instant, iso
from tests.venue_server.wire import Delivery
from tests.wire_server.server import Answer, Heard, answer

FEATURED = ("h2h", "spreads", "totals", "outrights")
MARKETS = (*FEATURED, "btts", "draw_no_bet", "alternate_spreads", "alternate_totals", "h2h_3_way", "h2h_lay")
#: faults of one answer
FAULTS = {
    "429": answer({"message": "slow down", "error_code": "EXCEEDED_FREQ_LIMIT"}, 429),
    "500": answer({"message": "sorry"}, 500),
    "html": Answer(503, b"<html>maintenance</html>"),
    "no_json": Answer(200, b"<html>welcome</html>"),
    "not_a_number": Answer(200, b'[{"price": NaN}]'),
    "text": Answer(200, b'"no list"'),
    "empty": Answer(200, b""),
    "cut": Answer(200, b'[{"id": "' + b"a" * 2_000, delivery=Delivery.CUT),
    "short": Answer(200, b"[]", delivery=Delivery.SHORT),
    "dropped": Answer(delivery=Delivery.DROPPED),
    "silent": Answer(delivery=Delivery.SILENT),
}
_STEP_NS = 300 * SECOND_NS


@dataclass
class OddsServer:
    """Answers as the service does; the handler of a `WireServer`.

    Attributes
    ----------
    world : OddsWorld
    clock : Clock
    remaining : int
        Credits of the key until its reset.
    keys : set of str
    paid : bool
        Whether the plan has historical snapshots.
    faults : list of str
        Of the next answers, one each: a name of `FAULTS`, or empty.
    calls, credits : int
        Answered with a document, and what they cost.
    headers : bool
        Whether answers tell of credits.
    """

    world: OddsWorld
    clock: Clock
    remaining: int = 1_000_000
    keys: set[str] = field(default_factory=lambda: {"key-of-the-test"})
    paid: bool = True
    faults: list[str] = field(default_factory=list)
    calls: int = 0
    credits: int = 0
    headers: bool = True

    def __call__(self, heard: Heard) -> Answer:
        if self.faults and (fault := self.faults.pop(0)):
            return FAULTS[fault]
        try:
            document, cost = self._document(heard.path, heard.params)
        except _Refused as refused:
            code = refused.code
            link = f"https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html#{code.lower().replace('_', '-')}"
            return self._told(answer({"message": "no", "error_code": code, "details_url": link}, refused.status), 0)
        self.calls, self.credits, self.remaining = self.calls + 1, self.credits + cost, self.remaining - cost
        return self._told(answer(document), cost)

    def _told(self, made: Answer, cost: int) -> Answer:
        if not self.headers:
            return made
        told = {"last": cost, "used": self.credits, "remaining": self.remaining}
        return Answer(
            made.status, made.content, {**made.headers, **{f"x-requests-{k}": str(v) for k, v in told.items()}}
        )

    def _document(self, path: str, params: Mapping[str, str]) -> tuple[Any, int]:
        if "apiKey" not in params:
            raise _Refused(401, "MISSING_KEY")
        if params["apiKey"] not in self.keys:
            raise _Refused(401, "INVALID_KEY")
        parts, now = path.strip("/").split("/"), self.clock.wall_ns()
        if self.remaining <= 0 and parts[-1] not in ("sports", "events"):
            raise _Refused(401, "OUT_OF_USAGE_CREDITS")
        if parts[:2] == ["v4", "historical"]:
            if not self.paid:
                raise _Refused(401, "HISTORICAL_UNAVAILABLE_ON_FREE_USAGE_PLAN")
            return self._snapshot(parts[2:], params, now)
        if parts == ["v4", "sports"]:
            return [{"key": key, "active": True, "has_outrights": False} for key in self.world.sports()], 0
        return self._of_sport(parts[2:], params, now)

    def _of_sport(self, parts: list[str], params: Mapping[str, str], now: int) -> tuple[Any, int]:
        games = [game for game in self.world.games if game.sport == parts[0]]
        if not games:
            raise _Refused(404, "UNKNOWN_SPORT")
        alive = [game for game in games if now < game.starts_ns + LASTS_NS]
        if parts[1] == "participants":
            names = sorted({name for game in games for name in (game.home, game.away) if name})
            return [{"full_name": name, "id": f"par_{n}"} for n, name in enumerate(names)], 1
        if parts[1] == "scores":
            days = int(params.get("daysFrom", "0"))
            if not 0 <= days <= 3:
                raise _Refused(422, "INVALID_SCORES_DAYS_FROM")
            told = [game for game in games if now - days * DAY_NS < game.starts_ns + LASTS_NS]
            return [self.world.score(game, now) for game in told], 2 if days else 1
        if parts[1] == "odds":
            return self._odds(alive, params, now)
        if len(parts) == 2:
            return [self.world.head(game) for game in alive], 0
        return self._of_event(alive, parts[2:], params, now)

    def _odds(self, games: list[Game], params: Mapping[str, str], now: int) -> tuple[Any, int]:
        markets, regions = _priced(params, FEATURED)
        limits = params.get("includeBetLimits") == "true"
        found = [self.world.odds(game, now, books_of(params), markets, limits=limits, of_event=False) for game in games]
        return found, len(markets) * regions if found else 0

    def _of_event(self, games: list[Game], parts: list[str], params: Mapping[str, str], now: int) -> tuple[Any, int]:
        game = next((game for game in games if game.id == parts[0]), None)
        if game is None:
            raise _Refused(404, "EVENT_NOT_FOUND")
        markets, regions = _priced(params, MARKETS) if parts[1] == "odds" else (list(FEATURED), 1)
        limits = params.get("includeBetLimits") == "true"
        document = self.world.odds(game, now, books_of(params), markets, limits=limits, of_event=True)
        if parts[1] == "odds":
            returned = {market["key"] for book in document["bookmakers"] for market in book["markets"]}
            return document, len(returned) * regions
        for book in document["bookmakers"]:
            book["markets"] = [{"key": m["key"], "last_update": m["last_update"]} for m in book["markets"]]
        return document, 1

    def _snapshot(self, parts: list[str], params: Mapping[str, str], now: int) -> tuple[Any, int]:
        if "date" not in params:
            raise _Refused(422, "MISSING_HISTORICAL_TIMESTAMP")
        try:
            at = instant(params["date"])
        except ValueError:
            raise _Refused(422, "INVALID_HISTORICAL_TIMESTAMP") from None
        at = (min(at, now) - 39 * SECOND_NS) // _STEP_NS * _STEP_NS + 39 * SECOND_NS
        following = iso(at + _STEP_NS) if at + _STEP_NS <= now else None
        document, cost = self._of_sport(parts[1:], params, at)
        envelope = {"timestamp": iso(at), "previous_timestamp": iso(at - _STEP_NS), "next_timestamp": following}
        return envelope | {"data": document}, cost * 10 if parts[-1] == "odds" else min(1, len(document))


class _Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


def _priced(params: Mapping[str, str], known: tuple[str, ...]) -> tuple[list[str], int]:
    """Markets and paid regions. Refuses as the service does."""
    if "bookmakers" not in params and "regions" not in params:
        raise _Refused(422, "MISSING_REGION")
    if "bookmakers" not in params and not set(params["regions"].split(",")) <= set(REGIONS):
        raise _Refused(422, "INVALID_REGION")
    markets = params.get("markets", "h2h").split(",")
    if not set(markets) <= set(known):
        raise _Refused(422, "INVALID_MARKET")
    if params.get("oddsFormat", "decimal") not in ("decimal", "american"):
        raise _Refused(422, "INVALID_ODDS_FORMAT")
    if "bookmakers" in params:
        return markets, math.ceil(len(params["bookmakers"].split(",")) / 10)
    return markets, len(params["regions"].split(","))
