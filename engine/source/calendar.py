"""Dates and times as sources write them, as UTC instants; assumptions where a source gives no time.

The assumptions (`docs` of the data contract; one place): an opening price is known from 00:00 UTC of the match date,
or an hour before the start where that is earlier; a closing price at the start, or at 12:00 UTC where no start is
given; a result at 23:59:59 UTC of the date.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from engine.clock import DAY_NS, HOUR_NS, SECOND_NS, instant_ns

_EPOCH: Final = date(1970, 1, 1)
_SLASHED = re.compile(r"(\d\d)/(\d\d)/(\d\d|\d{4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.0+)?)?", re.ASCII)
#: Two-digit years from here on are of the last century: the oldest files are of 1993.
_CENTURY_TURN: Final = 93

#: How far ahead a fixture may lie.
FURTHEST_DAYS: Final = 400


def midnight_ns(day: date) -> int:
    """00:00 UTC of a date in nanoseconds."""
    return (day - _EPOCH).days * DAY_NS


def end_of_day_ns(day: date) -> int:
    """23:59:59 UTC of a date in nanoseconds: when a result is assumed to be known."""
    return midnight_ns(day) + DAY_NS - SECOND_NS


def noon_ns(day: date) -> int:
    """12:00 UTC of a date in nanoseconds: the start assumed where none is given."""
    return midnight_ns(day) + 12 * HOUR_NS


def opening_ns(day: date, starts_at_ns: int) -> int:
    """When an opening price is assumed to be known: midnight of the date, or an hour before an earlier start."""
    return min(midnight_ns(day), starts_at_ns - HOUR_NS)


@lru_cache(maxsize=65_536)
def local_ns(day: date, clock: time, zone: str) -> int:
    """A local wall-clock time in a zone as nanoseconds UTC; in an hour that comes twice, the first."""
    return instant_ns(datetime.combine(day, clock, tzinfo=ZoneInfo(zone)))


@lru_cache(maxsize=4_096)
def read_clock(text: str) -> time | None:
    """``HH:MM`` or ``HH:MM:SS``, or None."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def read_slashed(texts: Sequence[str]) -> list[date | None]:
    """Dates written dd/mm/yy or dd/mm/yyyy, shape (n,): one form a file, the one that most rows have.

    None where a text has any other form, the file's other form, or names no day: never guessed.
    """
    lengths = Counter(len(text) for text in texts if _SLASHED.fullmatch(text))
    if not lengths:
        return [None] * len(texts)
    length = max(lengths, key=lambda size: (lengths[size], size))
    table = {text: _slashed(text) if len(text) == length else None for text in set(texts)}
    return [table[text] for text in texts]


def _slashed(text: str) -> date | None:
    found = _SLASHED.fullmatch(text)
    if found is None:
        return None
    day, month, year = int(found[1]), int(found[2]), int(found[3])
    if year < 100:
        year += 1900 if year >= _CENTURY_TURN else 2000
    return calendar_day(year, month, day)


def calendar_day(year: int, month: int, day: int) -> date | None:
    """A date, or None where there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def refusal_of_date(day: date, today: date, has_result: bool) -> str | None:
    """Why a date cannot be: ahead of today with a result, or too far ahead; None where it can."""
    if day > today and has_result:
        return f"a result of a day to come ({day})"
    if day > today + timedelta(days=FURTHEST_DAYS):
        return f"a date more than {FURTHEST_DAYS} days ahead ({day})"
    return None


_ONE_SEASON = timedelta(days=380)
_WRITTEN = re.compile(r"((?:19|20)\d{2})\s*[/-]\s*(\d{2}|\d{4})", re.ASCII)
_CALENDAR = re.compile(r"((?:19|20)\d{2})(?:\.0+)?", re.ASCII)


def season_name(first: int) -> str:
    """``2021-2022`` of 2021."""
    return f"{first}-{first + 1}"


def season_of_date(day: date) -> str:
    """Season of a league that plays from July to June; the season of 2019 ended in July 2020."""
    begins = date(day.year, 8 if day.year == 2020 else 7, 1)
    return season_name(day.year if day >= begins else day.year - 1)


def seasons_of_file(days: Sequence[date]) -> list[str]:
    """Season of each match of one league in one file, shape (n,).

    A file that spans less than 380 days holds one season: that of its first date (a season that was delayed into
    August stays whole); where it lies inside one year and plays through midsummer it is a season by the calendar.
    A longer file is cut by date.
    """
    if not days:
        return []
    first, last = min(days), max(days)
    if last - first > _ONE_SEASON:
        return [season_of_date(day) for day in days]
    summer = any((6, 15) <= (day.month, day.day) <= (7, 5) for day in days)
    if first.year == last.year and first.month <= 5 and last.month >= 9 and summer:
        return [str(first.year)] * len(days)
    return [season_of_date(first)] * len(days)


def season_as_written(text: str) -> str | None:
    """A season that a file names, in our form: ``2015/2016``, ``2015/16`` or ``2015-16`` is ``2015-2016``."""
    calendar = _CALENDAR.fullmatch(text)
    if calendar:
        return calendar[1]
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    return season_name(first) if second in (first + 1, (first + 1) % 100) else None


def span_of_season(season: str) -> tuple[date, date]:
    """First and last date that a season can have.

    ``2012-2013``: from 1 July to 30 June (that of 2019 to the end of August 2020); ``2012``: from January to the end
    of February of the next year (the play-offs of American football).
    """
    first = int(season[:4])
    if "-" not in season:
        return date(first, 1, 1), date(first + 1, 2, 28)
    return date(first, 7, 1), date(2020, 8, 31) if first == 2019 else date(first + 1, 6, 30)


def outliers(seasons: Sequence[str]) -> list[int]:
    """Positions of the few rows (under a fifth) whose season is not the one of nearly all rows of their file."""
    if not seasons:
        return []
    main, count = Counter(seasons).most_common(1)[0]
    if count == len(seasons) or count < 0.8 * len(seasons):
        return []
    return [at for at, season in enumerate(seasons) if season != main]
