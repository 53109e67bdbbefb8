"""Back prices that are high compared with the mean of all bookmakers (Kaunitz, Zhong & Kreiner 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import (
    BEST,
    BET,
    DECISION,
    back_prices,
    complete_books,
    join_bets,
    mean_of,
    offers,
    without_aggregates,
)
from research.strategies.checks import is_flag, is_name, one_of, set_lines, set_markets, set_names, within

MEAN: Final = "mean"


@dataclass(frozen=True)
class Consensus:
    """Back a selection if ``odds > 1 / (1 / mean - alpha)`` and ``1 / mean > alpha``, for the mean odds of bookmakers.

    ``1 / mean`` overstates the probability by the margin of the mean odds, for which `alpha` is an estimate. `prob` is
    ``1 / mean - alpha``, so that every bet has an edge above 0, up to rounding. Only bets that meet the rule are
    opportunities.

    L. Kaunitz, S. Zhong & J. Kreiner (2017), "Beating the bookies with their own numbers - and how the online sports
    betting market is rigged", arXiv:1710.02824.

    Attributes
    ----------
    markets, lines : tuple
        Markets and lines to bet on; None: all lines.
    alpha : float
        Margin subtracted from ``1 / mean``; 0.05 in the paper.
    mean : str
        Mean odds: ``mean`` of the odds of `bookmakers`, or the price of an aggregate (``avg``) or bookmaker.
    price : str
        Price taken: ``best`` of `bookmakers`, or that of an aggregate (``max``) or bookmaker.
    bookmakers : tuple of str or None
        Bookmakers of ``best`` and ``mean``; None: all, without aggregates.
    books_min : int
        Bookmakers that must quote the selection, at least; 0: off. The code of the paper requires 4.
    pick : str
        ``all`` selections that meet the rule, or ``largest``: only the bet of each market with the largest expected
        margin ``(1 / mean - alpha) * odds - 1``, as in the code of the paper.
    complete_market : bool
        Only markets with a price and a mean for every selection.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and those far from the other bookmakers at the decision
        (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
        The rule looks for outliers, and typing errors are outliers.
    """

    name: ClassVar[str] = "consensus"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    alpha: float = 0.05
    mean: str = "avg"
    price: str = "max"
    bookmakers: tuple[str, ...] | None = None
    books_min: int = 0
    pick: str = "all"
    complete_market: bool = True
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self, whole_books=bool(self.complete_market))
        set_lines(self)
        set_names(self, "bookmakers")
        within("alpha", self.alpha, 0.0, 0.5)
        is_name("mean", self.mean)
        is_name("price", self.price)
        within("books_min", self.books_min, 0, 1000)
        one_of("pick", self.pick, ("all", "largest"))
        is_flag("complete_market", self.complete_market)
        is_flag("skip_suspect", self.skip_suspect)

    def requires(self) -> Requirement:
        """All bookmakers if they are counted, averaged, compared or doubted; else those of `mean` and `price`."""
        if self.skip_suspect:
            return Requirement(self.markets)
        named = {self.mean, self.price} - {MEAN, BEST}
        if self.books_min or self.mean == MEAN or self.price == BEST:
            return Requirement(self.markets, None if self.bookmakers is None else (*self.bookmakers, *sorted(named)))
        return Requirement(self.markets, tuple(sorted(named)))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each bet that meets the rule."""
        quotes = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        bets = join_bets(offers(quotes, self.price, self.bookmakers), self._means(quotes))
        if self.books_min:
            bets = join_bets(bets, self._counts(quotes)).filter(pl.col("books") >= self.books_min)
        if self.complete_market:
            bets = complete_books(bets, ())
        chance = 1.0 / pl.col("mean")
        bets = bets.filter((chance > self.alpha) & (pl.col("odds") > 1.0 / (chance - self.alpha)))
        if self.pick == "largest":
            excess = pl.col("odds") * (chance - self.alpha) - 1.0
            bets = (
                bets.with_columns(excess=excess)
                .sort([*DECISION, "excess", "selection"], descending=[False] * 4 + [True, False])
                .unique(list(DECISION), keep="first", maintain_order=True)
            )
        return bets.with_columns(prob=chance - self.alpha).drop("mean", "books", "excess", strict=False)

    def _means(self, quotes: pl.DataFrame) -> pl.DataFrame:
        if self.mean != MEAN:
            return quotes.filter(pl.col("bookmaker") == self.mean).select(*BET, mean="odds")
        return mean_of(without_aggregates(quotes, self.bookmakers), "odds").drop("books")

    def _counts(self, quotes: pl.DataFrame) -> pl.DataFrame:
        return without_aggregates(quotes, self.bookmakers).group_by(BET).agg(books=pl.len())
