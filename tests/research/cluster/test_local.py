"""Worker processes on this machine: tasks, errors, deaths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.errors import BeaError, ConfigurationError
from research.cluster.local import LocalExecutor
from research.cluster.seam import Task, performed, value_of

NAME = "research.cluster.seam:worker_name"
WHERE = "research.cluster.target:check_agreement"


def call(function: str, values: dict[str, object]) -> object:
    return value_of(performed(function, values))


def test_an_error_comes_back_as_the_one_that_was_raised() -> None:
    with pytest.raises(ConfigurationError, match=r"a worker computes otherwise.*expected numpy 0"):
        call(WHERE, {"numpy": "0"})
    with pytest.raises(BeaError, match=r"unexpected TypeError.*repeat the command"):
        call(NAME, {})


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_its_task_is_done() -> None:
    def put(executor: LocalExecutor) -> None:
        executor.submit(Task("one", WHERE, {"numpy": "0"}))

    with LocalExecutor(workers=1, retries=1) as executor:
        put(executor)
        with pytest.raises(ConfigurationError):
            executor.finished()
        first = executor.pids
        os.kill(first[0], signal.SIGKILL)
        put(executor)
        with pytest.raises(ConfigurationError):
            executor.finished()
        assert executor.pids != first and executor.pending == 0


def die(values: dict[str, str]) -> None:
    Path(values["deaths"], str(os.getpid())).touch()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_task_that_kills_its_workers_ends_the_run(tmp_path: Path) -> None:
    with LocalExecutor(workers=1, retries=1) as executor:
        executor.submit(Task("unit 7", f"{__name__}:die", {"deaths": str(tmp_path)}))
        with pytest.raises(BeaError, match=r"workers die over a task in unit 7: found 2 died; .*repeat the command"):
            executor.finished()
    assert len(list(tmp_path.iterdir())) == 2


STARTS = """
import sys, time
from research.cluster.local import LocalExecutor
from research.cluster.seam import Task
with LocalExecutor(1, 0) as executor:
    executor.submit(Task("one", "research.cluster.seam:worker_name", {}))
    try:
        executor.finished()
    except Exception:
        print(executor.pids[0], flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_workers_die_with_the_command() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        worker = Path("/proc", command.stdout.readline().strip())
        assert worker.exists()
        command.kill()
        command.wait()
        for _ in range(100):
            if not worker.exists() or worker.joinpath("stat").read_text().split()[2] == "Z":
                return
            time.sleep(0.05)
    raise AssertionError("the worker lives on")
