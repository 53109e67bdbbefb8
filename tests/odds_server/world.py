"""What the fake service knows: events, and prices that each bookmaker's page was last read for at a certain time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from engine.clock import HOUR_NS, SECOND_NS

REGIONS = {
    "eu": ("pinnacle", "betfair_ex_eu", "marathonbet"), "uk": ("williamhill", "skybet"), "us": ("draftkings",),
}  # fmt: skip
EXCHANGES = ("betfair_ex_eu",)
#: how long an event lasts
LASTS_NS = 2 * HOUR_NS


@dataclass(frozen=True)
class Game:
    """An event. Times are UTC nanoseconds; `score` is that of the end."""

    id: str
    sport: str
    home: str | None
    away: str | None
    starts_ns: int
    score: tuple[int, int] = (1, 0)


@dataclass
class OddsWorld:
    """The truth of the service.

    Attributes
    ----------
    games : list of Game
    patches : dict
        Of bookmaker documents by (game, bookmaker): what a test wants them to be.
    """

    games: list[Game] = field(default_factory=list)
    patches: dict[tuple[str, str], Any] = field(default_factory=dict)

    def sports(self) -> list[str]:
        return sorted({game.sport for game in self.games})

    def head(self, game: Game) -> dict[str, Any]:
        return {"id": game.id, "sport_key": game.sport, "sport_title": game.sport.upper(),
                "commence_time": iso(game.starts_ns), "home_team": game.home, "away_team": game.away}  # fmt: skip

    def odds(
        self, game: Game, now_ns: int, books: Iterable[str], markets: Iterable[str], *, limits: bool, of_event: bool
    ) -> dict[str, Any]:
        """A document with the prices of one event."""
        found = []
        for book in books:
            read_ns = last_read_ns(game, book, now_ns)
            made = [self._market(game, book, key, read_ns, limits=limits) for key in markets]
            made += [self._market(game, book, "h2h_lay", read_ns, limits=limits)] * (
                book in EXCHANGES and "h2h" in markets
            )
            document = {"key": book, "title": book.title(), "last_update": iso(read_ns), "markets": made}
            if of_event:
                del document["last_update"]
            document = self.patches.get((game.id, book), document)
            if document is not None:
                found.append(document)
        return self.head(game) | {"bookmakers": found}

    def _market(self, game: Game, book: str, key: str, read_ns: int, *, limits: bool) -> dict[str, Any]:
        names: list[tuple[str | None, float | None]]
        if key.startswith(("spreads", "alternate_spreads")):
            names = [(game.away, 0.5), (game.home, -0.5)]
        elif key.startswith(("totals", "alternate_totals")):
            names = [("Over", 2.5), ("Under", 2.5)]
        elif key == "btts":
            names = [("Yes", None), ("No", None)]
        else:
            draw = [("Draw", None)] if game.sport.startswith("soccer") else []
            names = [(game.away, None), (game.home, None), *draw]
        outcomes = []
        for name, point in names:
            price = 1.5 + _share(f"{game.id} {book} {key} {name} {read_ns // (600 * SECOND_NS)}") * 3.0
            outcome: dict[str, Any] = {"name": name, "price": round(price, 2)}
            if point is not None:
                outcome["point"] = point
            if limits and book in EXCHANGES:
                outcome["bet_limit"] = 100.0
            outcomes.append(outcome)
        return {"key": key, "last_update": iso(read_ns), "outcomes": outcomes}

    def score(self, game: Game, now_ns: int) -> dict[str, Any]:
        started, over = game.starts_ns <= now_ns, game.starts_ns + LASTS_NS <= now_ns
        scores = [{"name": game.home, "score": str(game.score[0])}, {"name": game.away, "score": str(game.score[1])}]
        return self.head(game) | {
            "completed": over, "scores": scores if started else None, "last_update": iso(now_ns) if started else None,
        }  # fmt: skip


def interval_ns(game: Game, now_ns: int) -> int:
    """How often the service reads the prices of an event: every 60 s, and 40 s from six hours before its start."""
    return (60 if game.starts_ns - now_ns > 6 * HOUR_NS else 40) * SECOND_NS


def last_read_ns(game: Game, book: str, now_ns: int) -> int:
    """When it last read them; each bookmaker at its own second."""
    gap = interval_ns(game, now_ns)
    phase = round(_share(f"{game.sport} {book}") * gap)
    return (now_ns - phase) // gap * gap + phase


def _share(text: str) -> float:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


def iso(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> int:
    """Raises ValueError for anything but the documented form."""
    return round(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) * SECOND_NS


def books_of(params: Mapping[str, str]) -> list[str]:
    if "bookmakers" in params:
        return params["bookmakers"].split(",")
    return [book for region in params["regions"].split(",") for book in REGIONS[region]]
