"""Events and their results: what Pinnacle says of fixtures, as a snapshot and what changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.clock import DAY_NS
from engine.live.adapters.pinnacle.api import Api
from engine.live.adapters.pinnacle.fields import rows
from engine.live.clock import Clock
from engine.live.venue import ReadFailed
from engine.live.wire.fields import Misread, Row, instant_ns, whole, word

#: an event is forgotten so long after its start
_KEPT_NS: Final = 14 * DAY_NS
#: units of a result that is the score of the match; other events are of corners, bookings, games and the like
_OF_MATCH: Final = ("", "regular", "sets")
#: no score is higher
_MOST: Final = 10_000
#: status of a period; a second one is a correction
SETTLED, CANCELLED, DELETED = (1, 2), (3, 4), (5,)
_STATUSES: Final = (*SETTLED, *CANCELLED, *DELETED)
#: failures that can lie with ``since``: after them everything is asked for
_OF_SINCE: Final = ("invalid_request_data", "status_4", "unreadable")
_SETTLED: Final = "/v1/fixtures/settled"


@dataclass(frozen=True)
class Match:
    """An event.

    Attributes
    ----------
    number : int
        Its id at Pinnacle.
    league : int
    competition, home, away : str
        In the words of Pinnacle.
    starts_ns : int
        UTC nanoseconds.
    parent : int or None
        The event before the match that a live one belongs to.
    is_live : bool
    unit : str
        What its result counts; empty: the score.
    """

    number: int
    league: int
    competition: str
    home: str
    away: str
    starts_ns: int
    parent: int | None = None
    is_live: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Ended:
    """How a period ended.

    Attributes
    ----------
    status : int
        One of `SETTLED`, `CANCELLED` or `DELETED`.
    scores : tuple of (int, int) or None
        Of team 1 and team 2.
    sets : tuple of (int, int) or None
        The same in sets, in tennis.
    """

    status: int
    scores: tuple[int, int] | None
    sets: tuple[int, int] | None = None


class Fixtures:
    """The events of a sport.

    Parameters
    ----------
    api : Api
    sport_id : int
    clock : Clock

    Attributes
    ----------
    matches : dict of int to Match
        By id; those that are settled stay for two weeks after their start.
    ended : dict of tuple of (int, int) to Ended
        By event and number of the period.
    passed_over : Counter
        Rows that were not taken, by reason.
    """

    def __init__(self, api: Api, sport_id: int, clock: Clock) -> None:
        self._api, self._sport, self._clock = api, {"sportId": f"{sport_id}"}, clock
        self._since: dict[str, int] = {}
        self.matches: dict[int, Match] = {}
        self.ended: dict[tuple[int, int], Ended] = {}
        self.passed_over: Counter[str] = Counter()

    @property
    def settled_since(self) -> int | None:
        """``since`` of the next request of results; None: everything is asked for."""
        return self._since.get(_SETTLED)

    def restore(
        self, matches: Mapping[int, Match], ended: Mapping[tuple[int, int], Ended], settled_since: int | None
    ) -> None:
        """Go on from what was known when an earlier program ended; results are asked for from `settled_since` on."""
        self.matches, self.ended = dict(matches) | self.matches, dict(ended) | self.ended
        if settled_since is not None:
            self._since.setdefault(_SETTLED, settled_since)

    def read(self) -> None:
        """Ask for what changed of the events.

        Raises
        ------
        ReadFailed
        """
        self._read("/v1/fixtures", "league", self._take_match)
        old_ns = self._clock.wall_ns() - _KEPT_NS
        self.matches = {number: one for number, one in self.matches.items() if one.starts_ns > old_ns}

    def read_ended(self) -> None:
        """Ask for what changed of the results; without a ``since`` Pinnacle lists those of 24 hours.

        Raises
        ------
        ReadFailed
        """
        self._read(_SETTLED, "leagues", self._take_ended)
        self.ended = {name: one for name, one in self.ended.items() if name[0] in self.matches}

    def _read(self, path: str, leagues: str, take: Callable[[Row, Row], None]) -> None:
        since = self._since.get(path)
        try:
            params = self._sport if since is None else self._sport | {"since": f"{since}"}
            answer = self._api.read(path, params, offer=True)
            last = whole(answer, "last") if answer else since
            found = [(league, event) for league in rows(answer, leagues) for event in rows(league, "events")]
        except (Misread, ReadFailed) as error:
            failure = error if isinstance(error, ReadFailed) else ReadFailed(f"unreadable_{error}")
            if failure.cause.startswith(_OF_SINCE):
                self._since.pop(path, None)
            raise failure from None
        for league, event in found:
            try:
                take(league, event)
            except Misread as error:
                self.passed_over[f"an event of {path} that cannot be read: {error}"] += 1
        if last is not None and last > 1:
            self._since[path] = last

    def _take_match(self, league: Row, event: Row) -> None:
        parent, starts_ns = event.get("parentId"), instant_ns(event, "starts")
        if not starts_ns:
            raise Misread("starts")
        unit = word(event, "resultingUnit").strip().lower()
        match = Match(
            whole(event, "id"), whole(league, "id"), word(league, "name").strip(), word(event, "home").strip(),
            word(event, "away").strip(), starts_ns, None if parent is None else whole(event, "parentId"),
            event.get("liveStatus") == 1, "" if unit in _OF_MATCH else unit,
        )  # fmt: skip
        self.matches[match.number] = match

    def _take_ended(self, league: Row, event: Row) -> None:
        for period in rows(event, "periods"):
            name, status = (whole(event, "id"), whole(period, "number")), whole(period, "status")
            if status not in _STATUSES:
                raise Misread("status")
            self.ended[name] = Ended(
                status, _pair(period, "team1Score", "team2Score"), _pair(period, "team1ScoreSets", "team2ScoreSets")
            )


def _pair(period: Row, first: str, second: str) -> tuple[int, int] | None:
    """Both scores; None where they are not there."""
    if period.get(first) is None or period.get(second) is None:
        return None
    pair = whole(period, first), whole(period, second)
    if not all(0 <= score <= _MOST for score in pair):
        raise Misread(first)
    return pair
