"""Odds formats: decimal, American, fractional, and the probability that a price implies.

Decimal odds are what one unit staked pays back in all: `1 + a/100` for American `a >= 100`, `1 + 100/|a|` for
`a <= -100`, `1 + n/d` for the fraction `n/d`. What is not a price becomes NaN and never an exception, because
prices come from foreign files by the million and the reader counts what it could not use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from math import isfinite, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_FRACTION = re.compile(r"\s*(\d{1,9})\s*[/⁄:-]\s*(\d{1,9})\s*", re.ASCII)
_EVENS = frozenset({"evens", "even", "evs", "ev"})


def from_american(american: ArrayLike) -> Floats:
    """Decimal odds of American ones, any shape to the same shape, float64.

    NaN where the value is NaN, infinite, or lies strictly between -100 and 100 (no such price exists).
    """
    a = np.asarray(american, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.where(a > 0, 1.0 + a / 100.0, 1.0 + 100.0 / np.abs(a))
    return np.where((np.abs(a) >= 100.0) & np.isfinite(a), odds, nan)


def to_american(odds: ArrayLike) -> Floats:
    """American odds of decimal ones, same shape, not rounded; 2.0 is +100. NaN where odds are not above 1."""
    o = np.asarray(odds, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        american = np.where(o >= 2.0, 100.0 * (o - 1.0), -100.0 / (o - 1.0))
    return np.where(is_price(o), american, nan)


def from_fractional(fractional: str | Iterable[str | None] | None) -> Floats:
    """Decimal odds of fractional texts: ``"5/2"`` is 3.5, ``"evens"`` is 2.

    Parameters
    ----------
    fractional : str or iterable of str
        ``n/d``, also written ``n-d`` or ``n:d``, or ``evens``, ``evs``; blanks and case do not matter.

    Returns
    -------
    float64, shape () of one text, (n,) of many. NaN where a text is none of these, is missing, or has a zero
    in it.
    """
    if fractional is None or isinstance(fractional, str):
        return np.asarray(_fraction(fractional), dtype=np.float64)
    return np.array([_fraction(text) for text in fractional], dtype=np.float64)


def _fraction(text: str | None) -> float:
    if text is None:
        return nan
    if text.strip().lower() in _EVENS:
        return 2.0
    found = _FRACTION.fullmatch(text)
    if found is None:
        return nan
    over, under = int(found[1]), int(found[2])
    return 1.0 + over / under if over and under else nan


def to_fractional(odds: float, max_denominator: int = 100) -> str:
    """The nearest fraction to decimal odds with a denominator up to `max_denominator`: 3.5 is ``"5/2"``.

    Raises
    ------
    ValueError
        Odds are not a finite number above 1.
    """
    if not (isfinite(odds) and odds > 1.0):
        raise ValueError(f"expected decimal odds above 1, found {odds!r}")
    profit = (Fraction(odds) - 1).limit_denominator(max_denominator)
    if not profit:
        profit = Fraction(1, max_denominator)
    return f"{profit.numerator}/{profit.denominator}"


def is_price(odds: ArrayLike) -> NDArray[np.bool_]:
    """Whether a value can be decimal odds: finite and above 1. Same shape, bool."""
    o = np.asarray(odds, dtype=np.float64)
    return (o > 1.0) & np.isfinite(o)


def implied_probability(odds: ArrayLike) -> Floats:
    """`1 / odds`, the margin still in it; same shape, NaN where odds are not a finite number above 1."""
    o = np.asarray(odds, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.where(is_price(o), 1.0 / o, nan)
