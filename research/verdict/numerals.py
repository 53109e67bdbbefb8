"""Numbers as a reader sees them, everywhere: grouped digits, true minus sign, units, never NaN or None."""

from __future__ import annotations

import math
from typing import Final

MINUS: Final = "\u2212"
#: shown where there is no value
NOTHING: Final = "–"


def number(value: float | None, digits: int = 0, *, sign: bool = False) -> str:
    """A number such as ``11,400`` with a true minus sign; `sign` writes the plus too. A dash for None and NaN."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{digits}f}"
    if not any(letter in "123456789" for letter in text):
        return text  # zero has no sign
    return (MINUS if value < 0 else "+" if sign else "") + text


def percent(value: float | None, digits: int = 1, *, sign: bool = False) -> str:
    """A fraction as a percentage: ``0.0213`` is ``2.1%``."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return number(value * 100, digits, sign=sign) + "%"


def count(amount: int, noun: str, plural: str = "") -> str:
    """A count with its noun: ``1 bet``, ``2 bets``."""
    return f"{number(amount)} {noun if amount == 1 else plural or noun + 's'}"
