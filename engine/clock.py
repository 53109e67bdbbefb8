"""Time in nanoseconds: units, datetimes, durations as text, and the midnights at which the days of a run begin."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError

SECOND_NS: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * SECOND_NS
DAY_NS: Final = 24 * HOUR_NS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": SECOND_NS, "m": 60 * SECOND_NS, "h": HOUR_NS, "d": DAY_NS}


def instant_ns(moment: datetime) -> int:
    """An aware datetime as UTC nanoseconds since 1970, without rounding."""
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1_000


def duration_ns(text: str, key: str = "data.decide_at") -> int:
    """Nanoseconds of a duration such as ``30m``, ``1h`` or ``2d`` (units s, m, h, d).

    Raises
    ------
    ConfigurationError
        The text is not a whole number followed by a unit; the message names the configuration key `key`.
    """
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None:
        raise ConfigurationError(
            "not a duration", where=key, expected="a whole number and s, m, h or d, as 30m", found=repr(text)
        )
    return int(match[1]) * _UNITS[match[2]]


def zone_of(name: str) -> ZoneInfo:
    """The time zone with this IANA name.

    Raises
    ------
    ConfigurationError
        There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            "unknown zone", where="data.zone", expected="a name such as UTC or Europe/London", found=repr(name)
        ) from None


def day_of(instant: int, zone: str) -> date:
    """Calendar day of an instant (UTC nanoseconds) in a zone; raises `ConfigurationError` for an unknown zone."""
    return _day(instant, zone_of(zone))


def day_start(day: date, zone: str) -> int:
    """Start of a calendar day in a zone, UTC nanoseconds; raises `ConfigurationError` for an unknown zone."""
    return _midnight(day, zone_of(zone))


def midnights(first: int, last: int, zone: str) -> tuple[int, NDArray[np.int64]]:
    """The midnight at or before `first`, and all later ones up to the first at or after `last`.

    If a change of the clocks skips midnight, the day starts at the first instant after the gap. If midnight occurs
    twice, the day starts at the earlier one.

    Parameters
    ----------
    first, last : int
        UTC nanoseconds, `first` <= `last`.
    zone : str
        IANA name of the zone.

    Returns
    -------
    int, int64 (d,)
        UTC nanoseconds; d >= 1.

    Raises
    ------
    ConfigurationError
        There is no such zone.
    """
    place = zone_of(zone)
    start = _midnight(_day(first, place), place)
    later: list[int] = []
    day = _day(first, place)
    while not later or later[-1] < last:
        day += timedelta(days=1)
        midnight = _midnight(day, place)
        if midnight > (later[-1] if later else start):  # a calendar day that the zone skips has no midnight
            later.append(midnight)
    return start, np.array(later, dtype=np.int64)


def _day(instant: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant // SECOND_NS, UTC).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * SECOND_NS
