"""Links proposed from names, start and market: one clear candidate on both sides, or none."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.live.linking.contract import Theirs


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
