"""Dates, times and seasons of sources as UTC instants, with assumptions where a source gives no time.

The assumptions: an opening price is known from 00:00 UTC of the match date, or from one hour before the start if that
is earlier. A closing price is known at the start, or at 12:00 UTC if the source gives no start. A result is known at
23:59:59 UTC of the date.
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
#: Two-digit years from this one on belong to the 1900s; the oldest files are from 1993.
_CENTURY_TURN: Final = 93

#: Largest number of days from today to the date of a fixture.
FURTHEST_DAYS: Final = 400


def midnight_ns(day: date) -> int:
    """00:00 UTC of a date in nanoseconds."""
    return (day - _EPOCH).days * DAY_NS


def end_of_day_ns(day: date) -> int:
    """23:59:59 UTC of a date in nanoseconds: the assumed time of a result."""
    return midnight_ns(day) + DAY_NS - SECOND_NS


def noon_ns(day: date) -> int:
    """12:00 UTC of a date in nanoseconds: the assumed start where a source gives none."""
    return midnight_ns(day) + 12 * HOUR_NS


def opening_ns(day: date, starts_at_ns: int) -> int:
    """Assumed instant of an opening price: 00:00 UTC of the date, or an hour before the start if that is earlier."""
    return min(midnight_ns(day), starts_at_ns - HOUR_NS)


@lru_cache(maxsize=65_536)
def local_ns(day: date, clock: time, zone: str) -> int:
    """A wall-clock time in a zone as UTC nanoseconds; the first one in an hour that occurs twice."""
    return instant_ns(datetime.combine(day, clock, tzinfo=ZoneInfo(zone)))


@lru_cache(maxsize=4_096)
def read_clock(text: str) -> time | None:
    """Parse ``HH:MM`` or ``HH:MM:SS``; None for anything else."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def read_slashed(texts: Sequence[str]) -> list[date | None]:
    """Parse dates written dd/mm/yy or dd/mm/yyyy, shape (n,). A file has one form: the one most rows have.

    None where a text has any other form or is not a calendar day. Nothing is guessed.
    """
    lengths = Counter(len(text) for text in texts if _SLASHED.fullmatch(text))
    if not lengths:
        return [None] * len(texts)
    length = max(lengths, key=lambda size: (lengths[size], size))
    table = {text: _slashed(text) if len(text) == length else None for text in set(texts)}
    return [table[text] for text in texts]


def _slashed(text: str) -> date | None:
    match = _SLASHED.fullmatch(text)
    if match is None:
        return None
    day, month, year = int(match[1]), int(match[2]), int(match[3])
    if year < 100:
        year += 1900 if year >= _CENTURY_TURN else 2000
    return calendar_day(year, month, day)


def calendar_day(year: int, month: int, day: int) -> date | None:
    """The date, or None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def refusal_of_date(day: date, today: date, has_result: bool) -> str | None:
    """Reason to refuse a date: in the future with a result, or too far ahead. None if the date is possible."""
    if day > today and has_result:
        return f"a result in the future ({day})"
    if day > today + timedelta(days=FURTHEST_DAYS):
        return f"a date more than {FURTHEST_DAYS} days ahead ({day})"
    return None


_ONE_SEASON = timedelta(days=380)
_WRITTEN = re.compile(r"((?:19|20)\d{2})\s*[/-]\s*(\d{2}|\d{4})", re.ASCII)
_YEAR = re.compile(r"((?:19|20)\d{2})(?:\.0+)?", re.ASCII)


def season_name(first: int) -> str:
    """Name of the season that starts in a year: 2021 gives ``2021-2022``."""
    return f"{first}-{first + 1}"


def season_of_date(day: date) -> str:
    """Season of a date in a league that plays from July to June. The 2019-2020 season ran to the end of July 2020."""
    begins = date(day.year, 8 if day.year == 2020 else 7, 1)
    return season_name(day.year if day >= begins else day.year - 1)


def seasons_of_file(days: Sequence[date]) -> list[str]:
    """Season of each match of one league in one file, shape (n,).

    A file that spans at most 380 days has one season, that of most of its dates; a season delayed into August is not
    split. If the file lies within one year and has matches at midsummer, the season is that calendar year. A longer
    file is split by date.
    """
    if not days:
        return []
    first, last = min(days), max(days)
    if last - first > _ONE_SEASON:
        return [season_of_date(day) for day in days]
    summer = any((6, 15) <= (day.month, day.day) <= (7, 5) for day in days)
    if first.year == last.year and first.month <= 5 and last.month >= 9 and summer:
        return [str(first.year)] * len(days)
    counts = Counter(season_of_date(day) for day in days)
    most = max(counts.values())
    return [min(season for season, count in counts.items() if count == most)] * len(days)


def season_as_written(text: str) -> str | None:
    """Season named by a file in standard form: ``2015/2016``, ``2015/16`` and ``2015-16`` give ``2015-2016``.

    A single year stays as it is. None for any other text.
    """
    year = _YEAR.fullmatch(text)
    if year:
        return year[1]
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    return season_name(first) if second in (first + 1, (first + 1) % 100) else None


def outliers(seasons: Sequence[str]) -> list[int]:
    """Positions of rows whose season differs from the file's main season, if at most a fifth of the rows do."""
    if not seasons:
        return []
    main, count = Counter(seasons).most_common(1)[0]
    if count == len(seasons) or count < 0.8 * len(seasons):
        return []
    return [index for index, season in enumerate(seasons) if season != main]
