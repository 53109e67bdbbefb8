"""Everything that is worth a bet at one instant, with the stakes that grow the bankroll fastest together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import ClassVar, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.betting.kelly import kelly_market
from engine.betting.slate import Gamble, exclusive, growth_of_slate, kelly_slate
from engine.schema import LINE_MARKETS, OPEN_MARKETS, SELECTIONS, WINNERS
from engine.strategy import INSTANT, Requirement, View
from research.strategies.books import BEST, BET, DECISION
from research.strategies.checks import is_flag, refuse, set_lines, set_markets, set_names, within
from research.strategies.value import Value

#: markets whose stake can come back: a slate needs one winner
_VOIDABLE: Final = ("draw_no_bet", *WINNERS, *OPEN_MARKETS)


@dataclass(frozen=True)
class SlateKelly:
    """Bets above the fair odds, each with its share of the joint growth-optimal stakes of its instant (`kelly_frac`).

    Single Kelly stakes on forty matches of a Saturday can be more than the bankroll. The stakes of a slate maximise
    the expected log growth of all bets of an instant together (`engine.betting.slate`): exact for the exclusive
    selections of a market, and within 1e-7 of the largest growth for independent events. `kelly_frac` has no cap; the
    fraction and the caps of ``staking=kelly_column`` shrink it afterwards.

    Of an event that is decided in several markets or lines at once, the one that grows fastest alone is on the slate:
    prices do not say how the markets of one event hang together. Lines on which a stake can come back are left out.

    Attributes
    ----------
    markets, lines : tuple
        Markets of which exactly one selection wins, and their lines, of half goals; None: all of them.
    fair, fair_bookmakers, fair_min, method : str, tuple or None, int, str
        Fair probabilities, as in `research.strategies.value.Value`.
    price, price_bookmakers : str, tuple or None
        Price taken, as in `research.strategies.value.Value`.
    edge_slate : float
        Edge that one selection of a market needs, for the market to be on the slate.
    insurance : bool
        Whether a selection without an edge may insure the others of its market.
    skip_suspect : bool
        Ignore suspect prices, as in `research.strategies.value.Value`.
    """

    name: ClassVar[str] = "slate_kelly"
    #: the column `kelly_frac` is what it is for: a staking rule that does not read it is told of
    states_stakes: ClassVar[bool] = True
    markets: tuple[str, ...] = ("1x2",)
    lines: tuple[float, ...] | None = None
    fair: str = "pinnacle"
    fair_bookmakers: tuple[str, ...] | None = None
    fair_min: int = 3
    method: str = "multiplicative"
    price: str = BEST
    price_bookmakers: tuple[str, ...] | None = None
    edge_slate: float = 0.0
    insurance: bool = True
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_markets(self)
        set_lines(self)
        set_names(self, "fair_bookmakers")
        set_names(self, "price_bookmakers")
        for market in self.markets:
            if market in _VOIDABLE:
                known = " | ".join(name for name in SELECTIONS if name not in _VOIDABLE)
                raise refuse("markets", f"a market of which exactly one selection wins: {known}", market)
        for line in self.lines or ():
            if line % 1.0 != 0.5:
                raise refuse("lines", "lines of half goals, on which no stake comes back", line)
        within("edge_slate", self.edge_slate, 0.0, 10.0)
        is_flag("insurance", self.insurance)
        self._value()

    def _value(self) -> Value:
        """The rule that finds the bets; it checks its own parameters."""
        return Value(
            self.markets, self.lines, self.fair, self.fair_bookmakers, self.fair_min, self.method, self.price,
            self.price_bookmakers, skip_suspect=self.skip_suspect,
        )  # fmt: skip

    def requires(self) -> Requirement:
        """Prices as `Value`; all decisions of an instant in one view."""
        wanted = self._value().requires()
        return Requirement(wanted.markets, wanted.bookmakers, scope=INSTANT)

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each bet with a stake above 0."""
        half = ~pl.col("market").is_in(LINE_MARKETS) | ((pl.col("line") % 1.0) == 0.5)
        bets = self._value().opportunities(view).filter(half.fill_null(False)).drop("prob_sd", strict=False)
        edge = pl.col("prob") * pl.col("odds") - 1.0
        bets = bets.filter((edge.max().over(DECISION) > 0.0) & (edge.max().over(DECISION) >= self.edge_slate))
        if not self.insurance:
            bets = bets.filter(edge > 0.0)
        bets = bets.sort(BET)
        return bets.with_columns(kelly_frac=pl.Series(_stakes(bets), dtype=pl.Float64)).filter(pl.col("kelly_frac") > 0)


class _Book(NamedTuple):
    """The rows of one market of an event at an instant, and the stakes that it has alone."""

    rows: slice
    gamble: Gamble
    stakes: NDArray[np.float64]

    def growth(self) -> float:
        """Expected log growth of these stakes."""
        return growth_of_slate([self.gamble], [self.stakes])


def _stakes(bets: pl.DataFrame) -> NDArray[np.float64]:
    """Joint stakes of each instant, 0 for the bets that are not on a slate; rows sorted by `BET`."""
    stakes = np.zeros(bets.height)
    for _, of_instant in groupby(_books(bets), key=lambda found: found[0]):
        slate: list[_Book] = []
        for _, of_event in groupby(of_instant, key=lambda found: found[1]):
            books = [book for _, _, book in of_event]
            slate.append(books[0] if len(books) == 1 else max(books, key=_Book.growth))
        solved = kelly_slate([book.gamble for book in slate]) if len(slate) > 1 else [slate[0].stakes]
        for book, stake in zip(slate, solved, strict=True):
            stakes[book.rows] = stake
    return stakes


def _books(bets: pl.DataFrame) -> Iterator[tuple[int, int, _Book]]:
    """Instant, event and book of each decision, in their order."""
    odds, prob = (bets[name].to_numpy() for name in ("odds", "prob"))
    instants, events = bets["decided_at"].cast(pl.Int64).to_numpy(), bets["event_id"].to_numpy()
    runs = bets.select(pl.struct(DECISION).rle_id()).to_series().to_numpy()
    firsts = [*np.flatnonzero(np.append(True, runs[1:] != runs[:-1])[: len(runs)]).tolist(), len(runs)]
    for first, end in pairwise(firsts):
        rows = slice(first, end)
        book = _Book(rows, exclusive(odds[rows], prob[rows]), kelly_market(odds[rows], prob[rows]))
        yield int(instants[first]), int(events[first]), book
