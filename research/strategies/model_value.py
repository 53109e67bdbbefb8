"""Back prices above the fair odds of a model that is fitted walk-forward on what was settled before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
import polars as pl

from engine.errors import ConfigurationError, DataError
from engine.schema import SELECTIONS
from engine.strategy import History, Requirement, View
from research.forecasting.checks import checked
from research.forecasting.contract import MARKETS, Forecaster, Model
from research.forecasting.market import market_of, opening, with_opening
from research.forecasting.rows import KEY, rows_of, training_rows
from research.models import check_market, fitted, made, modules_of
from research.strategies.books import BEST, back_prices, bookmakers_of, offers
from research.strategies.checks import is_flag, is_name, method, one_of, refuse, set_names

if TYPE_CHECKING:
    from research.strategies.stored_value import StoredValue

#: what a view says of an event
_EVENT: Final = ("event_id", "sport", "competition", "season", "starts_at")


@dataclass(frozen=True)
class ModelValue:
    """Every selection with the model's probability as `prob` and the price taken; `edge_min` selects the bets.

    A decision for which the model has no answer, because its inputs are not known yet, has no bet.

    Attributes
    ----------
    model : str
        Name of a model of `research.models`: the option of the group ``model``.
    model_parameters : mapping or tuple of pairs
        Its parameters: the keys of the group ``model``; the others have their defaults.
    artifact : str or None
        A stored model instead of one that is fitted: a file, or the first digits of its hash.
    first_bet : str or None
        First date (UTC) of a bet with a stored model, such as ``2021-07-01``; None: all decisions. One inside the
        window of its training is refused.
    market : str
        ``1x2`` or ``moneyline``.
    market_bookmaker : str
        A bookmaker (or aggregate) whose fair probabilities a model may read as ``market.OUTCOME``; or ``consensus``,
        the mean over all bookmakers.
    method : str
        Method of margin removal. A book for which it gives a value outside (0, 1) is left out.
    price : str
        Price taken: ``best`` of `price_bookmakers`, or that of a bookmaker or aggregate (``max`` may never have been on
        offer).
    price_bookmakers : tuple of str or None
        Bookmakers that ``best`` compares; None: all, without aggregates.
    complete_price : bool
        Only markets with such a price for every selection.
    skip_suspect : bool
        Ignore suspect prices (`research.strategies.books.marked_prices`). Needs the prices of all bookmakers.
    """

    name: ClassVar[str] = "model_value"
    model: str = "market"
    model_parameters: Any = ()
    artifact: str | None = None
    first_bet: str | None = None
    market: str = "1x2"
    market_bookmaker: str = "pinnacle"
    method: str = "multiplicative"
    price: str = BEST
    price_bookmakers: tuple[str, ...] | None = None
    complete_price: bool = False
    skip_suspect: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "model_parameters", _pairs(self.model_parameters))
        one_of("market", self.market, MARKETS)
        is_name("market_bookmaker", self.market_bookmaker)
        method("method", self.method)
        is_name("price", self.price)
        set_names(self, "price_bookmakers")
        is_flag("complete_price", self.complete_price)
        is_flag("skip_suspect", self.skip_suspect)
        named: Any = self.artifact
        if isinstance(named, int):  # Hydra reads a hash without letters as a number
            object.__setattr__(self, "artifact", str(named))
        elif not isinstance(named, str | None):
            raise refuse("artifact", "a file or a hash", named, "give more of its digits, or quotes: \"'12e4'\"")
        if self.first_bet is not None:
            self._check_first_bet()
        chosen = self.made
        if self.artifact is None:
            check_market(chosen, self.market, "strategy.market")

    def _check_first_bet(self) -> None:
        object.__setattr__(self, "first_bet", str(self.first_bet))
        try:
            date.fromisoformat(str(self.first_bet))
        except ValueError:
            raise refuse("first_bet", "a date such as 2021-07-01", self.first_bet) from None
        if self.artifact is None:
            raise refuse("first_bet", "a stored model, strategy.artifact", self.first_bet, "set data.first_date")

    def chosen(self) -> ModelValue | StoredValue:
        """Itself; with an artifact the strategy on that.

        Raises
        ------
        DataError, ConfigurationError
            There is no such artifact, it is damaged, or of another model or market.
        """
        if self.artifact is None:
            return self
        from research.strategies.stored_value import StoredValue, artifact_of

        artifact, path = artifact_of(self.artifact)
        if self.market != artifact.market:
            raise refuse("market", f"{artifact.market}, the market of the artifact", self.market)
        of = replace(self, model=artifact.model, model_parameters=artifact.parameters, artifact=str(path))
        return StoredValue(of, path)

    @cached_property
    def made(self) -> Model:
        """The model before it is fitted; raises `ConfigurationError` for a wrong name or parameter."""
        return made(self.model, dict(self.model_parameters))

    def modules(self) -> tuple[str | Path, ...]:
        """Modules of the model, which is found by name, or its file."""
        return modules_of(self.model, dict(self.model_parameters))

    def requires(self) -> Requirement:
        """Prices of the market and of the price taken, and the features of the model."""
        inputs = self.made.inputs()
        fair = None if inputs.market else ()  # how far bookmakers disagree rests on all of them
        books = bookmakers_of(self.price, self.price_bookmakers, self.skip_suspect, fair)
        return Requirement((self.market,), books, features=inputs.features, path=inputs.opening)

    def fit(self, history: History, until: int) -> FittedValue:
        """Fit the model on the events settled before `until`, each by its last decision.

        Raises
        ------
        DataError
            The history is too short for the model.
        ConfigurationError
            It is of two sports.
        """
        view = View(history.quotes, history.features, history.path)
        learned = self.learned(self.rows(view), history.events, until)
        if learned.is_empty():
            raise DataError(
                f"model {self.model} has nothing to learn from",
                where=f"its fit at {pl.Series([until]).cast(pl.Datetime('ns'))[0]:%Y-%m-%d}",
                expected=f"settled events with decisions on {self.market}",
                todo="start earlier, or let the first fold be longer",
            )
        return FittedValue(self, fitted(self.made, learned, SELECTIONS[self.market]))

    def learned(self, rows: pl.DataFrame, events: pl.DataFrame, until: int) -> pl.DataFrame:
        """`research.forecasting.rows.training_rows` of one sport.

        Raises
        ------
        ConfigurationError
            The events are of two sports, and the model reads features: one fit for both would be wrong for each.
        """
        learned = training_rows(rows, events, until, self.market)
        sports = sorted(learned["sport"].unique())
        if len(sports) > 1 and self.made.inputs().features:
            raise ConfigurationError(
                "more than one sport to learn from", where=f"model {self.model}", expected="one: a fit of two is wrong "
                "for both", found=", ".join(sports), todo=f"choose one, such as data.sports=[{sports[0]}]",
            )  # fmt: skip
        return learned

    def rows(self, view: View) -> pl.DataFrame:
        """The rows of the model, one for each decision on the market (`research.forecasting.rows`).

        They have what a view says of an event: sport, competition, season and starts_at, and neither date nor teams.
        """
        quotes = self.prices(view)
        decisions, events = quotes.select(KEY).unique(), quotes.select(_EVENT).unique("event_id")
        inputs = self.made.inputs()
        market = None
        if inputs.market:
            market = self.market_of(quotes, view.known() if inputs.opening else None)
        return rows_of(decisions, events, view.features, market)

    def market_of(self, quotes: pl.DataFrame, path: pl.DataFrame | None) -> pl.DataFrame:
        """The market of each decision, as a model reads it.

        Parameters
        ----------
        quotes : polars.DataFrame
            `prices` of a view.
        path : polars.DataFrame or None
            Its path; None: without the columns of the opening.

        Returns
        -------
        polars.DataFrame
            `research.forecasting.market.market_of`; with a path, `research.forecasting.market.with_opening`.
        """
        now = self._market(quotes)
        if path is None:
            return now
        before = back_prices(opening(path), (self.market,), None, suspect=not self.skip_suspect)
        return with_opening(now, self._market(before), self.market)

    def _market(self, quotes: pl.DataFrame) -> pl.DataFrame:
        return market_of(quotes, self.market, self.market_bookmaker, self.method)

    def prices(self, view: View) -> pl.DataFrame:
        """Back prices of the market."""
        return back_prices(view.quotes, (self.market,), None, suspect=not self.skip_suspect)

    def taken(self, view: View) -> pl.DataFrame:
        """The price taken for each selection."""
        return offers(self.prices(view), self.price, self.price_bookmakers, self.complete_price)


@dataclass(frozen=True)
class FittedValue:
    """`ModelValue` with its model fitted.

    Attributes
    ----------
    of : ModelValue
    forecaster : Forecaster
    """

    name: ClassVar[str] = "fitted_value"
    of: ModelValue
    forecaster: Forecaster

    def requires(self) -> Requirement:
        """As the strategy that was fitted."""
        return self.of.requires()

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row for each selection with both a probability of the model and a price."""
        rows = self.of.rows(view)
        names = SELECTIONS[self.of.market]
        answers = np.empty((0, len(names)))
        if rows.height:
            answers = checked(self.forecaster.probabilities(rows), rows.height, len(names), self.of.model)
        known = pl.concat(
            [
                rows.select(KEY, selection=pl.lit(name), prob=pl.Series(answers[:, number], dtype=pl.Float64))
                for number, name in enumerate(names)
            ]
        )
        taken = self.of.taken(view)
        bets = taken.join(known, on=[*KEY, "selection"], how="inner", maintain_order="left")
        return bets.filter(pl.col("prob").is_not_nan())


def _pairs(parameters: Any) -> tuple[tuple[str, Any], ...]:
    """Parameters of a model as pairs, sorted by name."""
    given = dict(parameters.items() if isinstance(parameters, Mapping) else parameters)
    return tuple(sorted((str(name), value) for name, value in given.items()))
