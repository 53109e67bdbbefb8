"""Strategies with a model: fitted on the days of a calendar, on nothing that was settled or quoted later.

The calendar, `validation.refit`, is the start of each fold, of each season, or every day. One tape holds the decisions
of all of it. Each decision comes from the last model fitted before it; before the first fold boundary there is no model
and no decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from engine.asof.view import VIEW
from engine.clock import day_start
from engine.errors import ConfigurationError, TapeError, check_frame
from engine.schema import OPPORTUNITIES
from engine.strategy import INSTANT, History, Learner, Modular, Strategy, View, as_offered
from research.config.tape_spec import TapeSpec
from research.tapes.features import Featured
from research.user_file import all_failures_named
from research.validation.rules import DAILY, FOLD, SEASON

_END = int(np.iinfo(np.int64).max)
_PATH = "the path"  # no name of a feature


def fitted_at(
    spec: TapeSpec,
    strategy: Strategy | Learner,
    dates: Sequence[dt.date],
    refit: str = FOLD,
    seasons: Collection[dt.date] = (),
) -> TapeSpec:
    """The specification with the days on which its model is fitted; unchanged if the strategy has no model.

    Parameters
    ----------
    spec : TapeSpec
    strategy : Strategy or Learner
    dates : sequence of date
        Fold boundaries (`research.validation.folds`); empty: no validation.
    refit : str
        `validation.refit`.
    seasons : collection of date
        First days of the seasons.

    Raises
    ------
    ConfigurationError
        A strategy with a model, and no folds.
    """
    if not isinstance(strategy, Learner):
        return spec
    if not dates:
        raise ConfigurationError(
            f"{strategy.name} is fitted at the start of each fold, and there are none",
            where="validation",
            expected="walk_forward, purged_kfold or cpcv",
            found="none",
            todo="add validation=walk_forward",
        )
    return replace(spec, fit_at=tuple(date.isoformat() for date in fit_days(dates, refit, seasons)))


def fit_days(dates: Sequence[dt.date], refit: str, seasons: Collection[dt.date] = ()) -> list[dt.date]:
    """Days at whose start a model is fitted, ascending. The first one is always the first fold boundary.

    Parameters
    ----------
    dates : sequence of date
        First day of each fold, and the day after the last one.
    refit : str
        ``fold``: each fold boundary; ``season``: the first day of each season; ``1d``: every day.
    seasons : collection of date
        First days of the seasons.
    """
    first, end = dates[1], dates[-1]
    if refit == DAILY:
        return [first + dt.timedelta(days=number) for number in range((end - first).days)]
    later = seasons if refit == SEASON else dates[2:-1]
    return [first, *sorted({day for day in later if first < day < end})]


def opportunities(
    spec: TapeSpec,
    strategy: Any,
    events: pl.DataFrame,
    views: Iterable[View],
    featured: Featured | None = None,
    closing: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Opportunities of a strategy over the views of one part of the universe, fitted first if it has a model.

    Parameters, and errors, are those of `offers_of`.
    """
    return all_offers([offers for _, offers in offers_of(spec, strategy, events, views, featured, closing)])


def offers_of(
    spec: TapeSpec,
    strategy: Any,
    events: pl.DataFrame,
    views: Iterable[View],
    featured: Featured | None = None,
    closing: pl.DataFrame | None = None,
) -> Iterator[tuple[View, pl.DataFrame]]:
    """Each view of one part of the universe with the opportunities of a strategy; those of a fit, or a slate, in one.

    Parameters
    ----------
    spec : TapeSpec
    strategy : Strategy or Learner
    events : polars.DataFrame
        Events of the part.
    views : iterable of View
        Without features. They are taken one after another, so that not all of them need to be in memory at once.
    featured : Featured, optional
        The features that the strategy requires; by default none.
    closing : polars.DataFrame, optional
        Fair closing probabilities of the events, for a fit that requires them.

    Raises
    ------
    ConfigurationError
        A file of the user, of a strategy or a model, fails; it and the line are named.
    """
    given, required = featured or Featured(), strategy.requires()
    if spec.fit_at or required.scope == INSTANT:
        views = [together(list(views))]
    for view in views:
        with failures_of(spec, strategy):
            if spec.fit_at:
                past = Past(events, given.of(view), closing if required.closing else None)
                offers = _fit_by_fit(spec, strategy, past)
            else:
                offers = _offered(spec, strategy, given.of(view)) if view.quotes.height else all_offers([])
        yield view, offers


