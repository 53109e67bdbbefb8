"""The units of a command on workers: tapes first, then the units of each; all is put together in the order of keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from research.cluster.conditions import conditions
from research.cluster.seam import Executor, Task, executor_of
from research.execution.job import BuiltTape, Computed, Job, TapeShelf, numbers
from research.execution.plan_file import keep_plan
from research.execution.units import Unit, UnitFolder, cut, in_lanes
from research.tapes.closes import Calibrations, TapeClose

#: the module of what workers do
BLOCK: Final = "research.execution.block"


class Spread:
    """The units of one command.

    Parameters
    ----------
    job : Job
    work : Path
        Its work folder, which all workers see.
    codes : list of str
        Hash of the code that each tape's results depend on.
    """

    def __init__(self, job: Job, work: Path, codes: list[str]) -> None:
        settings = job.command.settings
        self._job, self._folder, self._shelf, self._codes = job, UnitFolder(work / "units"), TapeShelf(job), codes
        self._common: dict[str, Any] = {
            **conditions(settings["cluster.target"]),
            "work": str(work),
            "plan": keep_plan(job.command.plan, work),
            "memory_mb": settings["data.memory_mb"],
            "seed": settings["seed"],
        }
        self._calibrations = Calibrations(job.tapes, settings["data.memory_mb"])
        self._built, self._units, self._closes = list[BuiltTape](), list[Unit](), list[TapeClose]()
        self._in_lanes = 0

    def computed(self) -> Computed:
        """Compute every unit that is missing.

        Raises
        ------
        BeaError
            A worker refused its task, or the cluster is gone; finished units are kept.
        """
        job, progress = self._job, self._job.command.progress
        ready, sizes = set[int](), dict[str, int]()
        progress.begin(f"{job.command.kind} on workers", len(job.command.plan))
        try:
            with executor_of(job.command.settings) as executor:
                for number in range(len(job.tape_jobs)):
                    executor.submit(self._task(number, "build", f"tape {number}", {}))
                while executor.pending:
                    task, value = executor.finished()
                    if task.name in sizes:
                        self._in_lanes += value["in_lanes"]
                        progress.step(sizes[task.name])
                        continue
                    ready.add(task.values["job"]["number"])
                    while len(self._built) in ready:  # one after another, in the order of the plan
                        sizes |= self._start(executor, len(self._built))
        finally:
            progress.end()
        return Computed(
            job, self._shelf, tuple(self._built), tuple(self._units), self._folder, self._in_lanes, tuple(self._closes)
        )

    def _start(self, executor: Executor, number: int) -> dict[str, int]:
        """Look at a built tape and hand in its missing units; sizes of these by name."""
        job, tape_job = self._job, self._job.tape_jobs[number]
        tape = self._shelf.tape(number)
        built, sizes = job.look_at(number, tape), dict[str, int]()
        asked = {
            "tape_hash": built.hash,
            "n_days": built.request.n_days,
            "edges": [int(edge) for edge in built.request.edges],
        }
        for unit in cut(number, tape_job.low, tape_job.high, len(tape)):
            self._units.append(unit)
            if self._folder.load(unit, built.hash, built.request) is not None:
                self._in_lanes += in_lanes(tape, *job.params_of(unit))
                job.command.progress.step(unit.high - unit.low)
                continue
            self._folder.discard(unit)
            place = {"unit": [unit.tape, unit.low, unit.high]}
            executor.submit(self._task(number, "compute_unit", unit.name, asked | place))
            sizes[unit.name] = unit.high - unit.low
        self._built.append(built)
        rows = numbers(job.command.plan, tape_job.low, tape_job.high)
        self._closes.append(TapeClose.of(self._calibrations.of(tape_job.spec), tape, rows))
        return sizes

    def _task(self, number: int, function: str, name: str, values: dict[str, Any]) -> Task:
        of_tape = {"job": self._job.tape_jobs[number].describe(), "code": self._codes[number]}
        return Task(name, f"{BLOCK}:{function}", self._common | of_tape | values)
