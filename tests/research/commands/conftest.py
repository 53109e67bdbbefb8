"""A home with a sweep and a backtest, made once for the tests of commands on runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import research
from research.api import Run

SWEEP = (
    "data=sample", "data.competitions=[SIM1]", "strategy.edge_min=0,0.03", "strategy.method=power,shin",
    "staking=flat,kelly", "risk=off,default", "report=false", "sweep.top=2", "data.seasons=null,[2019-2020]",
)  # fmt: skip


@pytest.fixture(scope="session")
def home_with_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one sweep and one backtest."""
    root = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEA_HOME", str(root))
        research.sweep(SWEEP)
        research.backtest(["data=sample", "data.competitions=[SIM1]", "report=false"])
    return root


@pytest.fixture()
def swept(home_with_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The sweep, with its home set."""
    monkeypatch.setenv("BEA_HOME", str(home_with_runs))
    return research.sweep(SWEEP)
