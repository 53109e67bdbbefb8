"""Fields of rows and reports of the API: what is not of the documented kind is named, never guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

#: no amount, price or handicap is this large
_BEYOND: Final = 1e13
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = Mapping[str, Any]


class Misread(Exception):
    """A field is not what the interface documents; its name is the text."""


def number(row: Row, name: str) -> float:
    """A number; 0 where there is none."""
    value = row.get(name)
    value = 0.0 if value is None else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _BEYOND:
        raise Misread(name)
    return float(value)


def size_minor(row: Row, name: str) -> int:
    """An amount from 0 on, in hundredths of its currency; 0 where there is none."""
    amount = round(number(row, name) * 100)
    if amount < 0:
        raise Misread(name)
    return amount


def price(row: Row, name: str) -> float:
    """Decimal odds; 0 where there are none, such as of an order that is not matched."""
    odds = number(row, name)
    if odds and not odds > 1.0:
        raise Misread(name)
    return odds


def word(row: Row, name: str) -> str:
    """A text; empty where there is none."""
    value = row.get(name)
    value = "" if value is None else value
    if not isinstance(value, str) or len(value) > 200:
        raise Misread(name)
    return value


def whole(row: Row, name: str) -> int:
    """A whole number that must be there, such as the id of a selection."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misread(name)
    return value


def side(row: Row) -> str:
    """``back`` or ``lay``."""
    found = {"BACK": "back", "LAY": "lay"}.get(word(row, "side"))
    if found is None:
        raise Misread("side")
    return found


def rows(answer: object, name: str) -> Sequence[Row]:
    """The objects of a list that must be there."""
    found = answer.get(name) if isinstance(answer, Mapping) else None
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
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def risk_minor(bet_side: str, backer_minor: int, odds: float) -> int:
    """What a bet of a backer's stake has at risk: of a back bet that stake, of a lay its liability.

    >>> risk_minor("back", 200, 3.0), risk_minor("lay", 200, 3.0), risk_minor("lay", 0, 0.0)
    (200, 200, 0)
    """
    if bet_side == "back" or not backer_minor:
        return backer_minor
    at_risk = backer_minor * (odds - 1.0)
    if not math.isfinite(at_risk) or at_risk <= 0.0:
        raise Misread("price")
    return round(at_risk)
