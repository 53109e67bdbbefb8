"""Odds history on disk: partitioned Parquet files named by their content, verified before they are read."""

from __future__ import annotations

from engine.store.incoming import ImportSummary
from engine.store.store import Store
from engine.store.universe import Universe

__all__ = ["ImportSummary", "Store", "Universe"]
