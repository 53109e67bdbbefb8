"""Fields of answers: what is not of the documented kind is named, never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from engine.live.wire.fields import Misread, Row, number_or_none, word


def amount_minor(row: Row, name: str) -> int:
    """An amount that must be there, hundredths of its currency."""
    value = number_or_none(row, name)
    if value is None:
        raise Misread(name)
    return round(value * 100)


def odds(row: Row, name: str) -> float | None:
    """Decimal odds above 1; None where there are none."""
    value = number_or_none(row, name)
    if value is not None and not value > 1.0:
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


def key_of(row: Row) -> str:
    """Our key of a request id; empty where there is none, or it is no UUID.

    >>> key_of({"uniqueRequestId": "00112233-4455-6677-8899-aabbccddeeff"})
    '00112233445566778899aabbccddeeff'
    """
    try:
        return UUID(word(row, "uniqueRequestId")).hex
    except ValueError:
        return ""
