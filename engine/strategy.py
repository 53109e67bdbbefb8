"""The contract of a strategy: parameters, what it needs, and one pure function of what was knowable.

A strategy is a frozen dataclass. It never sees a result or a later quote: the view it is given does not hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import polars as pl


@dataclass(frozen=True)
class Requirement:
    """What a strategy needs to see.

    Attributes
    ----------
    markets : tuple of str
        Names of markets.
    bookmakers : tuple of str or None
        Names of bookmakers and aggregates of the source; None: all of them.
    sides : tuple of str
        ``back``, ``lay``.
    """

    markets: tuple[str, ...]
    bookmakers: tuple[str, ...] | None = None
    sides: tuple[str, ...] = ("back",)


@dataclass(frozen=True)
class View:
    """What was knowable at each instant of decision.

    Attributes
    ----------
    quotes : polars.DataFrame
        One row for each (decision, price in force): decided_at, event_id, sport, competition, season, starts_at,
        market, line, selection, bookmaker, side, odds, size_minor, suspect, instant, known_at; known_at <=
        decided_at, and of each (event, market, line, selection, bookmaker, side) only the latest one. Sorted by
        decided_at, event_id, market, line, selection, bookmaker, side.
    """

    quotes: pl.DataFrame


@dataclass(frozen=True)
class History:
    """What was known when a strategy is fitted.

    Attributes
    ----------
    events : polars.DataFrame
        Events whose results were settled before that instant, columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        As `View.quotes`, of the decisions before it.
    """

    events: pl.DataFrame
    quotes: pl.DataFrame


@runtime_checkable
class Strategy(Protocol):
    """A named rule that turns a view into opportunities."""

    name: ClassVar[str]

    def requires(self) -> Requirement:
        """Markets, bookmakers and sides that the strategy must see."""
        ...

    def opportunities(self, view: View) -> pl.DataFrame:
        """One row a possible bet, columns of `schema.OPPORTUNITIES` and any of `schema.OPTIONAL`."""
        ...


@runtime_checkable
class Learner(Protocol):
    """A strategy with a model: fitted at the start of each fold on what was known then, it bets until the next one."""

    name: ClassVar[str]

    def requires(self) -> Requirement:
        """As of `Strategy`."""
        ...

    def fit(self, history: History, until: int) -> Strategy:
        """The strategy with its model fitted; all of the history is before `until`, UTC nanoseconds."""
        ...
