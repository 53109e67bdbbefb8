"""Batches and stores of frames, without a file that is read."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from engine.schema import QUARANTINE
from engine.source.batch import Batch, Counts
from engine.store.store import Store


def batch_of(events: pl.DataFrame, quotes: pl.DataFrame) -> Batch:
    """The batch that a source would give, with nothing in quarantine."""
    return Batch("simulator", "file", "0" * 64, None, events, quotes, pl.DataFrame(schema=QUARANTINE), Counts(), None)


def stored(folder: Path, events: pl.DataFrame, quotes: pl.DataFrame) -> None:
    """Put them into the store of a folder, made where there is none."""
    Store.create_or_open(folder).apply([batch_of(events, quotes)])
