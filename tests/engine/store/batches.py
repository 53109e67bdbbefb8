"""Batches of invented leagues, in the form in which a reader returns them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from engine.errors import SourceError
from engine.identity import event_ids
from engine.schema import EVENTS, QUARANTINE, QUOTES


@dataclass(frozen=True)
class FakeCounts:
    rows_read: int = 0
    rows_kept: int = 0
    rows_quarantined: int = 0
    prices_read: int = 0
    prices_kept: int = 0
    prices_empty: int = 0
    prices_quarantined: int = 0
    flags: int = 0
    new_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class FakeBatch:
    source: str
    name: str
    raw_sha256: str
    raw_bytes_path: Path | None
    events: pl.DataFrame
    quotes: pl.DataFrame
    quarantine: pl.DataFrame
    counts: FakeCounts
    refused: SourceError | None = None
    unchanged: bool = False
    known_by: str | None = None

    @property
    def identity(self) -> str:
        return self.raw_sha256 if self.known_by is None else self.known_by


def batch(
    rows: list[dict],
    *,
    name: str = "one.csv",
    source: str = "football_data",
    sport: str = "football",
    bookmakers: tuple[str, ...] = ("b365", "pinnacle", "max", "avg"),
    factor: float = 1.0,
    quarantine: list[dict] | None = None,
    raw: Path | None = None,
) -> FakeBatch:
    """Batch of matches: dictionaries with competition, season, date, home, away and any other column of EVENTS."""
    filled = [
        {
            "sport": sport,
            "neutral": False,
            "starts_at_basis": "assumed:noon",
            "settled_at_basis": "assumed:end_of_day",
            "status": "played",
            "home_score": 1,
            "away_score": 0,
            "winner": "home",
            "source": source,
            "raw_line": i + 2,
            **row,
        }
        for i, row in enumerate(rows)
    ]
    events = pl.DataFrame(filled, infer_schema_length=None)
    midnight = pl.col("date").cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    sha = hashlib.sha256(repr((name, factor, filled)).encode()).hexdigest()
    known = pl.col("status") != "scheduled"
    events = (
        events.with_columns(
            pl.Series("event_id", event_ids(events)),
            (midnight + pl.duration(hours=15)).alias("starts_at"),
            pl.when(known).then(midnight + pl.duration(hours=23, minutes=59, seconds=59)).alias("settled_at"),
            pl.lit(sha).alias("raw_file"),
            *(pl.when(known).then(pl.col(c)).alias(c) for c in ("home_score", "away_score", "winner")),
        )
        .select(list(EVENTS))
        .cast(EVENTS)
    )
    quotes = prices(events, bookmakers, factor)
    rejected = pl.DataFrame(quarantine or [], schema=QUARANTINE)
    counts = FakeCounts(len(rows), len(rows), 0, quotes.height, quotes.height)
    return FakeBatch(source, name, sha, raw, events, quotes, rejected, counts)


def prices(events: pl.DataFrame, bookmakers: tuple[str, ...], factor: float = 1.0) -> pl.DataFrame:
    """Opening prices of 1x2 and totals, and closing prices of 1x2, for events."""
    books = pl.DataFrame({"bookmaker": list(bookmakers)})
    columns = pl.DataFrame(
        {
            "market": ["1x2"] * 3 + ["totals"] * 2 + ["1x2"] * 3,
            "line": [None] * 3 + [2.5] * 2 + [None] * 3,
            "selection": ["home", "draw", "away", "over", "under", "home", "draw", "away"],
            "instant": ["open"] * 5 + ["close"] * 3,
        }
    )
    rows = events.select("event_id", "starts_at").join(books, how="cross").join(columns, how="cross")
    noise = np.random.default_rng(events.height).exponential(2.0, rows.height)
    at = (
        pl.when(pl.col("instant") == "close").then(pl.col("starts_at")).otherwise(pl.col("starts_at").dt.truncate("1d"))
    )
    return (
        rows.with_columns(
            at.alias("known_at"),
            pl.lit("back").alias("side"),
            pl.lit("assumed:match_day").alias("known_at_basis"),
            pl.Series("odds", np.round(1.01 + noise * factor, 2)),
            pl.lit(None, pl.Float64).alias("size_minor"),
            pl.lit(False).alias("suspect"),
        )
        .select(list(QUOTES))
        .cast(QUOTES)
    )


def match(home: str, away: str, day: date, competition: str = "E0", season: str = "2021-2022", **more: object) -> dict:
    return {"competition": competition, "season": season, "date": day, "home": home, "away": away, **more}


def league(competition: str, year: int, n: int = 380, bookmakers: int = 4) -> FakeBatch:
    """One file with a season of `n` matches over 280 days."""
    names = ("b365", "pinnacle", "max", "avg", *(f"book{i}" for i in range(bookmakers)))[:bookmakers]
    rows = [
        match(
            f"T{i % 20}",
            f"A{i % 19}",
            date(year, 8, 1) + timedelta(days=i * 280 // n),
            competition,
            f"{year}-{year + 1}",
        )
        for i in range(n)
    ]
    return batch(rows, name=f"{competition}_{year}.csv", bookmakers=names)
