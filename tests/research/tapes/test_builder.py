"""Tapes of a store that does not fit into the memory they may take are built in parts, and are the same tapes."""

from __future__ import annotations

from pathlib import Path

import pytest

import research
from engine.asof.decisions import max_quotes
from engine.errors import ConfigurationError
from engine.paths import sample_store
from engine.store import Store

WORDS: dict[str, tuple[str, ...]] = {
    "at each quote": ("strategy=flat_all",),
    "several kinds": ("strategy=value", "data.instants=[open, close]", "clv.bookmaker=b365"),
    "before the start": ("strategy=value", "data.decide_at=before_start:1h"),
    "several decisions": ("strategy=consensus", "data.decide_at=before_start:24h+1h", "data.first_date=2019-02-01"),
    "later prices": ("strategy=flat_all", "execution.delay=5m", "execution.cash_out_before_start=1h"),
    "no close": ("strategy=flat_all", "data.competitions=[SIM2]", "clv.bookmaker=max"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(WORDS))
def test_a_tape_built_in_parts_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    assert len(Store.open(sample_store()).parts(max_quotes=max_quotes(64))) > 2
    found = []
    for memory_mb in (64, 4096):
        monkeypatch.setenv("BEA_HOME", str(tmp_path / str(memory_mb)))
        run = research.backtest(["data=sample", *WORDS[case], f"data.memory_mb={memory_mb}", "report=false"])
        found.append((run.manifest["run"], run.manifest["tapes"], run.manifest["data"]))
        assert run.manifest["tapes"][0]["opportunities"] > 0
    assert found[0] == found[1]


def test_too_little_memory_is_refused(home: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"data\.memory_mb"):
        research.backtest(["data=sample", "data.memory_mb=8", "report=false"])
