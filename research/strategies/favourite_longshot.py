"""Bet by the height of the odds alone: long odds are known to pay worse than short ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, BET, DECISION, fair, joined, narrowed, offers
from research.strategies.checks import is_name, method, one_of, set_lines, set_markets, set_names
from research.strategies.flat_all import break_even


@dataclass(frozen=True)
class FavouriteLongshot:
    """Selections of a band of odds; the band itself is `odds_min` and `odds_max`, which the kernel reads.

    The bias, first seen by Griffith (1949, "Odds adjustments by American horse-race bettors", American Journal of
    Psychology 62) and in football odds by Cain, Law & Peel (2000, "The favourite-longshot bias and market efficiency
    in UK football betting", Scottish Journal of Political Economy 47), is a matter of averages: it says nothing of one
    bet, hence the choice of `prob`.

    Attributes
    ----------
    markets, lines : tuple
        Where; None: all lines.
    pick : str
        ``all`` selections, of each market only the ``favourite`` (of equal odds the first by name) or only the
        ``longshot``.
    price : str
        ``best`` over `bookmakers`, a bookmaker, or an aggregate.
    bookmakers : tuple of str or None
        Real bookmakers that ``best`` chooses from; None: all.
    prob : str
        ``break_even``: the smallest number with `prob * odds >= 1`, an edge of 0. ``fair``: the price's own book
        without its margin, where all selections have a price; the methods that follow the bias (power, odds ratio,
        Shin) leave favourites more than ``multiplicative`` does, and the edge is below 0 by the margin.
    method : str
        Of margin removal where `prob` is ``fair``.
    """

    name: ClassVar[str] = "favourite_longshot"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    pick: str = "all"
    price: str = BEST
    bookmakers: tuple[str, ...] | None = None
    prob: str = "break_even"
    method: str = "power"

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "bookmakers")
        one_of("pick", self.pick, ("all", "favourite", "longshot"))
        one_of("prob", self.prob, ("break_even", "fair"))
        is_name("price", self.price)
        method("method", self.method)

    def requires(self) -> Requirement:
        """The bookmakers that may be backed."""
        return Requirement(self.markets, self.bookmakers if self.price == BEST else (self.price,))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row a selection, whatever its odds."""
        quotes = narrowed(view.quotes, self.markets, self.lines)
        alone = self.pick != "all"
        found = offers(quotes, self.price, self.bookmakers, complete=alone)
        if self.prob == "fair":
            book = found.select(*BET, "odds", bookmaker=pl.lit(self.price))
            found = joined(found, fair(book, self.method).select(*BET, "prob"))
        else:
            found = found.with_columns(prob=pl.Series(break_even(found["odds"]), dtype=pl.Float64))
        if alone:
            found = found.sort(
                [*DECISION, "odds", "selection"], descending=[False] * 4 + [self.pick == "longshot", False]
            ).unique(list(DECISION), keep="first", maintain_order=True)
        return found
