"""Midnights of a zone: the instants at which the days of a run roll."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from engine.errors import ConfigurationError

_SECOND_NS = 1_000_000_000


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name in the IANA table.

    Raises
    ------
    ConfigurationError
        Where there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            "unknown zone", where="data.zone", expected="a name such as UTC or Europe/London", found=repr(name)
        ) from None


def midnights(first: int, last: int, zone: str) -> tuple[int, NDArray[np.int64]]:
    """The midnight at or before `first`, and those after it up to the first one at or after `last`.

    A day whose midnight the clocks skip starts at the first instant that is there; one whose midnight comes twice at
    the earlier.

    Parameters
    ----------
    first, last : int
        UTC nanoseconds, `first` <= `last`.
    zone : str
        Name of the zone.

    Returns
    -------
    int, int64 (d,)
        UTC nanoseconds; d >= 1.
    """
    place = zone_of(zone)
    start = _midnight(_day(first, place), place)
    found: list[int] = []
    day = _day(first, place)
    while not found or found[-1] < last:
        day += timedelta(days=1)
        later = _midnight(day, place)
        if later > (found[-1] if found else start):  # a calendar day that the zone skips has no midnight of its own
            found.append(later)
    return start, np.array(found, dtype=np.int64)


def _day(instant: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant // _SECOND_NS, UTC).astimezone(zone).date()


def _midnight(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * _SECOND_NS


_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def duration_ns(text: str, key: str = "data.decide_at") -> int:
    """Nanoseconds of a duration such as ``30m``, ``1h``, ``2d`` (units s, m, h, d).

    Raises
    ------
    ConfigurationError
        Where the text is not a whole number and a unit; `key` names the place.
    """
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None:
        raise ConfigurationError(
            "not a duration", where=key, expected="a whole number and s, m, h or d, as 30m", found=repr(text)
        )
    return int(match[1]) * _UNITS[match[2]] * 1_000_000_000
