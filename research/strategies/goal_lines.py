"""Strategies on lines of goals: expected goals of each decision, and the five results of every total and handicap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import polars as pl

from engine.schema import SELECTIONS
from engine.strategy import EVENT, Requirement, View
from research.forecasting.market import market_of
from research.forecasting.rows import KEY
from research.goals.grid import SIZE, ScoreGrid, low_score_grid, shared_grid
from research.goals.implied import implied_rates
from research.strategies.books import BEST, CONSENSUS, back_prices, bookmakers_of, offers
from research.strategies.checks import is_flag, is_name, method, one_of, set_lines, set_names

#: rates that the prices of a bookmaker imply, and features with columns home_rate and away_rate
MARKET: Final = "market"
RATES: Final = (MARKET, "dixon_coles", "poisson", "score_driven", "bivariate_poisson")
#: the columns of `schema.OPPORTUNITIES` and `OPTIONAL` for the first four results
STATES: Final = ("prob", "prob_half_win", "prob_void", "prob_half_lose")
_IMPLYING: Final = ("1x2", "totals")
_GOALS: Final = 2.5
#: grids of scores that are held together
_BLOCK: Final = 4096


@dataclass(frozen=True)
class GoalLines:
    """Prices on the lines of `market` with the probabilities of their five results.

    Attributes
    ----------
    lines : tuple of float or None
        Lines to bet on (of a handicap, of the HOME side); None: all lines of whole quarters below 15 goals.
    rates : str
        Where the expected goals come from. ``market``: the prices of `fair` on the result and on 2.5 goals at the same
        decision, which a grid of scores meets as far as scores can (`research.goals.implied`). Else a feature:
        ``dixon_coles``, ``poisson``, ``score_driven`` or ``bivariate_poisson``.
    fair : str
        Bookmaker (or aggregate) whose prices imply the rates, or ``consensus``: the mean of all, which one
        bookmaker alone is too. Without an effect where a feature gives the rates.
    method : str
        Method by which its margin is removed.
    price : str
        Price taken: ``best`` of `price_bookmakers`, or that of a bookmaker or aggregate (``max`` may never have been on
        offer).
    price_bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    skip_suspect : bool
        Ignore suspect prices (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    market: ClassVar[str]
    lines: tuple[float, ...] | None = None
    rates: str = MARKET
    fair: str = "pinnacle"
    method: str = "multiplicative"
    price: str = BEST
    price_bookmakers: tuple[str, ...] | None = None
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        set_lines(self)
        one_of("rates", self.rates, RATES)
        is_name("fair", self.fair)
        method("method", self.method)
        is_name("price", self.price)
        set_names(self, "price_bookmakers")
        is_flag("skip_suspect", self.skip_suspect)

    @property
    def unused(self) -> tuple[str, ...]:
        """Parameters that have no effect beside the others."""
        return () if self.rates == MARKET else ("fair", "method")

    def requires(self) -> Requirement:
        """Prices of the market; the feature of the rates, or the prices that imply them, of the same event."""
        if self.rates != MARKET:
            names = self.price_bookmakers if self.price == BEST else (self.price,)
            return Requirement((self.market,), None if self.skip_suspect else names, features=(self.rates,))
        markets = tuple(dict.fromkeys((self.market, *_IMPLYING)))
        fair = None if self.fair == CONSENSUS else (self.fair,)
        books = bookmakers_of(self.price, self.price_bookmakers, self.skip_suspect, fair)
        return Requirement(markets, books, scope=EVENT)

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection and line with a price, where the rates of the event are known."""
        markets = (self.market, *_IMPLYING) if self.rates == MARKET else (self.market,)
        prices = back_prices(view.quotes, markets, None, suspect=not self.skip_suspect)
        rates = implied(prices, self.fair, self.method) if self.rates == MARKET else view.features[self.rates]
        line = pl.col("line")
        wanted = ((line * 4.0) % 1.0 == 0.0) & (line.abs() < SIZE - 1)
        if self.lines is not None:
            wanted &= line.is_in(list(self.lines))
        own = prices.filter((pl.col("market") == self.market) & wanted)
        return with_states(offers(own, self.price, self.price_bookmakers), rates)


def implied(prices: pl.DataFrame, fair: str, margin_method: str) -> pl.DataFrame:
    """Rates that a bookmaker's prices of the result and of 2.5 goals imply (`research.goals.implied`).

    Parameters
    ----------
    prices : polars.DataFrame
        Back prices of a view.
    fair : str
        A bookmaker, an aggregate or ``consensus``.
    margin_method : str
        Method of margin removal.

    Returns
    -------
    polars.DataFrame
        `KEY`, home_rate, away_rate, rho: one row for each decision on an event with both prices; NaN where no rates
        agree with them.
    """
    result = market_of(prices, "1x2", fair, margin_method).select(*KEY, *SELECTIONS["1x2"])
    total = market_of(prices, "totals", fair, margin_method, _GOALS).select(*KEY, "over")
    both = result.join(total, on=list(KEY), how="inner", maintain_order="left")
    found = implied_rates(*(both[name].to_numpy() for name in (*SELECTIONS["1x2"], "over")))
    names = ("home_rate", "away_rate", "rho")
    return both.select(KEY).with_columns(pl.Series(n, v, dtype=pl.Float64) for n, v in zip(names, found, strict=True))


def with_states(taken: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Offers on lines of goals with the probabilities of their first four results.

    Parameters
    ----------
    taken : polars.DataFrame
        `research.strategies.books.offers` of totals or of Asian handicaps, on lines of whole quarters.
    rates : polars.DataFrame
        `KEY`, home_rate, away_rate, and optionally rho or shared: one row for each decision on an event.

    Returns
    -------
    polars.DataFrame
        Columns of `taken` and `STATES`; without the rows of decisions whose rates are missing, null or NaN, or more
        than the grid of scores holds.
    """
    numbers: list[str] = [name for name in ("home_rate", "away_rate", "rho", "shared") if name in rates.columns]
    known = rates.select(*KEY, *numbers).drop_nulls().filter(pl.all_horizontal(pl.col(numbers).is_not_nan()))
    rows = taken.join(known, on=list(KEY), how="inner", maintain_order="left")
    states = np.full((rows.height, len(STATES)), np.nan)
    for market, selection in rows.select("market", "selection").unique().sort("market", "selection").iter_rows():
        chosen = (rows["market"] == market) & (rows["selection"] == selection)
        at = np.flatnonzero(chosen.to_numpy())
        for first in range(0, len(at), _BLOCK):
            part = at[first : first + _BLOCK]
            lines = rows["line"].to_numpy()[part]
            states[part] = _grid(rows[part], numbers).states(market, selection, lines)[:, : len(STATES)]
    columns = [pl.Series(name, states[:, number], dtype=pl.Float64) for number, name in enumerate(STATES)]
    return rows.drop(numbers).with_columns(columns).filter(pl.col(STATES[0]).is_not_nan())


def _grid(rows: pl.DataFrame, numbers: list[str]) -> ScoreGrid:
    home, away = rows["home_rate"].to_numpy(), rows["away_rate"].to_numpy()
    if "shared" in numbers:
        return shared_grid(home, away, rows["shared"].to_numpy())
    return low_score_grid(home, away, rows["rho"].to_numpy() if "rho" in numbers else 0.0)
