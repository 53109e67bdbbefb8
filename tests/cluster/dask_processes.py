"""A scheduler and workers of Dask as processes of their own, which can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from research.cluster.local import ONE_THREAD

ROOT: Final = Path(__file__).resolve().parents[2]


class Cluster:
    """One scheduler and some workers of one thread over loopback.

    Parameters
    ----------
    folder : Path
        For their files.
    workers : int
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder, self.address = folder, ""
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers = list[subprocess.Popen[bytes]]()
        self.start_scheduler()
        for _ in range(workers):
            self.start_worker()

    def start_scheduler(self, port: int = 0) -> None:
        """Start a scheduler, and wait for its address."""
        told = self._folder / "scheduler.json"
        told.unlink(missing_ok=True)
        words = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-jupyter")
        self.scheduler = self._start("scheduler", *words, "--scheduler-file", str(told))
        for _ in range(600):
            try:
                self.address = json.loads(told.read_text())["address"]
                return
            except (OSError, ValueError):
                time.sleep(0.05)
        raise TimeoutError("no scheduler")

    def start_worker(self, threads: int = 1) -> None:
        """Start a worker."""
        words = ("--no-nanny", "--no-dashboard", "--memory-limit", "0", "--death-timeout", "20")
        folder = ("--local-directory", str(self._folder))
        self.workers.append(self._start("worker", self.address, "--nthreads", str(threads), *words, *folder))

    def kill_worker(self, number: int) -> None:
        """Kill a worker."""
        _end(self.workers.pop(number))

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        assert self.scheduler is not None
        _end(self.scheduler)

    def close(self) -> None:
        """Kill all."""
        for process in (*self.workers, self.scheduler):
            if process is not None:
                _end(process)

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """A cluster that is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Cluster(folder, workers)
    try:
        yield made
    finally:
        made.close()
