"""Back all selections of a market whose best prices guarantee a profit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.clock import duration_ns
from engine.errors import ConfigurationError
from engine.schema import AGGREGATES, WINNERS
from engine.strategy import Requirement, View
from research.strategies.books import BEST, back_prices, offers, total_of
from research.strategies.checks import is_flag, set_lines, set_markets, set_names, within


@dataclass(frozen=True)
class Arbitrage:
    """Markets whose best prices have an overround below 1.

    With ``s = sum(1 / odds)`` over the best prices, the profit per unit staked is ``1 / s - 1``. The `stake_weight` of
    a leg is its share ``(1 / odds) / s`` of the stake on the market, so that every outcome pays the same. Its `prob` is
    that share too, so that the edge of every leg is the profit. Two selections of double chance win together: there s
    is half of the sum, and the `stake_weight` half of the share. All legs of a market are one `group`: all of them are
    placed, or none. Staking rules that depend on the odds (Kelly, target) would split the stake differently, so use
    flat or percent.

    E. Franck, E. Verbeek & S. Nüesch (2013), "Inter-market arbitrage in betting", Economica 80.

    Attributes
    ----------
    markets, lines : tuple
        Markets and lines to bet on; None: all lines.
    bookmakers : tuple of str or None
        Bookmakers whose prices are used; None: all. Aggregates are not allowed.
    profit_min : float
        Lowest profit per unit.
    age_max : str or None
        Oldest price at the decision, such as ``30m``; None: any. A price that has not been repeated may no longer be
        available.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and those far from the other bookmakers at the decision
        (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "arbitrage"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    bookmakers: tuple[str, ...] | None = None
    profit_min: float = 0.0
    age_max: str | None = None
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "bookmakers")
        within("profit_min", self.profit_min, 0.0, 10.0)
        is_flag("skip_suspect", self.skip_suspect)
        if self.age_max is not None:
            duration_ns(str(self.age_max), "strategy.age_max")
        aggregates = sorted(set(self.bookmakers or ()) & set(AGGREGATES))
        if aggregates:
            raise ConfigurationError(
                "no bookmaker offers the prices of an aggregate",
                where="strategy.bookmakers",
                expected="bookmakers",
                found=aggregates[0],
            )

    def requires(self) -> Requirement:
        """Prices of `bookmakers`; of all where suspect ones are left out."""
        return Requirement(self.markets, None if self.skip_suspect else self.bookmakers)

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each leg of every market with a guaranteed profit of at least `profit_min`."""
        quotes = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        if self.age_max is not None:
            age = (pl.col("decided_at") - pl.col("known_at")).cast(pl.Int64)
            quotes = quotes.filter(age <= duration_ns(self.age_max, "strategy.age_max"))
        legs = offers(quotes, BEST, self.bookmakers, complete=True)
        winners = pl.col("market").replace_strict(WINNERS, default=1)
        legs = legs.with_columns(total=total_of(legs, 1.0 / legs["odds"]) / legs.select(winners).to_series())
        legs = legs.filter((pl.col("total") < 1.0) & (1.0 / pl.col("total") - 1.0 >= self.profit_min))
        share = (1.0 / pl.col("odds")) / pl.col("total")
        number = pl.struct("market", "line").rank("dense").over("decided_at", "event_id").cast(pl.Int64)
        return legs.with_columns(prob=share.clip(upper_bound=1.0), stake_weight=share / winners, group=number).drop(
            "total"
        )
