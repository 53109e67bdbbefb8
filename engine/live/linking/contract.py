"""What a link says: one of our selections is one selection at a venue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Ours(NamedTuple):
    """One of our selections. `line` is None where the market has none."""

    event_id: int
    market: str
    line: float | None
    selection: str


class Theirs(NamedTuple):
    """A selection at a venue, by ids that stay the same while it is offered.

    Attributes
    ----------
    event : str
        Betfair: the id of the event. Pinnacle: eventId.
    market : str
        Betfair: marketId. Pinnacle: ``period/BETTYPE``, such as ``0/SPREAD``.
    selection : str
        Betfair: selectionId. Pinnacle: TEAM1, TEAM2, DRAW, OVER or UNDER.
    handicap : float or None
        Of the selection, in the words of the venue; None where there is none.
    """

    event: str
    market: str
    selection: str
    handicap: float | None = None


@dataclass(frozen=True)
class Link:
    """A link.

    Attributes
    ----------
    venue : str
        Name of its profile.
    ours : Ours
    theirs : Theirs
    score : float
        How sure it is, 0 to 1; 1 where both sides carry the ids of the venue.
    confirmed_by : str
        Who looked at it; empty: nobody. Real money needs a person.
    """

    venue: str
    ours: Ours
    theirs: Theirs
    score: float
    confirmed_by: str = ""


class Directory(Protocol):
    """The links of one venue. Both ways there is at most one answer."""

    def theirs(self, ours: Ours) -> Theirs | None:
        """Where one of our selections is at the venue; None: not known, not unique, or (real money) not confirmed."""
        ...

    def ours(self, theirs: Theirs) -> Ours | None:
        """Which of our selections one of the venue is; None: none of ours."""
        ...


class Links:
    """A directory of links that are at hand. The later of two links of one selection wins; none stands twice.

    >>> ours, theirs = Ours(1, "1x2", None, "home"), Theirs("9", "1.5", "47972", 0.0)
    >>> links = Links([Link("betfair", ours, theirs, 1.0)])
    >>> links.theirs(ours) == theirs, links.ours(theirs) == ours, links.theirs(Ours(2, "1x2", None, "home"))
    (True, True, None)
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self._theirs: dict[Ours, Theirs] = {}
        self._ours: dict[Theirs, Ours] = {}
        for link in links:
            if (before := self._theirs.pop(link.ours, None)) is not None:
                del self._ours[before]
            if (claimed := self._ours.pop(link.theirs, None)) is not None:
                del self._theirs[claimed]
            self._theirs[link.ours], self._ours[link.theirs] = link.theirs, link.ours

    def theirs(self, ours: Ours) -> Theirs | None:
        """As `Directory.theirs`."""
        return self._theirs.get(ours)

    def ours(self, theirs: Theirs) -> Ours | None:
        """As `Directory.ours`."""
        return self._ours.get(theirs)
