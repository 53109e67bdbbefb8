"""What a reader of one source returns for one file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from engine.source.batch import Counts


@dataclass(frozen=True)
class Parsed:
    """Frames of the schemas EVENTS, QUOTES and QUARANTINE, and the counts.

    `depends_on_today`: a row was refused only because its date lies ahead, so the file may read otherwise later.
    """

    events: pl.DataFrame
    quotes: pl.DataFrame
    quarantine: pl.DataFrame
    counts: Counts
    depends_on_today: bool = False
