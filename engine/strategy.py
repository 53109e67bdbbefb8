"""The contract of a strategy: its parameters, the quotes it needs, and one pure function of what was known.

A strategy is a frozen dataclass. It never sees a later quote, because its view does not hold them. It sees results only
through features: numbers made of events that were settled before the decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

import polars as pl

from engine.errors import ConfigurationError, DataError

#: what the opportunities of a decision may depend on: the rows of that decision, of all decisions on its event at that
#: instant, or of all decisions of its instant
DECISION, EVENT, INSTANT = "decision", "event", "instant"
SCOPES: Final = (DECISION, EVENT, INSTANT)


@dataclass(frozen=True)
class Requirement:
    """Quotes and features that a strategy needs.

    Attributes
    ----------
    markets : tuple of str
        Markets.
    bookmakers : tuple of str or None
        Bookmakers, and aggregates of a source; None for all.
    sides : tuple of str
        ``back`` and ``lay``.
    features : tuple of str
        Names of features: a built-in one, or a file in the folder ``features`` beside that of the strategy.
    path : bool
        Whether it needs the quotes before those in force: `View.path`.
    scope : str
        ``decision``: the opportunities of a decision on (event, market, line) depend on its own rows only. ``event``:
        they depend on all decisions on the event at the same instant, in other markets and lines too; a view always
        holds these.
        ``instant``: they depend on all decisions of the same instant, which then come in one view.
    closing : bool
        Whether a fit needs the closing prices of settled events: `History.closing`. No decision ever sees them.
    """

    markets: tuple[str, ...]
    bookmakers: tuple[str, ...] | None = None
    sides: tuple[str, ...] = ("back",)
    features: tuple[str, ...] = ()
    path: bool = False
    scope: str = DECISION
    closing: bool = False

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise ConfigurationError(
                "unknown scope", where="Requirement(scope=...)", expected=" | ".join(SCOPES), found=repr(self.scope)
            )


@dataclass(frozen=True)
class View:
    """The quotes in force at each decision, and the features that the strategy requires.

    Attributes
    ----------
    quotes : polars.DataFrame
        One row per decision and quote in force: decided_at, event_id, sport, competition, season, starts_at, market,
        line, selection, bookmaker, side, odds, size_minor, suspect, instant, known_at. Always known_at <= decided_at.
        A decision sees one quote, the latest, of each (event, market, line, selection, bookmaker, side). Sorted by
        decided_at, event_id, market, line, selection, bookmaker, side.
    features : mapping of str to polars.DataFrame
        By name, one row for each distinct (decided_at, event_id) of the quotes, sorted by them: these two columns and
        the columns of the feature. A value rests on events settled before decided_at only; null: not known yet.
    path : polars.DataFrame or None
        For `Requirement.path`: of each decision, all quotes of its event, market and line that are known by then, those
        that were replaced too, in the columns of `quotes`. Always known_at <= decided_at. Sorted like `quotes`, and by
        known_at within a series; of the quotes of a series that became known together the last one counts. None: not
        required.
    """

    quotes: pl.DataFrame
    features: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    path: pl.DataFrame | None = None

    def known(self) -> pl.DataFrame:
        """The path; raises `DataError` if the view was made without one."""
        if self.path is None:
            raise DataError("a view without the path of its quotes", todo="return Requirement(..., path=True)")
        return self.path

    def where(self, kept: pl.Expr) -> View:
        """The decisions for which an expression of decided_at and event_id holds, with their features and path."""
        path = None if self.path is None else self.path.filter(kept)
        return View(self.quotes.filter(kept), {name: frame.filter(kept) for name, frame in self.features.items()}, path)


@dataclass(frozen=True)
class History:
    """What is known at the instant at which a strategy is fitted.

    Attributes
    ----------
    events : polars.DataFrame
        Events settled before that instant, in the columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        The quotes of all decisions before that instant, in the columns of `View.quotes`.
    features : mapping of str to polars.DataFrame
        The features of these decisions, as in `View.features`.
    path : polars.DataFrame or None
        The path of these decisions, as in `View.path`.
    closing : polars.DataFrame or None
        For `Requirement.closing`: fair closing probabilities of these events, in the columns of
        `engine.asof.closing.fair_closing`. None: not required, or the store has none.
    """

    events: pl.DataFrame
    quotes: pl.DataFrame
    features: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    path: pl.DataFrame | None = None
    closing: pl.DataFrame | None = None


#: what a price is of
_PRICE: Final = ("decided_at", "event_id", "market", "line", "selection", "bookmaker", "side")


def as_offered(opportunities: pl.DataFrame, view: View) -> pl.DataFrame:
    """What a strategy offers, with size 0 where the price of its view has size 0: nobody could bet at it.

    Parameters
    ----------
    opportunities : polars.DataFrame
        Columns of `schema.OPPORTUNITIES`; `size_minor` where the strategy gives it.
    view : View
        Of these decisions.
    """
    is_empty = view.quotes["size_minor"] == 0.0
    if not is_empty.any():
        return opportunities
    empty = view.quotes.filter(is_empty).select(_PRICE)
    kinds = dict(opportunities.schema) | {"line": pl.Float64}
    if any(kinds.get(name) != dtype for name, dtype in empty.schema.items()):
        return opportunities
    joined = opportunities.with_columns(pl.col("line").cast(pl.Float64)).join(
        empty.with_columns(_empty=True), on=_PRICE, how="left", nulls_equal=True, maintain_order="left"
    )
    size = pl.col("size_minor") if "size_minor" in opportunities.columns else pl.lit(None, pl.Float64)
    return joined.with_columns(pl.when("_empty").then(0.0).otherwise(size).alias("size_minor")).drop("_empty")


class Running(Protocol):
    """A feature that is told one result after another: its incremental form, which trading uses."""

    def update(self, result: Mapping[str, Any], settled_ns: int) -> None:
        """Take in a result.

        Results come in the order of (settled_at, event_id), each event once.

        Parameters
        ----------
        result : mapping
            Plain values by column: `engine.asof.features.BEFORE` and `engine.asof.features.AFTER`.
        settled_ns : int
            When the event was settled, UTC nanoseconds.
        """
        ...

    def value(self, event: Mapping[str, Any], decided_ns: int) -> tuple[Any, ...]:
        """The values for an event, in the order of `Feature.columns`; None: not known yet. Nothing is changed by it.

        Parameters
        ----------
        event : mapping
            Plain values by column: `engine.asof.features.BEFORE`.
        decided_ns : int
            Instant of the decision, UTC nanoseconds; every result settled before it has been given, and no other.
        """
        ...


@runtime_checkable
class Feature(Protocol):
    """Numbers about an event, made of the events settled before a decision on it. Both forms give the same bits.

    Attributes
    ----------
    name : str
    columns : mapping of str to polars.DataType
        Its columns and their types.
    """

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Any]]

    def batch(self, results: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
        """The values of many decisions: one row of `columns` for each row of `asked`, in its order.

        Parameters
        ----------
        results : polars.DataFrame
            Settled events, event_id, settled_at and the columns `engine.asof.features.BEFORE` and `.AFTER`, sorted by
            (settled_at, event_id).
        asked : polars.DataFrame
            decided_at, event_id and the columns `engine.asof.features.BEFORE`, sorted by (decided_at, event_id). Only
            results with settled_at < decided_at count for a row.
        """
        ...

    def start(self) -> Running:
        """The incremental form, before the first result."""
        ...


@runtime_checkable
class Strategy(Protocol):
    """A named rule that turns a view into opportunities."""

    name: ClassVar[str]

    def requires(self) -> Requirement:
        """Markets, bookmakers and sides that the strategy needs."""
        ...

    def opportunities(self, view: View) -> pl.DataFrame:
        """Possible bets, one per row, in the columns of `schema.OPPORTUNITIES` and any of `schema.OPTIONAL`."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A strategy with a model. It is fitted on the days of `validation.refit` and decides until the next of them."""

    name: ClassVar[str]

    def requires(self) -> Requirement:
        """As `Strategy.requires`."""
        ...

    def fit(self, history: History, until: int) -> Strategy:
        """Return the strategy with its model fitted on a history that ends before `until`, UTC nanoseconds."""
        ...


@runtime_checkable
class Stored(Protocol):
    """A strategy, or one with a model, that reads files beside its code: a model that was fitted elsewhere.

    Their content belongs to what a run is, and a promotion freezes it.
    """

    def artifacts(self) -> Mapping[str, Path]:
        """The files, each by a short name."""
        ...


@runtime_checkable
class Modular(Protocol):
    """A strategy with code that it finds by name, such as a model: an edit of it makes another tape and another run."""

    def modules(self) -> Sequence[str | Path]:
        """Dotted names of the modules, and files of the user."""
        ...
