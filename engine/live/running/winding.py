"""A start that only settles: what is open is looked up, settled and charged; nothing is decided, nothing is sent.

So the bets of a promotion end that may be traded no more: it has expired, is demoted, or its code or data has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import polars as pl

from engine.live.bets.book import Book
from engine.live.execution.settings import ExecutionSettings
from engine.strategy import Requirement, View

#: in the body of a STARTED entry: the runner only settles
WIND_DOWN: Final = "wind_down"
#: why a runner ends that winds down
NOTHING_OPEN: Final = "nothing is open"


@dataclass(frozen=True)
class Idle:
    """A strategy that never bets, in the place of the promotion's, which need not be there any more.

    Attributes
    ----------
    markets : tuple of str
        Of the bets that are open: what is read of the history.
    """

    markets: tuple[str, ...] = ()
    name: ClassVar[str] = "idle"

    def requires(self) -> Requirement:
        """As `engine.strategy.Strategy`: the markets."""
        return Requirement(self.markets)

    def opportunities(self, view: View) -> pl.DataFrame:
        """As `engine.strategy.Strategy`: none."""
        return pl.DataFrame()


def without_sends(settings: ExecutionSettings) -> ExecutionSettings:
    """Settings of an executor that sends nothing: intended bets are given up, and no request is made again."""
    return replace(settings, on_restart="abandon", attempts_most=1)


def end_of(book: Book) -> Callable[[], str]:
    """Asked after each turn: why a runner that winds down ends, or nothing while a bet is open."""
    return lambda: "" if book.alive() else NOTHING_OPEN
