"""Back every selection of a filter: the baseline that any opinion has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, narrowed, offers
from research.strategies.checks import is_flag, is_name, set_lines, set_markets, set_names


@dataclass(frozen=True)
class FlatAll:
    """Every selection, without an opinion: `prob` is that of break-even, so that the edge is 0.

    It is the smallest number with `prob * odds >= 1`, so that rounding never puts a bet under an `edge_min` of 0.

    Attributes
    ----------
    markets, lines, selections : tuple
        What is backed; None: all lines, all selections.
    bookmaker : str
        Whose price: a bookmaker, an aggregate of the source (``max``, ``avg``), or ``best`` over `bookmakers`.
    bookmakers : tuple of str or None
        Real bookmakers that ``best`` chooses from; None: all.
    complete_market : bool
        Only where every selection of the market has such a price.
    """

    name: ClassVar[str] = "flat_all"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    selections: tuple[str, ...] | None = None
    bookmaker: str = BEST
    bookmakers: tuple[str, ...] | None = None
    complete_market: bool = False

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "selections")
        set_names(self, "bookmakers")
        is_name("bookmaker", self.bookmaker)
        is_flag("complete_market", self.complete_market)

    def requires(self) -> Requirement:
        """The bookmakers that may be backed."""
        return Requirement(self.markets, self.bookmakers if self.bookmaker == BEST else (self.bookmaker,))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row a selection."""
        prices = narrowed(view.quotes, self.markets, self.lines)
        found = offers(prices, self.bookmaker, self.bookmakers, self.complete_market)
        if self.selections is not None:
            found = found.filter(pl.col("selection").is_in(self.selections))
        return found.with_columns(prob=pl.Series(break_even(found["odds"]), dtype=pl.Float64))


def break_even(odds: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The smallest float64 p with `p * odds >= 1`; shape (n,) to (n,)."""
    o = odds.to_numpy()
    prob = 1.0 / o
    return np.where(prob * o < 1.0, np.nextafter(prob, 2.0), prob)
