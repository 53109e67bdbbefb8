"""Back the draw in matches without a clear favourite."""

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from engine.strategy import Requirement, View
from research.strategies.books import BEST, BET, back_prices, offers


@dataclass(frozen=True)
class LevelDraws:
    """Draws at the best price, where both teams have odds above `odds_level`.

    Attributes
    ----------
    prob : float
        Probability given to every draw: a guess, for the example.
    odds_level : float
        Least decimal odds of either team.
    """

    name: ClassVar[str] = "level_draws"
    prob: float = 0.28
    odds_level: float = 2.3

    def requires(self) -> Requirement:
        """All bookmakers of the 1X2 market."""
        return Requirement(("1x2",))

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row per draw of a level match."""
        prices = offers(back_prices(view.quotes, ("1x2",), None), BEST, complete=True)
        level = pl.col("odds").filter(pl.col("selection") != "draw").min().over(BET[:-1]) > self.odds_level
        return prices.filter(level & (pl.col("selection") == "draw")).with_columns(prob=pl.lit(self.prob))
