"""Fields of answers: what is not of the documented kind is named, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

#: no amount, price or handicap is this large
_BEYOND: Final = 1e13
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Misread(Exception):
    """A field is not what the interface documents; its name is the text."""


def number(row: Row, name: str) -> float | None:
    """A number; None where there is none."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise Misread(name)
    return float(value)


def amount_minor(row: Row, name: str) -> int:
    """An amount that must be there, hundredths of its currency."""
    value = number(row, name)
    if value is None:
        raise Misread(name)
    return round(value * 100)


def odds(row: Row, name: str) -> float | None:
    """Decimal odds above 1; None where there are none."""
    value = number(row, name)
    if value is not None and not value > 1.0:
        raise Misread(name)
    return value


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


def rows(answer: object, name: str) -> Sequence[Row]:
    """The objects of a list; none where there is no such list."""
    if not isinstance(answer, Mapping):
        raise Misread(name)
    found = answer.get(name)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Misread(name)
    return found


def instant_ns(row: Row, name: str) -> int:
    """An instant in UTC nanoseconds; 0 where there is none."""
    text = word(row, name)
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Misread(name) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
    except OverflowError:
        raise Misread(name) from None


def key_of(row: Row) -> str:
    """Our key of a request id; empty where there is none, or it is no UUID.

    >>> key_of({"uniqueRequestId": "00112233-4455-6677-8899-aabbccddeeff"})
    '00112233445566778899aabbccddeeff'
    """
    try:
        return UUID(word(row, "uniqueRequestId")).hex
    except ValueError:
        return ""
