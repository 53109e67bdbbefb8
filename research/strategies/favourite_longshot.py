"""Bet on odds of a certain size: longshots return less on average than favourites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, BET, DECISION, back_prices, fair, join_bets, offers
from research.strategies.checks import is_flag, is_name, method, one_of, set_lines, set_markets, set_names
from research.strategies.flat_all import break_even


@dataclass(frozen=True)
class FavouriteLongshot:
    """Every selection, whatever its odds; the filters `odds_min` and `odds_max` choose the band of odds.

    The favourite-longshot bias was first described by Griffith (1949, "Odds adjustments by American horse-race
    bettors", American Journal of Psychology 62), and in football odds by Cain, Law & Peel (2000, "The
    favourite-longshot bias and market efficiency in UK football betting", Scottish Journal of Political Economy 47). It
    is a statement about averages and gives no opinion on a single bet. `prob` therefore has two options without one.

    Attributes
    ----------
    markets, lines : tuple
        Markets and lines to bet on; None: all lines.
    pick : str
        ``all`` selections, or of each market only the ``favourite`` or the ``longshot`` (of equal odds the selection
        whose name sorts first).
    price : str
        Price taken: ``best`` of `bookmakers`, or that of a bookmaker or aggregate.
    bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    prob : str
        ``break_even``: the smallest probability with ``prob * odds >= 1``, an edge of 0. ``fair``: the fair probability
        from the same prices, for markets with a price for every selection; the edge is then below 0 by the margin.
        Methods that model the bias (power, odds ratio, Shin) give favourites a higher probability than
        ``multiplicative``.
    method : str
        Method of margin removal for ``prob=fair``.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and those far from the other bookmakers at the decision
        (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "favourite_longshot"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    pick: str = "all"
    price: str = BEST
    bookmakers: tuple[str, ...] | None = None
    prob: str = "break_even"
    method: str = "power"
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "bookmakers")
        one_of("pick", self.pick, ("all", "favourite", "longshot"))
        one_of("prob", self.prob, ("break_even", "fair"))
        is_name("price", self.price)
        method("method", self.method)
        is_flag("skip_suspect", self.skip_suspect)

    def requires(self) -> Requirement:
        """Prices of `bookmakers`, or of the one that `price` names; of all where suspect ones are left out."""
        if self.skip_suspect:
            return Requirement(self.markets)
        return Requirement(self.markets, self.bookmakers if self.price == BEST else (self.price,))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection."""
        quotes = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        one_per_market = self.pick != "all"
        bets = offers(quotes, self.price, self.bookmakers, complete=one_per_market)
        if self.prob == "fair":
            book = bets.select(*BET, "odds", bookmaker=pl.lit(self.price))
            bets = join_bets(bets, fair(book, self.method).select(*BET, "prob"))
        else:
            bets = bets.with_columns(prob=pl.Series(break_even(bets["odds"]), dtype=pl.Float64))
        if one_per_market:
            bets = bets.sort(
                [*DECISION, "odds", "selection"], descending=[False] * 4 + [self.pick == "longshot", False]
            ).unique(list(DECISION), keep="first", maintain_order=True)
        return bets
