"""Back what the market has moved towards (or away from), at prices that have not followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import polars as pl

from engine.clock import duration_ns
from engine.strategy import Requirement, View
from research.forecasting.market import opening
from research.strategies.books import (
    BEST,
    BET,
    CONSENSUS,
    back_prices,
    bookmakers_of,
    fair,
    join_bets,
    mean_of,
    offers,
    total_of,
    without_aggregates,
)
from research.strategies.checks import is_flag, is_name, method, one_of, set_lines, set_markets, set_names, within

OPENING: Final = "open"
_SERIES: Final = (*BET, "bookmaker")


@dataclass(frozen=True)
class LineMove:
    """Selections whose fair probability has moved by at least `move_min`, with the fair probability now as `prob`.

    The move of a bookmaker is ``log(now / before)`` of its fair probability, from its own price before to its price in
    force; that of a consensus is the mean over the bookmakers that have both. A decision sees the path of prices up to
    its instant only. With `execution.delay` the order is filled at the next quote after the delay.

    With `carry` c the probability is ``now * (now / before) ** c``, scaled to the sum of the probabilities now: 0 says
    that the price now is right, above 0 that the move goes on.

    Attributes
    ----------
    markets, lines : tuple
        Markets and lines to bet on; None: all lines.
    fair : str
        A bookmaker (or aggregate) whose move counts, or ``consensus`` of `fair_bookmakers`.
    fair_bookmakers : tuple of str or None
        Bookmakers of the consensus; None: all, without aggregates.
    fair_min : int
        Bookmakers with complete books before and now that a consensus needs.
    method : str
        Method of margin removal. A book for which it gives a value outside (0, 1) is left out.
    since : str
        ``open``: the first price of each bookmaker. A duration (``2h``): its price in force so long before the
        decision; a bookmaker without one has no move.
    move_min : float
        Smallest move, in the logarithm of the probability.
    pick : str
        ``with``: a move up by at least `move_min` (the price has shortened); ``against``: a move down.
    carry : float
        Share of the move that is expected once more.
    price, price_bookmakers : str, tuple or None
        Price taken, as in `research.strategies.value.Value`.
    skip_suspect : bool
        Ignore suspect prices: those that the import flags, and of those in force also those far from the other
        bookmakers (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "line_move"
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    fair: str = "pinnacle"
    fair_bookmakers: tuple[str, ...] | None = None
    fair_min: int = 3
    method: str = "multiplicative"
    since: str = OPENING
    move_min: float = 0.02
    pick: str = "with"
    carry: float = 0.0
    price: str = BEST
    price_bookmakers: tuple[str, ...] | None = None
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
        if self.since != OPENING:
            duration_ns(str(self.since), "strategy.since")
        within("move_min", self.move_min, 0.0, 5.0)
        one_of("pick", self.pick, ("with", "against"))
        within("carry", self.carry, -1.0, 5.0)
        is_flag("skip_suspect", self.skip_suspect)

    def requires(self) -> Requirement:
        """The path of prices of the bookmakers of move and price; of all where suspect ones are left out."""
        fair_books = self.fair_bookmakers if self.fair == CONSENSUS else (self.fair,)
        books = bookmakers_of(self.price, self.price_bookmakers, self.skip_suspect, fair_books)
        return Requirement(self.markets, books, path=True)

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection that has moved and has a price."""
        prices = back_prices(view.quotes, self.markets, self.lines, suspect=not self.skip_suspect)
        path = back_prices(view.known(), self.markets, self.lines)
        if self.skip_suspect:
            path = path.filter(~pl.col("suspect").fill_null(False))
        moved = self._moves(self._fair(prices), self._fair(self._before(path)))
        far_enough = pl.col("move") >= self.move_min if self.pick == "with" else pl.col("move") <= -self.move_min
        taken = offers(prices, self.price, self.price_bookmakers)
        return join_bets(taken, moved.filter(far_enough).drop("move"))

    def _before(self, path: pl.DataFrame) -> pl.DataFrame:
        """Of each bookmaker and selection the price from which its move counts."""
        if self.since == OPENING:
            return opening(path)
        age = (pl.col("decided_at") - pl.col("known_at")).cast(pl.Int64)
        early = path.filter(age >= duration_ns(self.since, "strategy.since"))
        return early.sort(*_SERIES, "known_at").unique(_SERIES, keep="last", maintain_order=True)

    def _fair(self, quotes: pl.DataFrame) -> pl.DataFrame:
        """Fair probabilities of the bookmakers whose moves count: `BET`, bookmaker, prob."""
        if self.fair == CONSENSUS:
            return fair(without_aggregates(quotes, self.fair_bookmakers), self.method)
        return fair(quotes.filter(pl.col("bookmaker") == self.fair), self.method)

    def _moves(self, now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
        """Probability and move of each bet: `BET`, prob, move; sorted."""
        both = now.join(before, on=_SERIES, how="inner", nulls_equal=True, suffix="_before").sort(_SERIES)
        both = both.with_columns(move=(pl.col("prob") / pl.col("prob_before")).log())
        means = mean_of(both, "prob").with_columns(move=mean_of(both, "move")["mean"])
        if self.fair == CONSENSUS:
            means = means.filter(pl.col("books") >= self.fair_min)
        if self.carry != 0.0:
            carried = means.with_columns(carried=pl.col("mean") * (pl.col("move") * self.carry).exp())
            scale = total_of(carried, carried["mean"]) / total_of(carried, carried["carried"])
            means = carried.with_columns(mean=(pl.col("carried") * scale).clip(upper_bound=1.0))
        return means.select(*BET, prob="mean", move="move")
