"""Fields of answers in JSON: what is not of the documented kind is named, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from engine import clock

#: no amount, price or handicap is this large
_BEYOND: Final = 1e13

Row = Mapping[str, Any]


class Misread(Exception):
    """A field is not what the interface documents; its name is the text."""


def number_or_none(row: Row, name: str) -> float | None:
    """A number; None where there is none."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise Misread(name)
    return float(value)


def word(row: Row, name: str) -> str:
    """A text; empty where there is none."""
    value = row.get(name)
    value = "" if value is None else value
    if not isinstance(value, str) or len(value) > 200:
        raise Misread(name)
    return value


def whole(row: Row, name: str) -> int:
    """A whole number that must be there, such as an id."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misread(name)
    return value


def instant_ns(row: Row, name: str) -> int:
    """An instant in UTC nanoseconds; 0 where there is none."""
    text = word(row, name)
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
        instant = clock.instant_ns(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Misread(name) from None
    if abs(instant) >= 2**63:  # no column of the store holds it
        raise Misread(name)
    return instant
