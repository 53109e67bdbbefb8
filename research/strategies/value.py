"""Back a price that is better than a fair one: the margin of a sharp book, or of a consensus, taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, BET, CONSENSUS, consensus, fair, joined, narrowed, offers
from research.strategies.checks import is_flag, is_name, method, set_lines, set_markets, set_names, within


@dataclass(frozen=True)
class Value:
    """`prob` is a fair probability, `odds` the price at which the selection can be backed; `edge_min` does the rest.

    Attributes
    ----------
    markets, lines : tuple
        Where; None: all lines.
    fair : str
        Whose opinion: a sharp bookmaker (or an aggregate) by name, or ``consensus``, the mean of the fair
        probabilities of `fair_bookmakers`.
    fair_bookmakers : tuple of str or None
        Real bookmakers of the consensus; None: all.
    fair_min : int
        Books that a consensus needs.
    method : str
        Of margin removal (`odds.fair_probabilities`). A book for which it gives a value outside (0, 1) has none.
    price : str
        Whose price is taken: ``best`` over `price_bookmakers`, a bookmaker, or an aggregate (``max``, which nobody
        may have offered).
    price_bookmakers : tuple of str or None
        Real bookmakers that ``best`` chooses from; None: all.
    complete_price : bool
        Only where every selection of the market has such a price.
    skip_suspect : bool
        Leave out prices that the source flags (a maximum above three times the average).
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
        """The books of the opinion and of the price."""
        opinion = self.fair_bookmakers if self.fair == CONSENSUS else (self.fair,)
        price = self.price_bookmakers if self.price == BEST else (self.price,)
        if opinion is None or price is None:
            return Requirement(self.markets)
        return Requirement(self.markets, tuple(sorted({*opinion, *price})))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row a selection that has both a fair probability and a price."""
        prices = narrowed(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        return joined(offers(prices, self.price, self.price_bookmakers, self.complete_price), self._opinion(prices))

    def _opinion(self, prices: pl.DataFrame) -> pl.DataFrame:
        if self.fair == CONSENSUS:
            return consensus(prices, self.method, self.fair_bookmakers, self.fair_min)
        return fair(prices.filter(pl.col("bookmaker") == self.fair), self.method).select(*BET, "prob")
