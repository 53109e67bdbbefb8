"""A sweep on a Dask cluster: scheduler and workers as processes of their own, and one that dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import BeaError, ConfigurationError
from research.cluster.dask import DaskExecutor
from research.cluster.seam import Task
from tests.cluster.dask_processes import cluster

pytestmark = pytest.mark.slow


def slow(values: dict[str, str]) -> str:
    Path(values["started"]).touch()
    time.sleep(0.5)
    return "done"


@pytest.mark.filterwarnings("ignore")  # those of distributed
def test_a_task_outlives_its_worker_and_a_lost_scheduler_is_told(tmp_path: Path) -> None:
    started = tmp_path / "started"
    task = Task("one", f"{__name__}:slow", {"started": str(started)})
    with cluster(tmp_path / "dask", 1) as there, DaskExecutor(there.address, 1, 1, 3) as executor:
        executor.submit(task)
        while not started.exists():
            time.sleep(0.01)
        there.kill_worker(0)
        there.start_worker()
        assert executor.finished() == (task, "done")
        executor.submit(Task("two", "research.cluster.target:check_agreement", {"numpy": "0"}))
        with pytest.raises(ConfigurationError, match="a worker computes otherwise"):
            executor.finished()
        executor.submit(task)
        there.kill_scheduler()
        with pytest.raises(BeaError, match=r"the cluster is gone in tcp://.*repeat the command"):
            executor.finished()


def test_a_cluster_that_is_not_there_is_told_with_what_to_start() -> None:
    with pytest.raises(BeaError, match=r"the cluster is not there in tcp://127\.0\.0\.1:9.*start `dask scheduler`"):
        DaskExecutor("tcp://127.0.0.1:9", 1, 0, 1).__enter__()


def test_without_a_cluster_dask_is_not_loaded() -> None:
    code = (
        "import sys, research.execution.block, research.cluster.local;"
        "sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
