"""What a runner received, as a store: the backtest can then walk what the runner saw instead of what is known today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.live.feed import Fixture, Message, Quote, Result
from engine.live.feeds.recorded import Recorded
from engine.promotion import Promotion
from engine.schema import ALL_EVENTS, INSTANT_DTYPE, QUOTES
from engine.source.batch import Batch
from engine.store.store import Store

SOURCE: Final = "recording"
_INSTANTS: Final = tuple(name for name, dtype in ALL_EVENTS.items() if dtype == INSTANT_DTYPE)
_BASIS: Final = "recorded"


def history_of(messages: Iterable[Message]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and quotes of messages.

    Returns
    -------
    polars.DataFrame, polars.DataFrame
        Columns of `schema.ALL_EVENTS`, the last fixture and the last result of each event, settled when its first
        result became known; columns of `schema.QUOTES`, one row for each quote.
    """
    events: dict[int, dict[str, Any]] = {}
    settled: dict[int, int] = {}
    quotes: list[tuple[Any, ...]] = []
    for message in messages:
        if isinstance(message, Quote):
            quotes.append(_quote(message))
        elif isinstance(message, Fixture | Result):
            event_id = int(message.values["event_id"])
            known = {name: value for name, value in message.values.items() if value is not None}
            events[event_id] = events.get(event_id, {}) | known
            if isinstance(message, Result):
                settled.setdefault(event_id, message.known_at_ns)
    rows = [
        {name: values.get(name) for name in ALL_EVENTS} | {"settled_at": settled.get(event_id)}
        for event_id, values in events.items()
    ]
    return _events(rows), pl.DataFrame(quotes, schema=_plain(QUOTES), orient="row").cast({"known_at": INSTANT_DTYPE})


def _quote(quote: Quote) -> tuple[Any, ...]:
    values = vars(quote) | {"instant": quote.kind, "known_at": quote.known_at_ns, "known_at_basis": _BASIS}
    return tuple(values[name] for name in QUOTES)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: pl.Int64 if dtype == INSTANT_DTYPE else dtype for name, dtype in schema.items()}


def _events(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Instants may be nanoseconds or datetimes; columns that a feed does not have say that it is a recording."""
    columns = {}
    for name, dtype in ALL_EVENTS.items():
        values = [row[name] for row in rows]
        if name in _INSTANTS:
            whole = all(value is None or isinstance(value, int) for value in values)
            columns[name] = pl.Series(name, values, dtype=pl.Int64 if whole else INSTANT_DTYPE).cast(INSTANT_DTYPE)
        else:
            columns[name] = pl.Series(name, values, dtype=dtype)
    frame = pl.DataFrame(columns)
    known = pl.col("settled_at").is_not_null()
    return frame.with_columns(
        pl.col("source", "raw_file").fill_null(SOURCE),
        pl.col("raw_line").fill_null(0),
        pl.col("starts_at_basis").fill_null(_BASIS),
        settled_at_basis=pl.when(known).then(pl.col("settled_at_basis").fill_null(_BASIS)),
    )


def played(recording: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events and quotes of a recording, as `history_of`.

    Raises
    ------
    DataError
        There is no recording, or it is damaged.
    """
    feed = Recorded(recording)
    batches = iter(lambda: feed.poll(0), None)
    return history_of(message for batch in batches for message in batch)


def recorded_store(recording: Path, folder: Path) -> Path:
    """Write a recording into a new store; returns the folder of the store.

    Raises
    ------
    DataError
        There is no recording, or it is damaged.
    """
    events, quotes = played(recording)
    Store.create_or_open(folder).apply([Batch(SOURCE, recording.name, "0" * 64, None, events, quotes)])
    return folder


def over(promotion: Promotion, store: Path) -> Promotion:
    """A promotion that reads another store; its name and digest stay."""
    return replace(promotion, settings={**promotion.settings, "data.store": str(store)})