def failures_of(spec: TapeSpec, strategy: Any) -> AbstractContextManager[None]:
    """Errors in the user's own files become one line that names file and line."""
    own = [] if spec.strategy_file is None else [Path(spec.strategy_file)]
    own += [part for part in strategy.modules() if isinstance(part, Path)] if isinstance(strategy, Modular) else []
    return all_failures_named(own)


def together(views: Sequence[View]) -> View:
    """Several views without features as one, its rows in the order of a view."""
    if len(views) == 1:
        return views[0]

    def joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
        return pl.concat([pl.DataFrame(schema=VIEW), *frames]).sort("decided_at", "event_id", maintain_order=True)

    has_path = any(view.path is not None for view in views)
    path = joined([view.known() for view in views]) if has_path else None
    return View(joined([view.quotes for view in views]), path=path)


def all_offers(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Opportunities of several views; a strategy may answer with a frame without columns where it has none."""
    return pl.concat([pl.DataFrame(schema=OPPORTUNITIES), *(frame for frame in frames if frame.width)], how="diagonal")


def _fit_by_fit(spec: TapeSpec, strategy: Any, past: Past) -> pl.DataFrame:
    frames = list[pl.DataFrame]()
    for since, until in pairwise([*fit_instants(spec.fit_at, spec.zone), _END]):
        seen = past.between(since, until)
        if seen.quotes.is_empty():
            continue  # nothing to decide until the next fit, so nothing to fit
        frames.append(_offered(spec, strategy.fit(past.before(since), since), seen))
    return all_offers(frames)


def fit_instants(days: Sequence[str], zone: str) -> tuple[int, ...]:
    """The instants at which a model is fitted, UTC nanoseconds: the starts of days (ISO dates) in a zone."""
    return tuple(day_start(dt.date.fromisoformat(day), zone) for day in days)


class Past:
    """What a fit may learn from, for any instant: events settled, and decisions made, before it.

    Parameters
    ----------
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    whole : View
        The quotes and features of all decisions.
    closing : polars.DataFrame, optional
        Fair closing probabilities of the events.
    """

    def __init__(self, events: pl.DataFrame, whole: View, closing: pl.DataFrame | None = None) -> None:
        self._events, self._closing = events, closing
        frames = {"": whole.quotes, **whole.features}
        if whole.path is not None:
            frames[_PATH] = whole.path
        self._frames = {name: frame.sort("decided_at", maintain_order=True) for name, frame in frames.items()}
        self._instants = {name: f["decided_at"].cast(pl.Int64).to_numpy() for name, f in self._frames.items()}

    def between(self, since: int, until: int) -> View:
        """Decisions from `since` to before `until`, UTC nanoseconds; slices of frames sorted by instant."""
        cut = {}
        for name, frame in self._frames.items():
            low, high = np.searchsorted(self._instants[name], (since, until), side="left")
            cut[name] = frame.slice(int(low), int(high - low))
        path = cut.pop(_PATH, None)
        return View(cut.pop(""), cut, path)

    def before(self, until_ns: int) -> History:
        """Events settled, and quotes and features of decisions, before an instant, UTC nanoseconds."""
        decided = self.between(-_END, until_ns)
        events = self._events.filter(pl.col("settled_at").cast(pl.Int64) < until_ns)
        closing = self._closing
        if closing is not None:
            closing = closing.join(events.select("event_id"), on="event_id", how="semi")
        return History(events, decided.quotes, decided.features, decided.path, closing)


def _offered(spec: TapeSpec, strategy: Any, view: View) -> pl.DataFrame:
    """What a strategy offers on a view; raises `TapeError` if it is no Polars frame."""
    offered: pl.DataFrame = strategy.opportunities(view)
    check_frame(offered, f"the opportunities of strategy {spec.strategy}", TapeError)
    return as_offered(offered, view)
