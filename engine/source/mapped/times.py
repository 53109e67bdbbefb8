"""Starts of events and times of quotes from the texts of a mapped table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.clock import instant_ns
from engine.source import calendar
from engine.source.mapping.keys import When


def read_start(text: str, clock: str, when: When) -> tuple[date, int | None] | None:
    """Date of an event and its start in UTC nanoseconds (None: no time of day). None if the text is unreadable."""
    start = iso_instant(text, when.zone) if when.format == "iso" else _formatted(text, when.format, when.zone)
    if start is None:
        return None
    if when.time_column:
        time = calendar.read_clock(clock)
        if time is None:
            return start.date(), None
        start = datetime.combine(start.date(), time, tzinfo=ZoneInfo(when.zone))
    elif not when.has_time:
        return start.date(), None
    local = start.astimezone(ZoneInfo(when.date_zone or when.zone))
    return local.date(), instant_ns(start)


@lru_cache(maxsize=8_192)
def iso_instant(text: str, zone: str) -> datetime | None:
    """An ISO 8601 time; a text that names no zone is in `zone`. None if it is unreadable."""
    try:
        return _in_zone(datetime.fromisoformat(text), zone)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=8_192)
def _formatted(text: str, form: str, zone: str) -> datetime | None:
    try:
        return _in_zone(datetime.strptime(text, form), zone)
    except (ValueError, OverflowError):
        return None


def _in_zone(time: datetime, zone: str) -> datetime | None:
    """Attach the zone to a time without one. None outside 1900 to 2200, far within the range of int64 nanoseconds."""
    if not 1900 <= time.year <= 2200:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
