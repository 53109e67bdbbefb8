"""Links proposed from names, start and market: one clear candidate on both sides, or none."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.clock import HOUR_NS, SECOND_NS
from engine.live.linking.contract import Link, Ours, Theirs
from engine.names.fold import fold
from engine.names.near import near

#: score of two names of which one may be the other
ALIKE: Final = 0.8
#: by so much the best candidate must be better than the next
CLEAR: Final = 0.1
#: a lower score is no link
LEAST: Final = 0.5
#: score of a difference of two starts up to so much: the same, another clock or a late change, a match that was moved
_START: Final = ((300 * SECOND_NS, 1.0), (3 * HOUR_NS, 0.9), (36 * HOUR_NS, 0.6))
_FAR_NS: Final = _START[-1][0]


@dataclass(frozen=True)
class Selection:
    """A selection that a venue offers, in our words and in its own.

    Attributes
    ----------
    market, line, selection
        Ours; `line` is None where the market has none.
    theirs : Theirs
    """

    market: str
    line: float | None
    selection: str
    theirs: Theirs


@dataclass(frozen=True)
class Offered:
    """An event that a venue offers.

    Attributes
    ----------
    event : str
        Its id there.
    home, away : str
        Names of the sides, home first; both empty where it is no event of two sides.
    starts_ns : int
        UTC nanoseconds.
    competition : str
        In the words of the venue.
    selections : tuple of Selection
        Those that one of our markets knows.
    """

    event: str
    home: str
    away: str
    starts_ns: int
    competition: str = ""
    selections: tuple[Selection, ...] = field(default=())


@dataclass(frozen=True)
class Known:
    """One of our events.

    Attributes
    ----------
    event_id : int
    home, away : str
    starts_ns : int
        UTC nanoseconds.
    """

    event_id: int
    home: str
    away: str
    starts_ns: int


@dataclass(frozen=True)
class Refused:
    """An event of a venue, or one of its selections, that is not linked.

    Attributes
    ----------
    event : str
        Its id at the venue.
    name : str
        Of the event.
    reason : str
    """

    event: str
    name: str
    reason: str


@dataclass(frozen=True)
class Proposal:
    """What a comparison gave: every offered selection is in a link or in a refusal of it or of its event."""

    links: tuple[Link, ...]
    refused: tuple[Refused, ...]


def propose(
    venue: str, known: Sequence[Known], offered: Sequence[Offered], standard: Callable[[str], str] = fold
) -> Proposal:
    """Links of the selections that a venue offers. The order of both sequences changes nothing.

    An event is linked where each of the two is by far the best for the other. Names count 1 where they are equal and
    `ALIKE` where one may be the other; starts count as `_START` says; the score of a pair is their product. A second
    candidate within `CLEAR` of the best makes it ambiguous: then there is no link.

    Parameters
    ----------
    venue : str
        Name of its profile.
    known : sequence of Known
    offered : sequence of Offered
    standard : callable
        A name as it is compared, such as the spelling of the tables of names.

    Examples
    --------
    >>> there = Theirs("9", "1.5", "47972", 0.0)
    >>> offer = Offered("9", "Man City", "Chelsea FC", 0, "", (Selection("1x2", None, "home", there),))
    >>> propose("betfair", [Known(1, "Manchester City", "Chelsea", 0)], [offer]).links[0].score
    0.64
    """
    pairs = _Pairs(known, offered, standard)
    links: list[Link] = []
    refused: list[Refused] = []
    for offer in sorted(offered, key=lambda one: one.event):
        found = pairs.partner(offer)
        if isinstance(found, str):
            refused.append(Refused(offer.event, f"{offer.home} v {offer.away}", found))
            continue
        event, score = found
        said = Counter(Ours(event.event_id, one.market, one.line, one.selection) for one in offer.selections)
        for one in offer.selections:
            ours = Ours(event.event_id, one.market, one.line, one.selection)
            if said[ours] > 1:
                what = f"{one.market} {one.selection}" + ("" if one.line is None else f" {one.line:g}")
                reason = f"{said[ours]} selections are {what}: {one.theirs.market}/{one.theirs.selection} is left out"
                refused.append(Refused(offer.event, f"{offer.home} v {offer.away}", reason))
            else:
                links.append(Link(venue, ours, one.theirs, score))
    return _unique(links, refused)


class _Pairs:
    """Scores of all pairs that are near in time, and who is best for whom."""

    def __init__(self, known: Sequence[Known], offered: Sequence[Offered], standard: Callable[[str], str]) -> None:
        self._twice = Counter(one.event for one in offered)
        names = {name for side in (known, offered) for one in side for name in (one.home, one.away)}
        self._standard = {name: fold(standard(name)) for name in names}
        in_time = sorted(known, key=lambda one: (one.starts_ns, one.event_id))
        starts = [one.starts_ns for one in in_time]
        self._of_offer: dict[str, list[tuple[float, Known]]] = defaultdict(list)
        self._of_event: dict[int, list[float]] = defaultdict(list)
        self._swapped: set[str] = set()
        for offer in offered:
            first = bisect_left(starts, offer.starts_ns - _FAR_NS)
            for event in in_time[first : bisect_right(starts, offer.starts_ns + _FAR_NS)]:
                self._compare(event, offer)

    def _compare(self, event: Known, offer: Offered) -> None:
        when = next(score for most_ns, score in _START if abs(event.starts_ns - offer.starts_ns) <= most_ns)
        if self._alike(event.home, offer.away) and self._alike(event.away, offer.home):
            self._swapped.add(offer.event)
        score = when * self._alike(event.home, offer.home) * self._alike(event.away, offer.away)
        if score:
            self._of_offer[offer.event].append((score, event))
            self._of_event[event.event_id].append(score)

    def _alike(self, one: str, other: str) -> float:
        a, b = self._standard[one], self._standard[other]
        if not a or not b:
            return 0.0
        return 1.0 if a == b else ALIKE if near(a, b) else 0.0

    def partner(self, offer: Offered) -> tuple[Known, float] | str:
        """Our event and the score, or why there is none."""
        found = sorted(self._of_offer[offer.event], key=lambda one: (-one[0], one[1].event_id))
        if not offer.home or not offer.away:
            return "no event of two sides"
        if self._twice[offer.event] > 1:
            return "its id is there twice"
        if not found:
            return "the sides are the other way round" if offer.event in self._swapped else "none of our events"
        score, event = found[0]
        if score < LEAST:
            return f"not sure enough: {score:.2f} with event {event.event_id}"
        if len(found) > 1 and found[1][0] > score - CLEAR:
            return f"ambiguous: events {event.event_id} and {found[1][1].event_id} are alike"
        rivals = sorted(self._of_event[event.event_id], reverse=True)
        if rivals[0] > score or (len(rivals) > 1 and rivals[1] > score - CLEAR):
            return f"ambiguous: another event of the venue is like event {event.event_id}"
        return event, round(score, 4)


def _unique(links: list[Link], refused: list[Refused]) -> Proposal:
    """Without selections of a venue that two of ours claim."""
    claims = Counter(link.theirs for link in links)
    for link in links:
        if claims[link.theirs] > 1:
            theirs = link.theirs
            reason = f"{theirs.market}/{theirs.selection} is claimed by {claims[theirs]} of our selections"
            refused.append(Refused(theirs.event, "", reason))
    return Proposal(tuple(link for link in links if claims[link.theirs] == 1), tuple(refused))
