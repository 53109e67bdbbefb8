"""Back prices above the fair odds of a sharp bookmaker, or of a consensus of bookmakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import (
    BEST,
    BET,
    CONSENSUS,
    back_prices,
    bookmakers_of,
    consensus,
    fair,
    join_bets,
    offers,
)
from research.strategies.checks import is_flag, is_name, method, set_lines, set_markets, set_names, within


@dataclass(frozen=True)
class Value:
    """Every selection with its fair probability as `prob` and the price taken as `odds`; `edge_min` selects the bets.

    Attributes
    ----------
    markets, lines : tuple
        Markets and lines to bet on; None: all lines.
    fair : str
        A bookmaker (or aggregate) whose margin is removed, or ``consensus``: the mean fair probability of
        `fair_bookmakers`.
    fair_bookmakers : tuple of str or None
        Bookmakers of the consensus; None: all, without aggregates.
    fair_min : int
        Complete books that a consensus needs.
    method : str
        Method of margin removal. A book for which it gives a value outside (0, 1) is left out.
    price : str
        Price taken: ``best`` of `price_bookmakers`, or that of a bookmaker or aggregate (``max`` may never have been on
        offer).
    price_bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    complete_price : bool
        Only markets with such a price for every selection.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and those far from the other bookmakers at the decision
        (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "value"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    fair: str = "pinnacle"
    fair_bookmakers: tuple[str, ...] | None = None
    fair_min: int = 3
    method: str = "multiplicative"
    price: str = BEST
    price_bookmakers: tuple[str, ...] | None = None
    complete_price: bool = False
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "fair_bookmakers")
        set_names(self, "price_bookmakers")
        is_name("fair", self.fair)
        is_name("price", self.price)
        method("method", self.method)
        within("fair_min", self.fair_min, 1, 1000)
        is_flag("complete_price", self.complete_price)
        is_flag("skip_suspect", self.skip_suspect)

    def requires(self) -> Requirement:
        """Prices of the bookmakers of the fair probability and of the price; of all where suspect ones are left out."""
        fair_books = self.fair_bookmakers if self.fair == CONSENSUS else (self.fair,)
        books = bookmakers_of(self.price, self.price_bookmakers, self.skip_suspect, fair_books)
        return Requirement(self.markets, books)

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection with both a fair probability and a price."""
        prices = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        taken = offers(prices, self.price, self.price_bookmakers, self.complete_price)
        return join_bets(taken, self._fair_probabilities(prices))

    def _fair_probabilities(self, prices: pl.DataFrame) -> pl.DataFrame:
        if self.fair == CONSENSUS:
            return consensus(prices, self.method, self.fair_bookmakers, self.fair_min)
        return fair(prices.filter(pl.col("bookmaker") == self.fair), self.method)[[*BET, "prob"]]
