"""Numbers as a reader sees them, everywhere: grouped digits, true minus sign, units, never NaN or None."""

from __future__ import annotations

import math
from typing import Final

MINUS: Final = "\u2212"
#: shown where there is no value
NOTHING: Final = "–"
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


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


def ordinal(place: int) -> str:
    """A place in words up to the tenth, then in digits.

    >>> ordinal(3), ordinal(11), ordinal(22), ordinal(103)
    ('third', '11th', '22nd', '103rd')
    """
    if place <= len(_ORDINALS):
        return _ORDINALS[place - 1]
    ending = "th" if place // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{number(place)}{ending}"


def percent_of_level(level: float) -> str:
    """A level as a percentage with as many digits as it needs, two of them that count.

    >>> percent_of_level(0.05), percent_of_level(0.0425), percent_of_level(0.0055556), percent_of_level(0.0005)
    ('5%', '4.2%', '0.56%', '0.05%')
    """
    digits = max(0, 1 - math.floor(math.log10(level * 100.0)))
    text = percent(level, digits)
    return text[:-1].rstrip("0").rstrip(".") + "%" if "." in text else text


def shares_of_sweeps(p_value: float) -> str:
    """How often luck alone does as well.

    >>> shares_of_sweeps(0.731), shares_of_sweeps(0.0312)
    ('73 of 100', '3 of 100')
    """
    if p_value < 0.001:
        return f"fewer than 1 of {number(1000)}"
    if p_value < 0.01:
        return f"{max(1, round(1000 * p_value))} of {number(1000)}"
    return f"{round(100 * p_value)} of 100"


def sentence_case(text: str) -> str:
    """A phrase with a capital first letter."""
    return text[:1].upper() + text[1:]
