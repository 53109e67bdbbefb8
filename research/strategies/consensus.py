"""Kaunitz, Zhong & Kreiner: back a maximum that is too high for the mean of all bookmakers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, BET, DECISION, joined, mean_of, narrowed, of_real, offers, whole
from research.strategies.checks import is_flag, is_name, one_of, set_lines, set_markets, set_names, within

MEAN: Final = "mean"


@dataclass(frozen=True)
class Consensus:
    """Back selection i where `odds_i > 1 / (1 / mean_i - alpha)` and `1 / mean_i > alpha`.

    `1 / mean_i` overstates the probability by the mean's margin, and `alpha` stands for that margin: `prob` of a bet
    is `1 / mean_i - alpha`, so that the edge of every bet is above 0 up to rounding. Only bets that meet the rule are
    opportunities.

    L. Kaunitz, S. Zhong & J. Kreiner (2017), "Beating the bookies with their own numbers - and how the online sports
    betting market is rigged", arXiv:1710.02824.

    Attributes
    ----------
    markets, lines : tuple
        Where; None: all lines.
    alpha : float
        The margin that is assumed; 0.05 in the paper.
    mean : str
        ``mean``: of the odds of `bookmakers`. Else a bookmaker or an aggregate (``avg``).
    price : str
        ``best`` over `bookmakers`, a bookmaker, or an aggregate (``max``).
    bookmakers : tuple of str or None
        Real bookmakers that ``best`` and ``mean`` are taken over; None: all.
    books_min : int
        Real bookmakers that must quote the selection; 0: not asked. The paper's code asks for more than three.
    pick : str
        ``all`` selections that meet the rule, or ``largest``: of a market only the one of largest margin
        ``(1 / mean - alpha) * odds - 1``, as in the paper's own code.
    complete_market : bool
        Only where every selection has both a price and a mean.
    skip_suspect : bool
        Leave out prices that the source flags. The rule looks for outliers, so it finds typing errors first.
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
        set_markets(self)
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
        """All bookmakers where one has to count, average or choose over them; else the two named ones."""
        named = {self.mean, self.price} - {MEAN, BEST}
        if self.books_min or self.mean == MEAN or self.price == BEST:
            return Requirement(self.markets, None if self.bookmakers is None else (*self.bookmakers, *sorted(named)))
        return Requirement(self.markets, tuple(sorted(named)))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row a bet that meets the rule."""
        quotes = narrowed(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        found = joined(offers(quotes, self.price, self.bookmakers), self._means(quotes))
        if self.books_min:
            found = joined(found, self._counts(quotes)).filter(pl.col("books") >= self.books_min)
        if self.complete_market:
            found = whole(found, ())
        chance = 1.0 / pl.col("mean")
        found = found.filter((chance > self.alpha) & (pl.col("odds") > 1.0 / (chance - self.alpha)))
        if self.pick == "largest":
            excess = pl.col("odds") * (chance - self.alpha) - 1.0
            found = (
                found.with_columns(excess=excess)
                .sort([*DECISION, "excess", "selection"], descending=[False] * 4 + [True, False])
                .unique(list(DECISION), keep="first", maintain_order=True)
            )
        return found.with_columns(prob=chance - self.alpha).drop("mean", "books", "excess", strict=False)

    def _means(self, quotes: pl.DataFrame) -> pl.DataFrame:
        if self.mean != MEAN:
            return quotes.filter(pl.col("bookmaker") == self.mean).select(*BET, mean="odds")
        return mean_of(of_real(quotes, self.bookmakers), "odds").drop("books")

    def _counts(self, quotes: pl.DataFrame) -> pl.DataFrame:
        return of_real(quotes, self.bookmakers).group_by(BET).agg(books=pl.len())
