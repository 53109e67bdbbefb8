"""A search on workers finds what a search in one process finds, whoever dies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import DataError
from research.cluster.local import LocalExecutor
from research.cluster.seam import performed, value_of
from research.execution.progress import Silence
from research.leakage import finder, spread
from research.leakage.finder import Search, find_leaks
from research.leakage.findings import FAILED
from research.leakage.spread import TASK, OnWorkers
from research.records.leaks import leaks_folder
from tests.research.leakage.subjects import subject

PEEK = """
from dataclasses import dataclass
from typing import ClassVar
from engine.strategy import Requirement
import polars as pl
from engine.paths import home
from engine.store.store import Store

@dataclass(frozen=True)
class Peek:
    name: ClassVar[str] = "peek"

    def requires(self):
        return Requirement(("1x2",), ("b365",))

    def opportunities(self, view):
        goals = Store.open(home() / "data" / "store").events().select("event_id", "home_score")
        if goals["home_score"].sum() % 3 == 2:
            raise ValueError("a third of the goals is not whole")
        key = ["decided_at", "event_id", "market", "line", "selection", "bookmaker", "side"]
        rows = view.quotes.join(goals, on="event_id")
        return rows.select(*key, "odds", prob=0.2 + 0.1 * pl.col("home_score").fill_null(0).clip(0, 5))
"""
SETTINGS = {"cluster.name": "local", "cluster.workers": 2, "cluster.retries": 3, "cluster.target": None}


@pytest.fixture()
def own_home(small_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a small store and a strategy that looks ahead, and fails on some copies."""
    shutil.copytree(small_store / "data" / "store", tmp_path / "data" / "store")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "peek.py").write_text(PEEK)
    monkeypatch.setenv("BEA_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_workers_find_the_same_though_one_dies(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder, "_MAX_CAUSES", 0)
    started, killed = list[LocalExecutor](), list[int]()

    def executor_of(settings: dict[str, object]) -> LocalExecutor:
        started.append(LocalExecutor(2, 3))
        return started[0]

    class Killing(Silence):
        def step(self, count: int) -> None:
            if started and not killed:
                killed.append(started[0].pids[0])
                os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(spread, "executor_of", executor_of)
    tested, search = subject(["strategy=peek"]), Search(instants=4, seed=1)
    alone = find_leaks(tested, search)
    helped = find_leaks(tested, search, Killing(), OnWorkers(SETTINGS))
    assert len(killed) == 1
    assert helped.document() == alone.document()
    assert {leak.column for leak in alone.leaks} >= {"prob", FAILED}
    assert not list(leaks_folder().glob(".search-*"))


HELD = """
import sys, time
from research.leakage.spread import _work_folder
with _work_folder() as work:
    (work / "copy").write_text("of a store")
    print(work, flush=True)
    time.sleep(600)
"""


def test_folders_of_killed_searches_are_removed_and_no_others(own_home: Path) -> None:
    searches = [subprocess.Popen([sys.executable, "-c", HELD], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        folders = []
        for search in searches:
            assert search.stdout is not None
            folders.append(Path(search.stdout.readline().strip()))
        searches[0].kill()
        searches[0].wait()
        assert all((folder / "copy").is_file() for folder in folders)
        with spread._work_folder() as own:
            assert sorted(leaks_folder().glob(".search-*[!k]")) == sorted([folders[1], own])
            assert (folders[1] / "copy").is_file()
        assert [path.stem for path in leaks_folder().glob(".search-*.lock")] == [folders[1].name]
    finally:
        for search in searches:
            search.kill()
            search.communicate()


def test_a_worker_of_other_code_or_another_store_is_refused(own_home: Path, tmp_path: Path) -> None:
    tested = subject(["strategy=peek"])
    values = OnWorkers(SETTINGS).values(tested, tmp_path, 1) | {"instant": 0}
    with pytest.raises(DataError, match=r"other code in worker .*same version"):
        value_of(performed(TASK, values | {"code": "0"}))
    with pytest.raises(DataError, match=r"another store in .*data/store on worker .*expected 0, found "):
        value_of(performed(TASK, values | {"rows": "0"}))
    (own_home / "strategies" / "peek.py").write_text(PEEK.replace("0.2 +", "0.3 +"))
    with pytest.raises(DataError, match="other code"):
        value_of(performed(TASK, values))
