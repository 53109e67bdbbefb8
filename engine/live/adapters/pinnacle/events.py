"""Events of Pinnacle in our words: which are followed, under which names, and how they ended.

An event keeps the name and the date, and so the id, under which it was first told, whatever Pinnacle changes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl

from engine.betting.sport import sport_of
from engine.clock import SECOND_NS
from engine.live.adapters.pinnacle.fixtures import CANCELLED, SETTLED, Ended, Match
from engine.live.adapters.pinnacle.prices import ours_of
from engine.live.adapters.registry import Coverage
from engine.live.feed import Ruling
from engine.live.linking.contract import Theirs
from engine.schema import ALL_EVENTS, MARKETS
from engine.source.aliases import load_aliases
from engine.source.events import finish_events
from engine.source.quarantine import Origin

_ORIGIN: Final = Origin("pinnacle", "fixtures", "")
_HALF_VOID: Final = tuple(Ruling(market, None, "", "void") for market in MARKETS if market.startswith("first_half_"))


@dataclass(frozen=True)
class Name:
    """What makes the id of an event.

    Attributes
    ----------
    competition, home, away : str
        Our spelling, home first; on neutral ground in alphabetical order.
    day : str
        Date of the start when it was first told, ``YYYY-MM-DD`` in UTC.
    swapped : bool
        Home and away are the other way round at Pinnacle.
    """

    competition: str
    home: str
    away: str
    day: str
    swapped: bool = False


class Events:
    """Our events by id of Pinnacle.

    Parameters
    ----------
    coverage : Coverage

    Attributes
    ----------
    names : dict of int to Name
        Of the events that were told.
    """

    def __init__(self, coverage: Coverage) -> None:
        self._sport, self._aliases = coverage.sport, load_aliases(coverage.sport)
        self._competitions, self._markets = set(coverage.competitions), set(coverage.markets)
        self._is_football = coverage.sport == "football"
        self.has_tour = sport_of(coverage.sport).has_tour
        self.names: dict[int, Name] = {}

    def is_wanted(self, competition: str) -> bool:
        """Whether a league of Pinnacle is one of the competitions, under its name there or under ours."""
        ours = self._aliases.competition(competition)
        return not self._competitions or bool({competition, ours} & self._competitions)

    def name_of(self, match: Match) -> Name:
        """The name under which an event is told, from the first time on."""
        return self.names.setdefault(match.number, self._name(match))

    def sides(self, match: Match, teams: tuple[str, str]) -> tuple[str, str]:
        """The teams of our home and away, of those of Pinnacle's."""
        return teams[::-1] if self.name_of(match).swapped else teams

    def selections(
        self, match: Match, prices: Iterable[Theirs], teams: tuple[str, str]
    ) -> dict[Theirs, tuple[str, float | None, str]]:
        """Market, line and selection of what a period offers, as far as it is asked for and has words here.

        Parameters
        ----------
        match : Match
        prices : iterable of Theirs
            All of the period.
        teams : tuple of (str, str)
            Those of home and away at Pinnacle.
        """
        offered, sides = list(prices), self.sides(match, teams)
        has_draw, found = any(theirs.selection == "DRAW" for theirs in offered), {}
        for theirs in offered:
            ours = ours_of(theirs, sides, is_football=self._is_football, has_draw=has_draw)
            is_of_sets = self.has_tour and theirs.handicap is not None  # of games or sets: nobody can say which
            if ours is not None and not is_of_sets and (not self._markets or ours[0] in self._markets):
                found[theirs] = ours
        return found

    def unfit(self, match: Match) -> str:
        """Why an event is not told; empty: it is."""
        if match.is_live:
            return "a live event: its prices belong to its parent"
        if match.unit:
            return f"an event that is settled by {match.unit[:20]}"
        if match.parent is not None:
            return "an event that belongs to another one"
        if not match.competition or not match.home or not match.away or match.home == match.away:
            return "an event without two sides or without a league"
        return "" if self.is_wanted(match.competition) else "an event of another competition"

    def rows(self, matches: Iterable[Match]) -> dict[int, dict[str, Any]]:
        """Rows of `schema.ALL_EVENTS` by id of Pinnacle, not started."""
        some = list(matches)
        names = [self.name_of(match) for match in some]
        if not some:
            return {}
        columns: dict[str, list[Any]] = {
            "competition": [one.competition for one in names], "home": [one.home for one in names],
            "away": [one.away for one in names], "date": [datetime.fromisoformat(one.day).date() for one in names],
            "season": [one.day[:4] for one in names], "starts_at": [match.starts_ns for match in some],
            "starts_at_basis": ["recorded"] * len(some), "settled_at": [None] * len(some),
            "settled_at_basis": [None] * len(some), "status": ["scheduled"] * len(some),
            "home_score": [None] * len(some), "away_score": [None] * len(some), "winner": [None] * len(some),
            "raw_line": [1] * len(some),
        }  # fmt: skip
        frame = finish_events(columns, _ORIGIN, sport=self._sport, neutral=self.has_tour)
        return dict(zip((match.number for match in some), frame.iter_rows(named=True), strict=True))

    def ended(
        self, row: Mapping[str, Any], teams: tuple[str, str], periods: Mapping[int, Ended], at_ns: int
    ) -> dict[str, Any] | str:
        """The row of an event with its result, or why there is none yet.

        Parameters
        ----------
        row : mapping
            As `rows` gave it.
        teams : tuple of (str, str)
            Those of our home and away.
        periods : mapping of int to Ended
            By number of the period; that of the match is there.
        at_ns : int
            Known from now on, UTC nanoseconds.
        """
        match, half = periods[0], periods.get(1)
        settled = pl.select(pl.lit(at_ns).cast(ALL_EVENTS["settled_at"])).item()
        over = {**row, "settled_at": settled, "settled_at_basis": "recorded"}
        if match.status in CANCELLED:
            return over | {"status": "abandoned"}
        scores = match.sets if self._sport == "tennis" else match.scores
        if match.status not in SETTLED or scores is None:
            return "a settled event without its score"
        is_first = teams[0] == "TEAM1"
        home, away = scores if is_first else scores[::-1]
        found = over | {"status": "played", "home_score": home, "away_score": away}
        if self._is_football and half is not None and half.status in SETTLED and half.scores is not None:
            found["home_first_half"], found["away_first_half"] = half.scores if is_first else half.scores[::-1]
        return found

    def rulings(self, periods: Mapping[int, Ended]) -> tuple[Ruling, ...]:
        """What the score of a match does not say: bets on a first half that was cancelled are void.

        Parameters
        ----------
        periods : mapping of int to Ended
            By number of the period.
        """
        half = periods.get(1)
        return _HALF_VOID if self._is_football and half is not None and half.status in CANCELLED else ()

    def _name(self, match: Match) -> Name:
        competition = self._aliases.competition(match.competition)
        sides = [self._aliases.resolve(side, competition) for side in (match.home, match.away)]
        swapped = self.has_tour and sides != sorted(sides)
        home, away = reversed(sides) if swapped else sides
        day = f"{datetime.fromtimestamp(match.starts_ns // SECOND_NS, UTC):%Y-%m-%d}"
        return Name(competition, home, away, day, swapped)
