"""Histories on which parity is shown: the sample, real seasons, and an exchange with lays and many snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from engine.clock import HOUR_NS
from engine.paths import sample_store
from engine.schema import INSTANT_DTYPE
from engine.source.read import read_files
from engine.store import Store
from engine.store.universe import Universe
from engine.tape.unresolved import prepared


@dataclass(frozen=True)
class World:
    """Events, as a tape settles them, and quotes of every kind."""

    events: pl.DataFrame
    quotes: pl.DataFrame

    def first(self, count: int) -> World:
        """The first events by their start."""
        events = self.events.sort("starts_at", "event_id").head(count)
        return World(events, self.quotes.join(events.select("event_id"), on="event_id", how="semi"))


def of_store(store: Store) -> World:
    """All of a store."""
    return World(prepared(store.events(Universe())), store.quotes(Universe()))


def sample() -> World:
    """The embedded sample."""
    return of_store(Store.open(sample_store()))


def seasons(reference_dir: Path, folder: Path) -> World:
    """Three real seasons of one league, read into a store in `folder`."""
    files = [reference_dir / "data" / "football_data" / f"E0_{season}.csv" for season in ("1819", "1920", "2021")]
    store = Store.create_or_open(folder / "store")
    store.apply(read_files("football_data", files))
    return of_store(store)


def exchange(world: World, seed: int) -> World:
    """The same events with snapshots of two exchanges on both sides, sizes, and events that are never played.

    Prices walk from quote to quote, some repeat at one instant, some come after the start.
    """
    rng = np.random.default_rng(seed)
    one = world.quotes.filter((pl.col("bookmaker") == "pinnacle") & (pl.col("market") == "1x2"))
    one = one.unique(["event_id", "selection"], keep="first", maintain_order=True).sort("event_id", "selection")
    starts = one.join(world.events.select("event_id", "starts_at"), on="event_id", maintain_order="left")["starts_at"]
    start, parts = starts.cast(INSTANT_DTYPE).cast(pl.Int64).to_numpy(), []
    for book in ("exchange_a", "exchange_b"):
        odds = one["odds"].to_numpy() * rng.uniform(0.95, 1.1, one.height)
        for ahead in (30, 8, 4, 2, 1, 0.5, -0.25):
            odds = np.maximum(1.02, np.round(odds * rng.uniform(0.96, 1.05, one.height), 2))
            known = start - int(ahead * HOUR_NS) - HOUR_NS // 12 * rng.integers(0, 3, one.height)
            for side, step in (("back", 0.0), ("lay", 0.03)):
                size = np.where(rng.random(one.height) < 0.5, rng.integers(0, 60_000, one.height), np.nan)
                parts.append(
                    one.with_columns(
                        bookmaker=pl.lit(book),
                        side=pl.lit(side),
                        instant=pl.lit("snapshot"),
                        known_at=pl.Series(known).cast(INSTANT_DTYPE),
                        known_at_basis=pl.lit("recorded"),
                        odds=pl.Series(np.round(odds + step, 2)),
                        size_minor=pl.Series(size).fill_nan(None),
                    )
                )
    never = pl.Series(rng.random(world.events.height) < 0.04)
    void = pl.Series(rng.random(world.events.height) < 0.04)
    events = world.events.with_columns(
        status=pl.when(never).then(pl.lit("scheduled")).when(void).then(pl.lit("abandoned")).otherwise("status"),
        settled_at=pl.when(never).then(None).otherwise("settled_at"),
        starts_at_basis=pl.lit("recorded"),
    )
    return World(prepared(events), pl.concat([world.quotes, *parts], how="vertical_relaxed"))
