"""What a worker checks before its first result: processor, libraries, code, and the data that it sees."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from engine.errors import DataError
from engine.paths import home
from research.cluster.seam import worker_name
from research.cluster.target import check_agreement, machine_facts, use


def conditions(target: str | None) -> dict[str, Any]:
    """Values of a task that `enter` compares: `cluster.target`, and home, processor and libraries of this process."""
    return {"home": str(home()), "target": target, "facts": dict(machine_facts())}


def enter(values: Mapping[str, Any]) -> None:
    """In a worker: compile for the target, and use the home of the command.

    Raises
    ------
    ConfigurationError
        This worker is not as the command's own process is.
    """
    use(values["target"])
    check_agreement(values["facts"])
    os.environ["BEA_HOME"] = values["home"]


def check_code(found: str, wanted: str) -> None:
    """Raise DataError if this worker's code has another hash than the command's."""
    if found != wanted:
        raise DataError(
            "a worker has other code", where=f"worker {worker_name()}", todo="install the same version everywhere"
        )


def check_rows(store: str, found: str, wanted: str) -> None:
    """Raise DataError if the rows of the store have another hash here."""
    if found != wanted:
        raise DataError(
            "a worker sees another store", where=f"{store} on worker {worker_name()}",
            expected=wanted, found=found, todo="mount the same store at the same path on all machines",
        )  # fmt: skip
