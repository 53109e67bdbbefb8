"""Features of the user that look ahead, or whose two forms differ: refused before a tape is built on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

import polars as pl

from engine.asof.features import Follower, frames
from engine.asof.view import VIEW, store_views
from engine.errors import DataError, EmptyUniverseError
from engine.schema import INSTANT_DTYPE
from engine.store.store import Store
from engine.strategy import Feature
from research.tapes.inputs import TapeInputs

#: instants at which a feature is made anew from what was settled before them, and decisions at each
INSTANTS: Final = 5
DECISIONS: Final = 20
#: days of events whose decisions are looked at
DAYS: Final = 8
_KEY: Final = ("decided_at", "event_id")


def of_the_user(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features that are no built-in ones: the contract suite of the project has not seen them."""
    return tuple(feature for feature in features if not type(feature).__module__.startswith("research.features."))


def some_decisions(store: Store, inputs: TapeInputs, days: Iterable[str]) -> pl.DataFrame:
    """Decisions on the events of a few days, spread over the whole universe: decided_at and event_id.

    Parameters
    ----------
    store : Store
    inputs : TapeInputs
    days : iterable of str
        ISO dates of the events of the universe.
    """
    known, frames = sorted(days), [pl.DataFrame(schema={name: VIEW[name] for name in _KEY})]
    for text in dict.fromkeys(known[number * (len(known) - 1) // (DAYS - 1)] for number in range(DAYS)):
        day = dt.date.fromisoformat(text)
        one = replace(inputs.visible, first_date=day, last_date=day)
        with suppress(EmptyUniverseError):
            frames += [view.quotes.select(_KEY) for view in store_views(store, one, inputs.spec.decide_at)]
    return pl.concat(frames).unique(maintain_order=True)


def check_features(features: Sequence[Feature], events: pl.DataFrame, quotes: pl.DataFrame) -> None:
    """Refuse a feature that does not keep its contract at some of the decisions.

    Its values at a few instants, spread over all decisions, must be the same without the results that were settled at
    the instant or later, and the same from its incremental form. A sample: the leak finder tests more, and tests the
    strategy as a whole.

    Parameters
    ----------
    features : sequence of Feature
    events : polars.DataFrame
        Columns of `schema.EVENTS`, all events that the features are made of.
    quotes : polars.DataFrame
        Columns decided_at and event_id; such as `View.quotes`.

    Raises
    ------
    DataError
        A feature looks ahead, or its forms differ; with an example.
    """
    decisions = quotes.select(_KEY).unique().sort(_KEY)
    instants = decisions["decided_at"].unique().sort()
    count = min(INSTANTS, len(instants))
    for number in range(count):
        instant = instants[number * (len(instants) - 1) // max(count - 1, 1)]
        asked = decisions.filter(pl.col("decided_at") == pl.lit(instant, INSTANT_DTYPE)).head(DECISIONS)
        settled = pl.col("settled_at").cast(INSTANT_DTYPE) < pl.lit(instant, INSTANT_DTYPE)
        past = events.with_columns(settled_at=pl.when(settled).then("settled_at").otherwise(None))
        for feature in features:
            whole = frames([feature], events, asked)[feature.name]
            _same(feature, whole, frames([feature], past, asked)[feature.name], events, ahead=True)
            _same(feature, whole, _told(feature, past, asked), events, ahead=False)


def _told(feature: Feature, past: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """The values of the incremental form."""
    follower = Follower([feature])
    follower.load(past)
    rows = past.join(asked, on="event_id", how="inner").with_columns(pl.col("decided_at").cast(pl.Int64))
    decisions = [(int(row["decided_at"]), row) for row in rows.iter_rows(named=True)]
    return follower.frames(decisions)[feature.name]


def _same(feature: Feature, found: pl.DataFrame, known: pl.DataFrame, events: pl.DataFrame, ahead: bool) -> None:
    if found.equals(known):
        return
    for here, there in zip(found.iter_rows(named=True), known.iter_rows(named=True), strict=True):
        for column in feature.columns:
            if pl.Series([here[column]]).equals(pl.Series([there[column]])):
                continue
            event = events.row(by_predicate=pl.col("event_id") == here["event_id"], named=True)
            at = f"{event['home']} v {event['away']}, {event['date']}, decided at {here['decided_at']:%Y-%m-%d %H:%M}"
            raise DataError(
                "a feature looks ahead" if ahead else "the two forms of a feature differ",
                where=f"{feature.name}.{column}, {at}",
                expected=f"{there[column]} {'without the results settled later' if ahead else 'as from start()'}",
                found=str(here[column]),
                todo="count results with settled_at < decided_at only" if ahead else "compute both in the same order",
            )
