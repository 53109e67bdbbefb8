"""Back every selection of a market where the best prices together leave a sure profit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.clock import duration_ns
from engine.errors import ConfigurationError
from engine.schema import AGGREGATES
from engine.strategy import Requirement, View
from research.strategies.books import BEST, narrowed, offers, total_of
from research.strategies.checks import is_flag, set_lines, set_markets, set_names, within


@dataclass(frozen=True)
class Arbitrage:
    """Markets whose best prices sum under 1: with `s = sum(1 / odds)` the profit of one unit is `1 / s - 1`.

    A leg's `prob` is its share `(1 / odds) / s`, so that every leg's edge is that profit, and so is its
    `stake_weight`: a flat stake is the stake on the whole market, divided so that every outcome pays the same. The
    legs are a `group`, placed all or none. Staking rules that look at the odds (Kelly, target) would divide it
    otherwise: use flat or percent.

    M. Franck, E. Verbeek & S. Nüesch (2013), "Inter-market arbitrage in betting", Economica 80.

    Attributes
    ----------
    markets, lines : tuple
        Where; None: all lines.
    bookmakers : tuple of str or None
        Real bookmakers whose prices are taken; None: all. Never an aggregate.
    profit_min : float
        Least profit of one unit.
    age_max : str or None
        Prices older than this at the decision are left out, as 30m; None: off. A price that nobody has repeated may be
        gone.
    skip_suspect : bool
        Leave out prices that the source flags.
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
        named = sorted(set(self.bookmakers or ()) & set(AGGREGATES))
        if named:
            raise ConfigurationError(
                "an aggregate is nobody's offer", where="strategy.bookmakers", expected="bookmakers", found=named[0]
            )

    def requires(self) -> Requirement:
        """The bookmakers that may be backed."""
        return Requirement(self.markets, self.bookmakers)

    def opportunities(self, view: View) -> pl.DataFrame:
        """The legs of every market with a sure profit."""
        quotes = narrowed(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        if self.age_max is not None:
            age = (pl.col("decided_at") - pl.col("known_at")).cast(pl.Int64)
            quotes = quotes.filter(age <= duration_ns(self.age_max, "strategy.age_max"))
        legs = offers(quotes, BEST, self.bookmakers, complete=True)
        legs = legs.with_columns(total=total_of(legs, 1.0 / legs["odds"])).filter(
            (pl.col("total") < 1.0) & (1.0 / pl.col("total") - 1.0 >= self.profit_min)
        )
        share = (1.0 / pl.col("odds")) / pl.col("total")
        number = pl.struct("market", "line").rank("dense").over("decided_at", "event_id").cast(pl.Int64)
        return legs.with_columns(prob=share, stake_weight=share, group=number).drop("total")
