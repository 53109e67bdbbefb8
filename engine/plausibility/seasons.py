"""Seasons and the dates that can belong to them, and names that are numbers."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_SEASON = re.compile(r"((?:19|20)\d\d)(?:-((?:19|20)\d\d))?", re.ASCII)
_NUMBER = re.compile(r"[-+−]?\d*[.,]?\d+\s*%?", re.ASCII)
#: Columns of `schema.EVENTS` that hold names, in words.
NAMED: Final = {"competition": "the league", "season": "the season", "home": "a team", "away": "a team"}
#: Last dates of the seasons that ran late in 2020 and 2021, and had to end after June.
_LATE_END: Final = {
    ("football", 2019): date(2020, 8, 31),
    ("basketball", 2019): date(2020, 10, 31),
    ("basketball", 2020): date(2021, 7, 31),
    ("ice_hockey", 2019): date(2020, 10, 31),
    ("ice_hockey", 2020): date(2021, 7, 31),
}


def span_of_season(season: str, sport: str = "football") -> tuple[date, date] | None:
    """First and last possible date of a season; None if the name is not a year or two years in sequence.

    ``2012-2013`` runs from 1 July to 30 June. 2019-2020 and 2020-2021 ended later (football: 31 August 2020). ``2012``
    runs from January to the end of February of the next year, because of the play-offs in American football. In tennis
    it begins in December of the year before and ends with the year.

    >>> span_of_season("2012-2013")
    (datetime.date(2012, 7, 1), datetime.date(2013, 6, 30))
    """
    match = _SEASON.fullmatch(season)
    if match is None or (match[2] and int(match[2]) != int(match[1]) + 1):
        return None
    first = int(match[1])
    if match[2]:
        return date(first, 7, 1), _LATE_END.get((sport, first), date(first + 1, 6, 30))
    if sport == "tennis":
        return date(first - 1, 12, 1), date(first, 12, 31)
    return date(first, 1, 1), date(first + 1, 2, 29 if (first + 1) % 4 == 0 else 28)


def is_shifted(column: str, name: str) -> bool:
    """Whether a name is a number, as in a row whose columns are shifted.

    A season may be a year, and a team may have a whole number as its name.

    Parameters
    ----------
    column : str
        One of `NAMED`.
    name : str

    >>> is_shifted("competition", "2.35"), is_shifted("competition", "1. Bundesliga"), is_shifted("season", "2021")
    (True, False, False)
    """
    if _NUMBER.fullmatch(name.strip()) is None:
        return False
    if column == "season":
        return span_of_season(name) is None
    return column == "competition" or not name.isdecimal()
