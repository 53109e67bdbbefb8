"""What tests of the leak finder share."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.paths import sample_store
from engine.schema import QUARANTINE
from engine.source.batch import Batch, Counts
from engine.store.store import Store
from engine.store.universe import Universe


@pytest.fixture(scope="session")
def season() -> Batch:
    """One league and season of the sample."""
    sample, universe = Store.open(sample_store()), Universe(competitions=("SIM2",), seasons=("2019-2020",))
    events, quotes = sample.events(universe), sample.quotes(universe)
    return Batch("sample", "sample", "0" * 64, None, events, quotes, pl.DataFrame(schema=QUARANTINE), Counts(), None)


@pytest.fixture(scope="session")
def season_store(season: Batch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home whose store holds it; nothing writes into it."""
    folder = tmp_path_factory.mktemp("season")
    Store.create_or_open(folder / "data" / "store").apply([season])
    return folder
