"""A sweep on workers: the same bytes as in one process, whoever dies, and no result beside another one."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import research
from engine.backtesting.measures import COLUMNS
from engine.errors import ConfigurationError, DataError
from engine.kernel.width import choose
from research.api import Run
from research.cluster.local import LocalExecutor
from research.cluster.target import check_agreement, machine_facts
from research.execution import spread
from research.execution.units import DayRequest, Unit, UnitFolder, UnitResult
from research.records import folder

SWEEP = (
    "data=sample",
    "data.competitions=[SIM1]",
    "strategy=value,consensus",
    "strategy.edge_min=range(0,0.1,0.01)",
    "report=false",
)


def files(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.folder.rglob("*") if path.suffix in (".parquet", ".json")}


def same(one: dict[str, bytes], two: dict[str, bytes]) -> None:
    assert len(one) > 8
    for name in one.keys() | two.keys():
        if name != folder.MANIFEST:
            assert one[name] == two[name], name


@pytest.mark.slow
def test_workers_give_the_same_bytes_though_some_of_them_die(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = research.sweep(SWEEP)
    wanted = files(alone)
    folder.remove(alone.id)
    monkeypatch.setattr("research.execution.units._MOST", 2)
    monkeypatch.setattr("research.execution.units._FEWEST", 1)
    started, killed = list[LocalExecutor](), list[int]()

    def executor_of(settings: dict[str, object]) -> LocalExecutor:
        started.append(LocalExecutor(2, 3))
        return started[0]

    def kill() -> None:
        units = folder.work_folder(alone.id) / "units"
        for least in (1, 4):  # when so many units are there
            while len(list(units.glob("*.unit"))) < least:
                time.sleep(0.002)
            with contextlib.suppress(ProcessLookupError, IndexError):
                killed.append(started[0].pids[0])
                os.kill(killed[-1], signal.SIGKILL)

    monkeypatch.setattr(spread, "executor_of", executor_of)
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    run = research.sweep([*SWEEP, "cluster=local"])
    killer.join(5)
    assert len(killed) == 2 and run.id == alone.id
    same(files(run), wanted)


def a_result(seed: int) -> UnitResult:
    values = np.random.default_rng(seed).normal(size=(5, len(COLUMNS)))
    days = np.arange(35, dtype=np.float32).reshape(5, 7)
    return UnitResult(values, days, np.zeros((5, 2, 2)), days, days, np.zeros((5, 2)))


def test_a_unit_is_published_once_and_a_differing_twin_is_an_error(tmp_path: Path) -> None:
    kept, unit, asked = UnitFolder(tmp_path), Unit(0, 0, 5), DayRequest(7, np.array([0, 7]))
    kept.save(unit, "tape", asked, a_result(0), "worker a/1")
    kept.save(unit, "tape", asked, a_result(0), "worker b/2")  # stolen, and computed twice
    before = (tmp_path / unit.name).read_bytes()
    with pytest.raises(DataError, match=r"two results in .*000000005\.unit: expected \w{32}.* by worker c/3 \(zen\)"):
        kept.save(unit, "tape", asked, a_result(1), "worker c/3 (zen)")
    assert (tmp_path / unit.name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [unit.name]


def test_a_worker_of_another_target_is_refused() -> None:
    check_agreement(machine_facts())
    with pytest.raises(ConfigurationError, match=r"expected processor znver9, found processor .*cluster\.target"):
        check_agreement({**machine_facts(), "processor": "znver9"})
    with pytest.raises(ConfigurationError, match="processors of one kind"):
        check_agreement({**machine_facts(), "arithmetic": "0"})
    with pytest.raises(ConfigurationError, match="same versions"):
        check_agreement({**machine_facts(), "numpy": "1.0"})
    assert "NUMBA_CPU_NAME" in choose("generic")  # too late: this process has its compiler


def test_a_scheduler_has_an_address(home: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no scheduler in cluster\.address"):
        research.sweep([*SWEEP, "cluster=dask"])
