"""The contract of a strategy: its parameters, the quotes it needs, and one pure function of what was known.

A strategy is a frozen dataclass. It never sees a result or a later quote, because its view does not hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import polars as pl


@dataclass(frozen=True)
class Requirement:
    """Quotes that a strategy needs.

    Attributes
    ----------
    markets : tuple of str
        Markets.
    bookmakers : tuple of str or None
        Bookmakers, and aggregates of a source; None for all.
    sides : tuple of str
        ``back`` and ``lay``.
    """

    markets: tuple[str, ...]
    bookmakers: tuple[str, ...] | None = None
    sides: tuple[str, ...] = ("back",)


@dataclass(frozen=True)
class View:
    """The quotes in force at each decision.

    Attributes
    ----------
    quotes : polars.DataFrame
        One row per decision and quote in force: decided_at, event_id, sport, competition, season, starts_at, market,
        line, selection, bookmaker, side, odds, size_minor, suspect, instant, known_at. Always known_at <= decided_at.
        A decision sees one quote, the latest, of each (event, market, line, selection, bookmaker, side). Sorted by
        decided_at, event_id, market, line, selection, bookmaker, side.
    """

    quotes: pl.DataFrame


@dataclass(frozen=True)
class History:
    """What is known at the instant at which a strategy is fitted.

    Attributes
    ----------
    events : polars.DataFrame
        Events settled before that instant, in the columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        The quotes of all decisions before that instant, in the columns of `View.quotes`.
    """

    events: pl.DataFrame
    quotes: pl.DataFrame


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
    """A strategy with a model. It is fitted at the start of each fold and decides until the next fold starts."""

    name: ClassVar[str]

    def requires(self) -> Requirement:
        """As `Strategy.requires`."""
        ...

    def fit(self, history: History, until: int) -> Strategy:
        """Return the strategy with its model fitted on a history that ends before `until`, UTC nanoseconds."""
        ...
