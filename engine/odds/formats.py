"""Odds formats: decimal, American, fractional, and the probability that a price implies.

Decimal odds are the total return on one unit staked, stake included. They are `1 + a/100` for American odds
`a >= 100`, `1 + 100/|a|` for `a <= -100`, and `1 + n/d` for the fraction `n/d`. A value that is not a price
becomes NaN and never raises: prices arrive by the million from outside files, and the reader counts those it
could not use.
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
    """Convert American odds to decimal odds. Any shape; float64 of the same shape.

    NaN where the value is NaN, infinite, or strictly between -100 and 100 (no such price exists).
    """
    a = np.asarray(american, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        odds = np.where(a > 0, 1.0 + a / 100.0, 1.0 + 100.0 / np.abs(a))
    return np.where((np.abs(a) >= 100.0) & np.isfinite(a), odds, nan)


def to_american(odds: ArrayLike) -> Floats:
    """Convert decimal odds to American odds: 2.0 is +100. Same shape, not rounded, NaN where odds are no price."""
    o = np.asarray(odds, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        american = np.where(o >= 2.0, 100.0 * (o - 1.0), -100.0 / (o - 1.0))
    return np.where(is_price(o), american, nan)


def from_fractional(fractional: str | Iterable[str | None] | None) -> Floats:
    """Convert fractional odds to decimal odds: ``"5/2"`` is 3.5, ``"evens"`` is 2.

    Parameters
    ----------
    fractional : str or iterable of str
        ``n/d``, also written ``n-d`` or ``n:d``, or ``evens``, ``evs``. Blanks and case do not matter.

    Returns
    -------
    float64, shape () for one text and (n,) for many. NaN where the text is missing, is not a fraction, or has
    a zero as numerator or denominator.
    """
    if fractional is None or isinstance(fractional, str):
        return np.asarray(_fraction(fractional), dtype=np.float64)
    return np.array([_fraction(text) for text in fractional], dtype=np.float64)


def _fraction(text: str | None) -> float:
    if text is None:
        return nan
    if text.strip().lower() in _EVENS:
        return 2.0
    match = _FRACTION.fullmatch(text)
    if match is None:
        return nan
    numerator, denominator = int(match[1]), int(match[2])
    return 1.0 + numerator / denominator if numerator and denominator else nan


def to_fractional(odds: float, max_denominator: int = 100) -> str:
    """Nearest fractional odds with a denominator of at most `max_denominator`: 3.5 is ``"5/2"``.

    Raises
    ------
    ValueError
        `odds` is not a finite number above 1.
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
    """`1 / odds`, margin included. Same shape; NaN where odds are not a finite number above 1."""
    o = np.asarray(odds, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.where(is_price(o), 1.0 / o, nan)
