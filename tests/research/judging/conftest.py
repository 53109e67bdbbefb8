"""A small simulated store: two leagues of three seasons, with opening and closing prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.store.store import Store


@pytest.fixture(scope="session")
def leagues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the store; nothing writes into it."""
    folder = tmp_path_factory.mktemp("judging") / "store"
    settings = SimulatorSettings(
        seed=8, competitions=("ONE", "TWO"), seasons=3, teams=12, markets=("1x2",), bookmakers=DEFAULT_BOOKMAKERS[:2]
    )
    Store.create_or_open(folder).apply(simulate(settings))
    return folder
