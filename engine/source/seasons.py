"""Which season a match belongs to, from the dates of its file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

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
