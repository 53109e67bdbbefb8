"""Fields of rows and reports of the API: what is not of the documented kind is named, never guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from engine.live.wire.fields import Misread, Row, number_or_none, word


def number(row: Row, name: str) -> float:
    """A number; 0 where there is none."""
    value = number_or_none(row, name)
    return 0.0 if value is None else value


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
