"""What a strategy with a model learns from while it trades: the store's history before any instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from engine.asof.features import frames
from engine.asof.view import VIEW
from engine.clock import day_start
from engine.live.judgement.models import Calendar
from engine.strategy import Feature, History
from research.config.tape_spec import TapeSpec
from research.tapes.builder import Tapes
from research.validation.rules import DAILY


class Past:
    """The history that a backtest gives a fit, for any instant.

    Parameters
    ----------
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    quotes : polars.DataFrame
        `View.quotes` of all decisions.
    features : sequence of Feature
        What the learner requires.
    """

    def __init__(self, events: pl.DataFrame, quotes: pl.DataFrame, features: Sequence[Feature] = ()) -> None:
        self._events, self._features = events, tuple(features)
        self._quotes = quotes.sort("decided_at", maintain_order=True)

    @classmethod
    def of(cls, tapes: Tapes, spec: TapeSpec) -> Past:
        """The history in the store of a specification."""
        events, views = tapes.whole(spec)
        quotes = pl.concat([view.quotes for view in views]) if views else pl.DataFrame(schema=VIEW)
        return cls(events, quotes, tapes.inputs(spec).features)

    def before(self, until_ns: int) -> History:
        """Events settled, and quotes of decisions, before an instant, UTC nanoseconds."""
        settled, decided = (pl.col(name).cast(pl.Int64) < until_ns for name in ("settled_at", "decided_at"))
        quotes = self._quotes.filter(decided)
        return History(self._events.filter(settled), quotes, frames(self._features, self._events, quotes))


def calendar_of_fits(days: Sequence[str], refit: str, zone: str) -> Calendar:
    """The calendar of a promotion: its days as instants; every day goes on beyond the last one.

    Parameters
    ----------
    days : sequence of str
        ISO dates, as `TapeSpec.fit_at`.
    refit : str
        `validation.refit`.
    zone : str
    """
    instants = tuple(day_start(date.fromisoformat(day), zone) for day in days)
    return Calendar(instants, refit == DAILY, zone)
