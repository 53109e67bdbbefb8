"""The plan of a command as two files, from which workers read the rows they need."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Final

import polars as pl

from engine.errors import DataError
from engine.files import digest_of, write_bytes
from research.cluster.seam import worker_name
from research.sweeps.plan import Branch, Plan

_TABLE: Final = "plan.arrow"
_BRANCHES: Final = "plan.json"


def keep_plan(plan: Plan, folder: Path) -> str:
    """Write the files; returns the hash of their content."""
    stream = io.BytesIO()
    plan.table.rechunk().write_ipc(stream, compression="uncompressed")
    branches = [{"base": b.base, "axes": {k: list(v) for k, v in b.axes.items()}} for b in plan.branches]
    text = json.dumps({"branches": branches, "json_columns": plan.json_columns}).encode()
    write_bytes(folder / _TABLE, [stream.getbuffer()])
    write_bytes(folder / _BRANCHES, text)
    return digest_of([text, stream.getbuffer()], 16).hex()


def kept_plan(folder: Path, content: str) -> Plan:
    """The plan that `keep_plan` wrote: table, bases and axes of its branches.

    Parameters
    ----------
    folder : Path
    content : str
        The hash that `keep_plan` returned.

    Raises
    ------
    DataError
        The files are not there, or hold another plan.
    """
    try:
        text, table = (folder / _BRANCHES).read_bytes(), (folder / _TABLE).read_bytes()
    except OSError:
        raise DataError(
            "a worker does not see the run", where=f"worker {worker_name()}", expected=str(folder / _TABLE),
            todo="mount the home folder at the same path on all machines",
        ) from None  # fmt: skip
    found = digest_of([text, table], 16).hex()
    if found != content:
        raise DataError(
            "a worker sees another plan", where=f"{folder / _TABLE} on worker {worker_name()}", expected=content,
            found=found, todo="mount the same home folder on all machines, and repeat the command",
        )  # fmt: skip
    values = json.loads(text)
    branches = [Branch(b["base"], {key: tuple(axis) for key, axis in b["axes"].items()}) for b in values["branches"]]
    return Plan(tuple(branches), pl.read_ipc(io.BytesIO(table)), tuple(values["json_columns"]), 0)
