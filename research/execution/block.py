"""What a worker does of a sweep: build a tape, or compute a unit and keep its result. It is handed paths and hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.tape import Tape
from research.cluster.conditions import check_code, check_rows, enter
from research.cluster.seam import worker_name
from research.cluster.target import machine_facts
from research.execution.execute import running_code
from research.execution.job import TapeJob, params_of
from research.execution.plan_file import kept_plan
from research.execution.units import DayRequest, Unit, UnitFolder, compute, in_lanes
from research.sweeps.plan import Plan
from research.tapes.builder import Tapes


@dataclass
class _Kept:
    """What a worker keeps from one task to the next: builders of tapes, the last tape, and the last plan."""

    tapes: dict[tuple[str, int], Tapes] = field(default_factory=dict)
    tape: tuple[str, TapeJob, Tape] | None = None
    plan: tuple[str, Plan] | None = None


_KEPT = _Kept()


def build(values: Mapping[str, Any]) -> dict[str, Any]:
    """Build a tape, or load it where it was built before; its hash."""
    return {"hash": _tape(values)[1].hash}


def compute_unit(values: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a unit on one thread and keep its result; how many configurations walked together.

    Raises
    ------
    DataError
        The tape is another one here, or there is another result of the unit.
    """
    job, tape = _tape(values)
    if tape.hash != values["tape_hash"]:
        raise DataError(
            "a tape is another one here", where=f"tape {job.number} on worker {worker_name()}",
            expected=values["tape_hash"], found=tape.hash, todo="data, code and libraries must be the same everywhere",
        )  # fmt: skip
    unit = Unit(*values["unit"])
    request = DayRequest(values["n_days"], np.array(values["edges"], np.int64))
    numbers, seeds = params_of(_plan(values), unit, values["seed"])
    result = compute(tape, numbers, seeds, 1, lambda count: None, job.rule, request)
    worker = f"worker {worker_name()} ({machine_facts()['processor']})"
    UnitFolder(Path(values["work"]) / "units").save(unit, tape.hash, request, result, worker)
    return {"in_lanes": in_lanes(tape, numbers, seeds)}


def _tape(values: Mapping[str, Any]) -> tuple[TapeJob, Tape]:
    """The tape of a task; kept until another one is asked for."""
    enter(values)
    key = json.dumps([values["job"], values["code"]])
    if _KEPT.tape is None or _KEPT.tape[0] != key:
        _KEPT.tape = None  # gives its memory back before the next one takes its own
        job = TapeJob.from_description(values["job"])
        check_code(running_code([job.spec]), values["code"])
        tapes = _KEPT.tapes.setdefault((values["home"], values["memory_mb"]), Tapes(values["memory_mb"]))
        check_rows(job.spec.store, tapes.rows(job.spec).hash, job.rows_hash)
        _KEPT.tape = key, job, tapes.tape(job.spec)
    return _KEPT.tape[1:]


def _plan(values: Mapping[str, Any]) -> Plan:
    if _KEPT.plan is None or _KEPT.plan[0] != values["plan"]:
        _KEPT.plan = None
        _KEPT.plan = values["plan"], kept_plan(Path(values["work"]), values["plan"])
    return _KEPT.plan[1]
