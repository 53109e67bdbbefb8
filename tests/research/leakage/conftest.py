"""What tests of the leak finder share."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.paths import sample_store
from engine.source.batch import Batch
from engine.store.store import Store
from engine.store.universe import Universe
from tests.stores import batch_of


@pytest.fixture(scope="session")
def season() -> Batch:
    """One league and season of the sample."""
    sample, universe = Store.open(sample_store()), Universe(competitions=("SIM2",), seasons=("2019-2020",))
    return batch_of(sample.events(universe), sample.quotes(universe))


@pytest.fixture(scope="session")
def season_store(season: Batch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home whose store holds it; nothing writes into it."""
    folder = tmp_path_factory.mktemp("season")
    Store.create_or_open(folder / "data" / "store").apply([season])
    return folder
