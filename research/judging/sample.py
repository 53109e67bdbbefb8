"""The judged events: one common set, with the probabilities of the market and the outcome of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ConfigurationError, DataError, EmptyUniverseError, check_names
from engine.identity import digest
from engine.odds import fair_probabilities
from engine.schema import SELECTIONS, with_optional
from engine.store.hashing import FrameHash
from engine.store.store import Store
from engine.store.universe import Universe
from research.forecasting.contract import Inputs
from research.forecasting.rows import OUTCOME, outcome_of
from research.judging.prices import market_at, quotes_at
from research.judging.settings import CLOSE, Price, Settings

__all__ = ["Sample", "books_of", "counted", "days_of", "sample_of"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Events to learn from, and those that are judged.

    Attributes
    ----------
    events : polars.DataFrame
        All events that may be learned from, in the columns of `schema.ALL_EVENTS`: those of the judged sport.
    judged : polars.DataFrame
        The judged ones, sorted by (starts_at, event_id), with `OUTCOME`, the index of what happened.
    odds : mapping of str to float64 (n, n_outcomes)
        Decimal odds of each market forecast, one row for each judged event.
    fair : mapping of str to float64 (n, n_outcomes)
        Its probabilities without the margin.
    known : mapping of str to int64 (n,)
        When its prices were known, UTC nanoseconds.
    decided : str
        `Settings.decided`.
    prices : polars.DataFrame or None
        The market of all events as models read it (`research.judging.prices`); None: no model does.
    left_out : mapping of str to int
        Events of the judged span that are not judged, by reason.
    data_hash : str
        Of the events and of the prices that were read.
    """

    events: pl.DataFrame
    judged: pl.DataFrame
    odds: Mapping[str, Floats]
    fair: Mapping[str, Floats]
    known: Mapping[str, Longs]
    decided: str
    prices: pl.DataFrame | None
    left_out: Mapping[str, int]
    data_hash: str = ""

    @property
    def outcomes(self) -> NDArray[np.int64]:
        """Index of the outcome of each judged event; (n,)."""
        return self.judged[OUTCOME].to_numpy().astype(np.int64)

    def is_later(self, market: str) -> bool:
        """Whether a price of a market forecast became known after the price of the same event that is bet on."""
        return bool((self.known[market] > self.known[self.decided]).any())

    def cut(self, kept: NDArray[np.bool_], left_out: Mapping[str, int]) -> Sample:
        """Some of the judged events, with what is left out by then."""
        odds, fair = ({name: rows[kept] for name, rows in part.items()} for part in (self.odds, self.fair))
        known = {name: instants[kept] for name, instants in self.known.items()}
        judged = self.judged.filter(pl.Series(kept))
        return replace(self, judged=judged, odds=odds, fair=fair, known=known, left_out=left_out)


def sample_of(settings: Settings, reads: Sequence[Inputs] = ()) -> Sample:
    """Read the store.

    Parameters
    ----------
    settings : Settings
    reads : sequence of Inputs
        What the models read.

    Raises
    ------
    EmptyUniverseError
        No event is left to judge; the message counts what is missing.
    ConfigurationError
        The judged events are of two sports.
    BeaError
        The store or the settings are not what they should be.
    """
    store = Store.open(settings.store_folder)
    events = with_optional(store.events(settings.learned)).sort("starts_at", "event_id")
    check_names("competition", settings.competitions, events["competition"].unique(), where="judge.competitions")
    span = _span(events, settings)
    if span.is_empty():
        first, last = days_of(events)
        raise EmptyUniverseError(
            "no event to judge", where="judge.*", expected=f"dates from {first} to {last}",
            found=f"{settings.first_date or 'the first'} to {settings.last_date or 'the last'}",
        )  # fmt: skip
    names = SELECTIONS[settings.market]
    books = {name: books_of(store, settings, price, events) for name, price in settings.markets.items()}
    if sport := _sport(span, books[CLOSE]):
        events, span = (part.filter(pl.col("sport") == sport) for part in (events, span))
    left_out, judged = dict[str, int](), span
    result = "no result" if "draw" in names else "no result, a tie"
    for reason, kept in (
        (f"{result}, or not played to its end", pl.col(OUTCOME).is_not_null()),
        ("no time of the result", pl.col("settled_at").is_not_null()),
        *((f"no complete price {p.bookmaker}:{p.kind}", _has(books[name])) for name, p in settings.markets.items()),
    ):
        rest = judged.filter(kept)
        if rest.height < judged.height:
            left_out[reason] = judged.height - rest.height
        judged = rest
    if judged.is_empty():
        found = f"of {span.height} events {counted(left_out)}"
        raise EmptyUniverseError("no event to judge", where="judge.*", found=found)
    odds = {name: _aligned(judged, book, names) for name, book in books.items()}
    known = {name: _aligned(judged, book, ("known_at",))[:, 0] for name, book in books.items()}
    decided = settings.decided
    market, seen = None, list(books.values())
    if any(needed.market for needed in reads):
        seen.append(quotes_at(store, settings, books[decided]))
        market = market_at(settings, events, seen[-1], any(needed.opening for needed in reads))
    return Sample(
        events, judged, odds, {name: fair_probabilities(values, settings.method) for name, values in odds.items()},
        known, decided, market, left_out, _hashed(events, *seen),
    )  # fmt: skip


