"""What a task is, what carries tasks out, and how an error comes back from a worker.

A task is a name of a function of this package and values that survive JSON. It names files and says little else: its
results are files as well. So a task that is lost is handed out again, and one that runs twice does no harm.
"""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

from engine import errors
from engine.errors import BeaError, printable
from engine.kernel.width import choose

NONE: Final = "none"
LOCAL: Final = "local"
DASK: Final = "dask"
#: what an error says that ends a run on workers
RESUME: Final = "finished units are kept: repeat the command to go on"


@dataclass(frozen=True)
class Task:
    """Work for one worker.

    Attributes
    ----------
    name : str
        What a message calls it.
    function : str
        ``module:name`` of a function that takes the values and returns something for JSON.
    values : mapping
        Ready for JSON.
    """

    name: str
    function: str
    values: Mapping[str, Any]


class Executor(Protocol):
    """Carries tasks out, in any order."""

    @property
    def pending(self) -> int:
        """Tasks that were handed in and not given back."""
        ...

    def submit(self, task: Task) -> None:
        """Hand a task in."""
        ...

    def finished(self) -> tuple[Task, Any]:
        """Wait for a task; the task and what its function returned.

        Raises
        ------
        BeaError
            What the task raised, or why it cannot be carried out.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def executor_of(settings: Mapping[str, Any]) -> Executor:
    """The executor of the keys `cluster.*`; only one with workers, for ``none`` there is nothing to carry out."""
    if settings["cluster.name"] == DASK:
        from research.cluster.dask import DaskExecutor

        return DaskExecutor(
            settings["cluster.address"],
            settings["cluster.workers"] or 1,
            settings["cluster.retries"],
            settings["cluster.wait_s"],
        )
    from engine.machine import cores
    from research.cluster.local import LocalExecutor

    return LocalExecutor(settings["cluster.workers"] or cores(), settings["cluster.retries"])


def performed(function: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a task in a worker: ``{"value": ...}``, or ``{"error": ...}`` for `value_of` to raise."""
    module, _, name = function.partition(":")
    try:
        if values.get("target") is not None:
            choose(values["target"])  # before the module loads the compiler; it tells what stands against it
        return {"value": getattr(importlib.import_module(module), name)(values)}
    except BeaError as error:
        return refused(error)
    except Exception as error:  # whatever it is, the coordinator has to know
        text = f"unexpected {type(error).__name__}: {printable(' '.join(str(error).split()), 300)}"
        return refused(BeaError(text, where=f"worker {worker_name()}", todo=RESUME))


def refused(error: BeaError) -> dict[str, Any]:
    """An error as an answer."""
    parts = {part: getattr(error, part) for part in ("what", "where", "expected", "found", "todo")}
    return {"error": {"kind": type(error).__name__, **parts}}


def value_of(answer: Mapping[str, Any]) -> Any:
    """The value of an answer of `performed`; raises the error that it holds."""
    if (error := error_of(answer)) is not None:
        raise error
    return answer["value"]


def error_of(answer: Mapping[str, Any]) -> BeaError | None:
    """The error that an answer holds, if any."""
    if "error" not in answer:
        return None
    parts = dict(answer["error"])
    kind: type[BeaError] = getattr(errors, parts.pop("kind"), BeaError)
    return kind(parts.pop("what"), **parts)


def worker_name() -> str:
    """Machine and process, for messages."""
    return f"{platform.node()}/{os.getpid()}"


def lost(task: Task, times: int) -> BeaError:
    """The error for a task whose worker died again and again."""
    return BeaError(
        "workers die over a task", where=task.name, found=f"{times} died",
        todo=f"see whether they have enough memory (fewer cluster.workers take less); {RESUME}",
    )  # fmt: skip
