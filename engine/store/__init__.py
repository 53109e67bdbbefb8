"""Odds history on disk: Parquet in partitions, named by content, read only after its hashes were verified."""

from __future__ import annotations

from engine.store.incoming import ImportSummary
from engine.store.store import Store
from engine.store.universe import Universe

__all__ = ["ImportSummary", "Store", "Universe"]
