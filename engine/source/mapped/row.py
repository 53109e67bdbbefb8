"""One valid row of a mapped table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from engine.source.mapped.results import Result

#: Basis of the times of a row that has no price, and needs none.
NO_PRICE: Final = "no price"


@dataclass(frozen=True)
class Row:
    """One valid row.

    Attributes
    ----------
    index, line : int
        Position in the table, and line of the file.
    swapped : bool
        Whether the two names were put in alphabetical order by swapping them (neutral events only).
    sides : (frozenset of str, frozenset of str)
        Names that the home and the away side have in the file, before any swapping.
    game : int
        Number of the game of a pair on one date; 0 where the source states none.
    game_id : str
        The source's own identity of the game; empty if it has none.
    settled_basis : str
        How `settled_at` is known: ``assumed:end_of_day`` or ``recorded``.
    no_offer : bool
        Whether nobody could bet at its price: it was read too long ago, or is not there any more.
    quote : (str, str, str, str)
        Market, selection, quote kind and side of a row of a long table.
    """

    index: int
    line: int
    sport: str
    competition: str
    season: str
    day: date
    home: str
    away: str
    starts_at: int
    start_known: bool
    result: Result = field(default_factory=Result)
    settled_at: int | None = None
    settled_basis: str = "assumed:end_of_day"
    known_at: int = 0
    known_basis: str = ""
    neutral: bool = False
    swapped: bool = False
    sides: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    game: int = 0
    game_id: str = ""
    no_offer: bool = False
    quote: tuple[str, str, str, str] = ("", "", "", "")
