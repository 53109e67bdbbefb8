"""Workers of a Dask cluster: one scheduler, and `dask worker` processes of one thread on any number of machines."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from engine.errors import BeaError, ConfigurationError
from research.cluster.seam import RESUME, Task, lost, performed, refused, value_of, worker_name

#: how often it is looked whether scheduler and workers are there
_LOOK_S: Final = 1.0
_CONNECT_S: Final = 10


class DaskExecutor:
    """A client of a scheduler that runs already.

    Parameters
    ----------
    address : str or None
        Of the scheduler, such as ``tcp://10.0.0.5:8786``.
    workers : int
        How many have to be there before the first task.
    retries : int
        How often a task is handed out again that the scheduler has given up, which it does after four deaths of
        workers.
    wait_s : int
        Seconds without the workers, or without the scheduler, after which the run ends.

    Raises
    ------
    ConfigurationError
        No address, or Dask is not installed.
    """

    def __init__(self, address: str | None, workers: int, retries: int, wait_s: int) -> None:
        if address is None:
            raise ConfigurationError(
                "no scheduler", where="cluster.address", expected="its address, such as 10.0.0.5:8786",
                todo="start `dask scheduler`, which prints it",
            )  # fmt: skip
        self._address, self._workers, self._retries, self._wait_s = address, workers, retries, wait_s
        self._done = queue.SimpleQueue[Any]()
        self._tasks: dict[Any, tuple[Task, int]] = {}
        self._client: Any = None

    @property
    def pending(self) -> int:
        """Tasks that were handed in and not given back."""
        return len(self._tasks)

    def submit(self, task: Task) -> None:
        """Hand a task in."""
        self._submit(task, 0)

    def finished(self) -> tuple[Task, Any]:
        """Wait for a task; the task and its value."""
        from distributed.scheduler import KilledWorker

        missed: float | None = None
        while True:
            try:
                future = self._done.get(timeout=_LOOK_S)
            except queue.Empty:
                missed = None if self._is_served() else missed or time.monotonic()
                if missed is not None and time.monotonic() - missed >= self._wait_s:
                    raise self._gone() from None
                continue
            if future not in self._tasks:
                continue
            if future.status == "cancelled":  # what a client says when it loses the scheduler
                raise self._gone()
            task, deaths = self._tasks.pop(future)
            if future.status == "finished":
                try:
                    answer = future.result()
                except OSError:  # the scheduler died between the answer and its way here
                    raise self._gone() from None
                return task, value_of(answer)
            error = future.exception()
            if not isinstance(error, KilledWorker):
                what = f"unexpected {type(error).__name__}: {error}"
                raise BeaError(what, where=task.name, todo=RESUME)
            if deaths >= self._retries:
                raise lost(task, deaths + 1)
            self._submit(task, deaths + 1)

    def __enter__(self) -> Self:
        try:
            from distributed import Client

            logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # 30 lines for what is one here
        except ImportError:
            raise ConfigurationError(
                "Dask is not installed", where="cluster=dask", todo="pip install 'betting-expert-advisor[cluster]'"
            ) from None
        try:
            self._client = Client(self._address, timeout=min(_CONNECT_S, self._wait_s), set_as_default=False)
            self._client.wait_for_workers(self._workers, timeout=self._wait_s)
        except (OSError, TimeoutError, ValueError) as error:
            found = "no answer" if self._client is None else f"{len(self._known())} workers"
            expected = "a scheduler" if self._client is None else f"{self._workers} workers"
            self._close()
            raise BeaError(
                "the cluster is not there", where=self._address, expected=expected, found=found,
                todo=f"start `dask scheduler`, and `dask worker {self._address} --nthreads 1` on each machine",
            ) from error  # fmt: skip
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _submit(self, task: Task, deaths: int) -> None:
        future = self._client.submit(performed_alone, task.function, dict(task.values), pure=False)
        self._tasks[future] = task, deaths
        future.add_done_callback(self._done.put)

    def _known(self) -> Mapping[str, Any]:
        known: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        return known

    def _is_served(self) -> bool:
        """Whether the scheduler answers and has a worker."""
        try:
            return self._client.status == "running" and bool(self._known())
        except (OSError, TimeoutError, ValueError):
            return False

    def _gone(self) -> BeaError:
        found = "no worker" if self._client.status == "running" else "no scheduler"
        return BeaError(
            "the cluster is gone", where=self._address, found=found,
            todo=f"start it again; {RESUME}",
        )  # fmt: skip

    def _close(self) -> None:
        if self._client is not None:
            self._client.close(timeout=_CONNECT_S)
            self._tasks.clear()


def performed_alone(function: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """As `performed`, in a worker that has one thread."""
    from distributed import get_worker

    threads = get_worker().state.nthreads
    if threads != 1:
        error = ConfigurationError(
            "a worker has several threads", where=f"worker {worker_name()}", expected="1", found=str(threads),
            todo="start it with `dask worker ADDRESS --nthreads 1`, and more of them with --nworkers",
        )  # fmt: skip
        return refused(error)
    return performed(function, values)
