"""Starts of events and times of quotes from the texts of a mapped table."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.clock import instant_ns
from engine.source import calendar
from engine.source.mapping.keys import When
from engine.source.table import Table

_UNIX = {"unix": 1_000_000, "unix_ms": 1_000}


def start_texts(table: Table, when: When) -> list[str]:
    """Texts of the start, one per row."""
    if when.column:
        return table.column(when.column)
    cells = zip(*(table.column(name) for name in when.columns), strict=True)
    return [when.join.join(row) for row in cells]


def read_start(text: str, clock: str, when: When) -> tuple[date, int | None] | None:
    """Date of an event and its start in UTC nanoseconds (None: no time of day). None if the text is unreadable."""
    start = instant_of(text, when.format, when.zone)
    if start is None:
        return None
    if when.time_column:
        hour = _clock(clock, when.time_format)
        if hour is None:
            return start.date(), None
        start = datetime.combine(start.date(), hour, tzinfo=ZoneInfo(when.zone))
    elif not (when.has_time and _names_a_time(text, when.format)):
        return start.date(), None
    local = start.astimezone(ZoneInfo(when.date_zone or when.zone))
    return local.date(), instant_ns(start)


def _names_a_time(text: str, form: str) -> bool:
    """Whether a text of this format has a time of day, and is not a date alone."""
    if form == "iso":
        return "T" in text or ":" in text or " " in text.strip()
    return form in _UNIX or any(sign in form for sign in ("%H", "%I", "%c", "%X"))


def _clock(text: str, form: str) -> time | None:
    """Time of day of a text; None if it is unreadable."""
    if not form:
        return calendar.read_clock(text)
    try:
        return datetime.strptime(text, form).time()
    except ValueError:
        return None


@lru_cache(maxsize=8_192)
def instant_of(text: str, form: str, zone: str) -> datetime | None:
    """Time of a text; one that names no zone is in `zone`. None if it is unreadable.

    Parameters
    ----------
    text : str
    form : str
        ``iso``, ``unix`` (seconds since 1970), ``unix_ms`` or a format of strptime.
    zone : str
        Name of a time zone.
    """
    try:
        if form == "iso":
            return _in_zone(datetime.fromisoformat(text), zone)
        if form in _UNIX:
            return _in_zone(
                datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(float(text) * _UNIX[form])), zone
            )
        return _in_zone(datetime.strptime(text, form), zone)
    except (ValueError, OverflowError):
        return None


def _in_zone(moment: datetime, zone: str) -> datetime | None:
    """Attach the zone to a time without one. None outside 1900 to 2200, far within the range of int64 nanoseconds."""
    if not 1900 <= moment.year <= 2200:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
