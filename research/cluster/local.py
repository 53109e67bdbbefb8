"""Worker processes on this machine, one task at a time each; one that dies is started again."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from research.cluster.seam import Task, lost, value_of

#: one thread a worker, in every library
ONE_THREAD: Final = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class LocalExecutor:
    """Processes of their own, not forks: they see nothing of this process but the tasks and the environment.

    Parameters
    ----------
    workers : int
    retries : int
        How often a task whose worker died is handed out again.
    """

    def __init__(self, workers: int, retries: int) -> None:
        self._retries = retries
        self._waiting = queue.SimpleQueue[tuple[Task, int] | None]()
        self._done = queue.SimpleQueue[tuple[Task, dict[str, Any] | None]]()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        self._processes = set[subprocess.Popen[bytes]]()
        self._lock, self._closed = threading.Lock(), False
        self.pending = 0

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that live."""
        with self._lock:
            return sorted(process.pid for process in self._processes if process.poll() is None)

    def submit(self, task: Task) -> None:
        """Hand a task in."""
        self.pending += 1
        self._waiting.put((task, 0))

    def finished(self) -> tuple[Task, Any]:
        """Wait for a task; the task and its value."""
        task, answer = self._done.get()
        self.pending -= 1
        if answer is None:
            raise lost(task, self._retries + 1)
        return task, value_of(answer)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.kill()  # a unit is published whole or not at all
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        """Feed one worker, and the ones that follow it where it dies."""
        process: subprocess.Popen[bytes] | None = None
        while (item := self._waiting.get()) is not None and not self._closed:
            task, deaths = item
            if process is None or process.poll() is not None:
                process = self._started(process)
            answer = None if process is None else _ask(process, task)
            if answer is None and deaths < self._retries:
                self._waiting.put((task, deaths + 1))
            else:
                self._done.put((task, answer))
        self._forget(process)

    def _started(self, dead: subprocess.Popen[bytes] | None) -> subprocess.Popen[bytes] | None:
        self._forget(dead)
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(
                [sys.executable, "-m", "research.cluster.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD,
                start_new_session=True,  # Ctrl-C is for the command alone; it then ends its workers
            )  # fmt: skip
            self._processes.add(process)
        return process

    def _forget(self, process: subprocess.Popen[bytes] | None) -> None:
        if process is None:
            return
        with self._lock:
            self._processes.discard(process)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def _ask(process: subprocess.Popen[bytes], task: Task) -> dict[str, Any] | None:
    """The answer of a worker; None if it died before it gave one."""
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(json.dumps({"function": task.function, "values": task.values}).encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except (OSError, ValueError):
        line = b""
    if not line.endswith(b"\n"):
        process.kill()
        process.wait()
        return None
    answer: dict[str, Any] = json.loads(line)
    return answer