def _hashed(*parts: pl.DataFrame) -> str:
    """Hash of the content of some frames."""
    hashes = []
    for part in parts:
        one = FrameHash()
        one.add(part)
        hashes.append(one.hexdigest())
    return digest(hashes)


def days_of(events: pl.DataFrame) -> tuple[str, str]:
    """First and last date of some events, ISO text."""
    days = events["date"].sort().cast(pl.String)
    return str(days[0]), str(days[-1])


def counted(left_out: Mapping[str, int]) -> str:
    """`Sample.left_out` in words."""
    return ", ".join(f"{number} with {reason}" for reason, number in left_out.items())


def _span(events: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Events of the judged span, with their outcome."""
    kept = pl.lit(True)
    if settings.competitions is not None:
        kept &= pl.col("competition").is_in(list(settings.competitions))
    if settings.first_date is not None:
        kept &= pl.col("date") >= settings.first_date
    if settings.last_date is not None:
        kept &= pl.col("date") <= settings.last_date
    return events.filter(kept).with_columns(outcome_of(settings.market))


def _sport(span: pl.DataFrame, book: pl.DataFrame) -> str | None:
    """The sport whose events are judged, and alone learned from; None: no event has prices."""
    sports = sorted(span.join(book, on="event_id", how="semi")["sport"].unique())
    if len(sports) > 1:
        raise ConfigurationError(
            "more than one sport to judge", where="judge.*", expected="one: a fit of two is wrong for both",
            found=", ".join(sports), todo=f"choose one, such as data.sports=[{sports[0]}]",
        )  # fmt: skip
    return sports[0] if sports else None


def books_of(store: Store, settings: Settings, price: Price, events: pl.DataFrame) -> pl.DataFrame:
    """Complete books of one bookmaker: event_id, the odds of each selection, all above 1, and known_at of the last.

    Of several prices of a kind the last one known by the start counts.
    """
    universe = replace(
        settings.learned,
        markets=(settings.market,), bookmakers=(price.bookmaker,), instants=(price.kind,), sides=("back",),
    )  # fmt: skip
    names = SELECTIONS[settings.market]
    try:
        quotes = _quotes(store, universe)
    except EmptyUniverseError:
        return pl.DataFrame(schema={"event_id": pl.Int64, **dict.fromkeys(names, pl.Float64), "known_at": pl.Int64})
    known = quotes.join(events.select("event_id", "starts_at"), on="event_id", how="inner")
    last = (
        known.filter((pl.col("known_at") <= pl.col("starts_at")) & (pl.col("odds") > 1.0))
        .sort("known_at", "event_id", "selection")
        .unique(["event_id", "selection"], keep="last", maintain_order=True)
    )
    columns = [pl.col("odds").filter(pl.col("selection") == name).first().alias(name) for name in names]
    known_at = pl.col("known_at").cast(pl.Int64).max()
    return last.group_by("event_id").agg(*columns, known_at).drop_nulls().sort("event_id")


def _quotes(store: Store, universe: Universe) -> pl.DataFrame:
    quotes = store.quotes(universe)
    if quotes["line"].null_count() < quotes.height:
        raise DataError("prices with a line", where=str(universe.markets), expected="a market without lines")
    return quotes


def _has(book: pl.DataFrame) -> pl.Expr:
    return pl.col("event_id").is_in(book["event_id"].implode())


def _aligned(judged: pl.DataFrame, book: pl.DataFrame, names: tuple[str, ...]) -> NDArray[Any]:
    joined = judged.select("event_id").join(book, on="event_id", how="left", maintain_order="left")
    return np.ascontiguousarray(joined.select(names).to_numpy())
