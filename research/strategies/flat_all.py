"""Back every selection: the baseline that any opinion has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, back_prices, offers
from research.strategies.checks import is_flag, is_name, set_lines, set_markets, set_names, set_selections


@dataclass(frozen=True)
class FlatAll:
    """Every selection at its break-even probability, so that the edge is 0.

    `prob` is the smallest float with ``prob * odds >= 1``, so that rounding never puts a bet below ``edge_min=0``.

    Attributes
    ----------
    markets, lines, selections : tuple
        Markets, lines and selections to bet on; None: all lines, all selections.
    bookmaker : str
        Price taken: that of a bookmaker or aggregate (``max``, ``avg``), or ``best`` of `bookmakers`.
    bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    complete_market : bool
        Only markets with such a price for every selection.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and those far from the other bookmakers at the decision
        (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "flat_all"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    selections: tuple[str, ...] | None = None
    bookmaker: str = BEST
    bookmakers: tuple[str, ...] | None = None
    complete_market: bool = False
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self, whole_books=bool(self.complete_market))
        set_lines(self)
        set_names(self, "selections")
        set_selections(self)
        set_names(self, "bookmakers")
        is_name("bookmaker", self.bookmaker)
        is_flag("complete_market", self.complete_market)
        is_flag("skip_suspect", self.skip_suspect)

    def requires(self) -> Requirement:
        """Prices of `bookmakers`, or of the one that `bookmaker` names; of all where suspect ones are left out."""
        if self.skip_suspect:
            return Requirement(self.markets)
        return Requirement(self.markets, self.bookmakers if self.bookmaker == BEST else (self.bookmaker,))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection."""
        prices = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        bets = offers(prices, self.bookmaker, self.bookmakers, self.complete_market)
        if self.selections is not None:
            bets = bets.filter(pl.col("selection").is_in(self.selections))
        return bets.with_columns(prob=pl.Series(break_even(bets["odds"]), dtype=pl.Float64))


def break_even(odds: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The smallest float64 p with ``p * odds >= 1``, for odds of shape (n,)."""
    values = odds.to_numpy()
    prob = 1.0 / values
    return np.where(prob * values < 1.0, np.nextafter(prob, 2.0), prob)
