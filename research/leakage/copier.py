"""Changed copies of a store.

A copy is a complete store with its own manifest, written as an import writes it. A partition that a mutation leaves
unchanged is written once and linked into every copy.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from engine.errors import EmptyUniverseError
from engine.schema import ALL_EVENTS, IN_PLAY, INSTANT_DTYPE, QUOTES
from engine.store import content, manifest
from engine.store.manifest import Entry, Manifest
from engine.store.merge import merge_events, merge_quotes
from engine.store.store import Store
from engine.store.universe import Universe
from research.leakage.mutation import Mutation

#: largest number of quotes that are kept in memory; partitions of a larger store are read again for every copy
_CACHED_QUOTES: Final = 3_000_000
_PARTITION: Final = ("sport", "competition", "season")

Partition = tuple[str, str, str]


@dataclass(frozen=True)
class Changed:
    """Numbers of rows that a mutation changed."""

    prices: int = 0
    results: int = 0

    @property
    def any(self) -> bool:
        """Whether any row was changed."""
        return bool(self.prices or self.results)


class Copier:
    """Writes copies of one store.

    Parameters
    ----------
    original : Store
    unchanged : Path
        Folder for the files of unchanged partitions. They are linked into the copies if it is on the same file system,
        else copied.
    """

    def __init__(self, original: Store, unchanged: Path) -> None:
        self._original, self._unchanged = original, unchanged
        self._events = original.events()
        self._placeholders = _placeholders(original, self._events)
        self._partitions: list[Partition] = sorted({entry.partition for entry in original.manifest.entries("events")})
        self._cacheable = original.count_quotes() <= _CACHED_QUOTES
        self._cache: dict[Partition, pl.DataFrame] = {}
        self._frames = _by_partition(self._events)
        self._entries: dict[tuple[str, Partition], Entry] = {}

    def write(self, folder: Path, mutation: Mutation) -> Changed:
        """Write a changed copy into a new folder.

        Parameters
        ----------
        folder : Path
            The folder of the copy.
        mutation : Mutation

        Returns
        -------
        Changed

        Raises
        ------
        StoreError
            The original cannot be read.
        """
        events, results = mutation.events(self._events)
        frames, prices = _by_partition(events), 0
        files: dict[str, Entry] = {}
        for part in self._partitions:
            same = frames[part].equals(self._frames[part], null_equal=True)
            rows, count = mutation.quotes(self._quotes(part))
            prices += count
            for entry in (
                self._put("events", part, frames[part], folder, same),
                self._put("quotes", part, pl.concat([rows, self._placeholders_of(part)]), folder, not count),
            ):
                if entry is not None:
                    files[entry.path] = entry
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder, Manifest(files))
        return Changed(prices, results)

    def _put(self, table: str, part: Partition, frame: pl.DataFrame, folder: Path, same: bool) -> Entry | None:
        """Write one table of one partition, or link it if it is unchanged. An empty table has no file."""
        if frame.is_empty():
            return None
        entry = self._entries.get((table, part)) if same else None
        if entry is None:
            entry = _write(table, part, frame, self._unchanged if same else folder)
            if not same:
                return entry
            self._entries[table, part] = entry
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self._unchanged / entry.path, target)
        except OSError:
            shutil.copyfile(self._unchanged / entry.path, target)
        return entry

    def _quotes(self, part: Partition) -> pl.DataFrame:
        if part in self._cache:
            return self._cache[part]
        try:
            rows = self._original.quotes(Universe(partitions=(part,)))
        except EmptyUniverseError:
            rows = pl.DataFrame(schema=QUOTES)
        if self._cacheable:
            self._cache[part] = rows
        return rows

    def _placeholders_of(self, part: Partition) -> pl.DataFrame:
        return self._placeholders.join(self._frames[part].select("event_id"), on="event_id", how="semi")


def _by_partition(events: pl.DataFrame) -> dict[Partition, pl.DataFrame]:
    parts = events.partition_by(_PARTITION, as_dict=True)
    return {(str(a), str(b), str(c)): rows for (a, b, c), rows in parts.items()}


def _write(table: str, part: Partition, frame: pl.DataFrame, folder: Path) -> Entry:
    """Write a table of a partition as an import does (`engine.store.writer`)."""
    if table == "events":
        frame = merge_events(pl.DataFrame(schema=ALL_EVENTS), frame)
    else:
        frame = merge_quotes(pl.DataFrame(schema=QUOTES), frame)
    raw = content.encode(frame)
    description = content.description(table, frame)
    entry = Entry(table, hashlib.sha256(raw).hexdigest(), len(raw), frame.height, *part, **description)
    path = folder / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return entry


def _placeholders(original: Store, events: pl.DataFrame) -> pl.DataFrame:
    """One in-play price for each market and each bookmaker, the same in every copy.

    They keep every market and bookmaker known to the store, even if all its prices lie after the instant, so that a
    configuration that names it stays valid. A view never shows an in-play price.
    """
    entries = original.manifest.entries("quotes")
    markets = sorted({name for entry in entries for name in entry.markets})
    books = sorted({name for entry in entries for name in entry.bookmakers})
    if not markets:
        return pl.DataFrame(schema=QUOTES)
    first = events.row(0, named=True)
    pairs = [(markets[0], book) for book in books] + [(market, books[0]) for market in markets[1:]]
    values = {
        "event_id": first["event_id"],
        "line": None,
        "selection": "home",
        "side": "back",
        "instant": IN_PLAY,
        "known_at_basis": "recorded",
        "odds": 2.0,
        "size_minor": None,
        "suspect": False,
    }
    known = pl.Series([first["starts_at"]], dtype=INSTANT_DTYPE).dt.offset_by("1s")
    frame = pl.DataFrame({"market": [pair[0] for pair in pairs], "bookmaker": [pair[1] for pair in pairs]})
    constants = [pl.lit(value, QUOTES[name]).alias(name) for name, value in values.items()]
    return frame.with_columns(*constants, pl.lit(known).first().alias("known_at")).select(list(QUOTES))
