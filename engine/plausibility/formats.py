"""Odds in another format than the one they are read as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

#: part of every sentence of `doubts`
FORMAT_DOUBT: Final = ": are these "
#: American odds are at or below -100, or at or above 100.
AMERICAN: Final = 100.0
#: Prices that look like another format: their share of the file at least, or for American ones their number.
_SHARE: Final = 0.2
_COUNT: Final = 10
#: Fewest prices of a file in which the share of very high or very low ones says something.
_FEWEST: Final = 4
_FRACTION: Final = r"^\d+\s*/\s*\d+$"


@dataclass(frozen=True)
class Doubt:
    """A file that looks as if its odds were in another format.

    Attributes
    ----------
    sentence : str
    suspect : str
        Accepted prices that mean something else: ``none``, ``high`` (`AMERICAN` and above) or ``all``.
    """

    sentence: str
    suspect: str


def doubts(accepted: int, high: int, low: Sequence[str], unread: Sequence[str]) -> list[Doubt]:
    """What the refused cells of a file say about the format of its odds.

    A decimal price is above 1; an American one is at or below -100, or at or above 100.

    Parameters
    ----------
    accepted, high : int
        Prices that were accepted, and those of `AMERICAN` and above among them, of markets with few selections.
    low, unread : sequence of str
        Cells that were refused because they are not above 1, and because they are no price in the format of the file.

    >>> [doubt.sentence for doubt in doubts(3, 3, ["-150", "-200", "-125", "-110", "-110"], [])]
    ['5 of 8 prices are at or below -100, in a file of decimal odds: are these American odds?']
    """
    found = list[Doubt]()
    below, whole = _numbers(low), accepted + len(low)
    negative, small = int((below <= -AMERICAN).sum()), int(((below > -1.0) & (below <= 1.0) & (below != 0.0)).sum())
    only_high = not negative and accepted >= _FEWEST and 2 * high >= accepted
    if (negative and (negative + high >= _SHARE * whole or negative >= _COUNT)) or only_high:
        where = f"{negative:,} of {whole:,} prices are at or below -100"
        if only_high:
            where = f"{high:,} of {accepted:,} prices are at or above 100"
        found.append(Doubt(f"{where}, in a file of decimal odds{FORMAT_DOUBT}American odds?", "high"))
    if small >= _FEWEST and small >= _SHARE * whole:
        where = f"{small:,} of {whole:,} prices are between -1 and 1, in a file of decimal odds"
        found.append(Doubt(f"{where}{FORMAT_DOUBT}odds without the stake (Hong Kong, Malay), or probabilities?", "all"))
    texts, whole = _numbers(unread), accepted + len(unread)
    decimal = int(((texts > 1.0) & (texts < AMERICAN)).sum())
    fractions = int(pl.Series(unread, dtype=pl.String).str.contains(_FRACTION).sum())
    for count, meant in ((decimal, "decimal"), (fractions, "fractional")):
        if count >= _FEWEST and count >= _SHARE * whole:
            where = f"{count:,} of {whole:,} prices are not in the format that the file is read in"
            found.append(Doubt(f"{where}{FORMAT_DOUBT}{meant} odds?", "none"))
    return found


def _numbers(cells: Sequence[str]) -> pl.Series:
    """Numbers of the cells that are numbers, with a hyphen or a minus sign."""
    texts = pl.Series(cells, dtype=pl.String).str.replace("\u2212", "-", literal=True).str.strip_chars()
    return texts.cast(pl.Float64, strict=False).drop_nulls()
