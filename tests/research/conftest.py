"""A small simulated store in a home of its own, shared by the tests of the leak finder."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.simulator.simulate import DEFAULT_BOOKMAKERS, SimulatorSettings, simulate
from engine.store.store import Store
from research.leakage import coverage

SETTINGS = SimulatorSettings(
    seed=5,
    competitions=("ONE", "TWO"),
    seasons=2,
    teams=8,
    markets=("1x2",),
    bookmakers=DEFAULT_BOOKMAKERS[:3],
)


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a home whose store holds 224 matches; nothing writes into it."""
    folder = tmp_path_factory.mktemp("leakage")
    Store.create_or_open(folder / "data" / "store").apply(simulate(SETTINGS))
    return folder


@pytest.fixture()
def small_home(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That home, as the home of the test."""
    monkeypatch.setenv("BEA_HOME", str(small_store))
    return small_store


@pytest.fixture()
def two_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instants are enough for a search to pass, in place of ten."""
    assert coverage.FEWEST_INSTANTS == 10 and coverage.FEWEST_DECISIONS == 100
    monkeypatch.setattr(coverage, "FEWEST_INSTANTS", 2)
