"""Rows of models: one for each decision on an event, with its features and the market, and outcomes to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from engine.errors import DataError
from engine.schema import SELECTIONS

KEY: Final = ("decided_at", "event_id")
#: columns of an event in the rows
EVENT: Final = ("sport", "competition", "season", "date", "home", "away", "neutral", "starts_at")
#: column with the index of the outcome in the selections of the market; null: not settled, or no outcome
OUTCOME: Final = "outcome"


def rows_of(
    decisions: pl.DataFrame,
    events: pl.DataFrame,
    features: Mapping[str, pl.DataFrame],
    market: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of some decisions.

    Parameters
    ----------
    decisions : polars.DataFrame
        Columns decided_at and event_id, distinct.
    events : polars.DataFrame
        Columns of `schema.EVENTS`; nothing but `EVENT` is read of them. Those that it lacks, as a view does, the rows
        lack too.
    features : mapping of str to polars.DataFrame
        By name, as `engine.strategy.View.features`.
    market : polars.DataFrame, optional
        decided_at, event_id and one column of probabilities for each outcome: ``home``, ``draw``, ``away``.

    Returns
    -------
    polars.DataFrame
        decided_at, event_id, `EVENT`, then ``FEATURE.COLUMN`` and ``market.OUTCOME``, sorted by (decided_at, event_id).
        Null: not known at the decision.

    Raises
    ------
    DataError
        A decision without its event.
    """
    known = events.select("event_id", *(name for name in EVENT if name in events.columns))
    rows = decisions.select(KEY).join(known, on="event_id", how="inner")
    if rows.height < decisions.height:
        lost = decisions.join(known, on="event_id", how="anti")["event_id"][0]
        raise DataError("a decision without its event", expected="every event_id in the events", found=str(lost))
    frames = dict(features) | ({} if market is None else {"market": market})
    for name, frame in frames.items():
        columns = {column: f"{name}.{column}" for column in frame.columns if column not in KEY}
        rows = rows.join(frame.rename(columns), on=KEY, how="left")
    return rows.sort(KEY)


def outcome_of(market: str) -> pl.Expr:
    """Index of the outcome of a market, ``1x2`` or ``moneyline``, in its selections; null where there is none.

    The score decides a 1X2; the stated winner a moneyline. An event that was not played to its end has no outcome.
    """
    home, away = pl.col("home_score"), pl.col("away_score")
    if market == "1x2":
        found = pl.when(home > away).then(0).when(home == away).then(1).when(home < away).then(2)
    else:
        names = SELECTIONS[market]
        found = pl.when(pl.col("winner") == names[0]).then(0).when(pl.col("winner") == names[1]).then(1)
    return pl.when(pl.col("status") == "played").then(found.otherwise(None)).cast(pl.Int8).alias(OUTCOME)


def training_rows(rows: pl.DataFrame, events: pl.DataFrame, until_ns: int, market: str) -> pl.DataFrame:
    """The rows to learn from at an instant: of events settled before it, each by its last decision, with the outcome.

    Parameters
    ----------
    rows : polars.DataFrame
        `rows_of`.
    events : polars.DataFrame
        Columns of `schema.EVENTS`.
    until_ns : int
        Instant of the fit, UTC nanoseconds.
    market : str
        ``1x2`` or ``moneyline``.

    Returns
    -------
    polars.DataFrame
        The rows with `OUTCOME`, home_score, away_score and settled_at, sorted by (decided_at, event_id).
    """
    settled = events.filter(pl.col("settled_at").cast(pl.Int64) < until_ns)
    results = settled.select("event_id", outcome_of(market), "home_score", "away_score", "settled_at")
    learned = rows.join(results.drop_nulls(OUTCOME), on="event_id", how="inner")
    last = learned.filter(pl.col("decided_at") < pl.col("settled_at")).sort(KEY)
    return last.unique("event_id", keep="last", maintain_order=True).sort(KEY)
