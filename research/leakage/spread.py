"""The instants of a search on workers: a task is an instant, and its results are files in a folder that all see."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.errors import BeaError
from engine.files import exclusive
from engine.kernel.params import Params
from research.cluster.conditions import check_code, check_rows, conditions, enter
from research.cluster.publish import publish
from research.cluster.seam import Task, error_of, executor_of, refused, worker_name
from research.config.code_hash import code_hash
from research.config.tape_spec import TapeSpec
from research.leakage.copier import Changed
from research.leakage.decisions import Decider, Decisions, Failure, Subject
from research.leakage.instant import Answer, InstantSearch, search_at
from research.records.leaks import leaks_folder
from research.tapes.builder import Tapes, tape_code

#: what workers are asked for
TASK: Final = "research.leakage.spread:search_instant"
_TABLES: Final = ("offers", "stakes")
_AGAIN: Final = "repeat the command"


class OnWorkers:
    """Searches instants on the workers of `cluster.*`; it takes the place of `research.leakage.instant.in_turn`.

    Parameters
    ----------
    settings : mapping
        With the keys `cluster.*`.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def __call__(
        self, decider: Decider, instants: Sequence[int], seed: int, step: Callable[[int], None]
    ) -> Iterator[InstantSearch]:
        """The searches in the order of the instants, whichever worker is ready first.

        Raises
        ------
        BeaError
            A worker refused its task, or the cluster is gone.
        """
        with _work_folder() as work, executor_of(self._settings) as executor:
            common = self.values(decider.subject, work, seed)
            done = dict[int, dict[str, Any]]()
            for instant in instants:
                executor.submit(Task(f"instant {instant}", TASK, common | {"instant": int(instant)}))
            for instant in instants:
                while instant not in done:
                    task, value = executor.finished()
                    done[task.values["instant"]] = value
                    step(len(value["answers"]))
                value = done.pop(instant)
                decider.reads_original |= value["reads_original"]
                yield InstantSearch(
                    instant, {kind: _read(work, instant, kind, one) for kind, one in value["answers"].items()}
                )

    def values(self, subject: Subject, work: Path, seed: int) -> dict[str, Any]:
        """What all tasks of a search in the folder `work` say; `seed` is that of the search."""
        spec, memory_mb = subject.spec, subject.memory_mb
        return {
            **conditions(self._settings["cluster.target"]),
            "work": str(work),
            "spec": spec.describe(),
            "params": None if subject.params is None else list(subject.params),
            "kernel_seed": subject.seed,
            "memory_mb": memory_mb,
            "seed": seed,
            "rows": Tapes(memory_mb).rows(spec).hash,
            "code": _code(spec),
        }


@contextmanager
def _work_folder() -> Iterator[Path]:
    """A folder for the copies of this search; it is removed at the end, and those of searches that were killed now.

    A search holds the lock of a file beside its folder. The system releases it when the process ends or is killed.
    """
    parent, busy = leaks_folder(), BeaError("another search works in this folder")
    parent.mkdir(parents=True, exist_ok=True)
    for lock in parent.glob(".search-*.lock"):
        with suppress(BeaError), exclusive(lock, busy):
            _remove(lock)
    descriptor, name = tempfile.mkstemp(prefix=".search-", suffix=".lock", dir=parent)
    os.close(descriptor)
    lock = Path(name)
    with exclusive(lock, None):
        lock.with_suffix("").mkdir()
        try:
            yield lock.with_suffix("")
        finally:
            _remove(lock)


def _remove(lock: Path) -> None:
    """Remove a folder and the lock file beside it."""
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)


#: what a worker keeps from one task to the next: the copies of the search in this folder
_KEPT: Final = dict[str, Decider]()


def search_instant(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a worker does: decide on the copies of one instant and keep the decisions as files.

    Raises
    ------
    DataError
        Code or store are others here, or another worker decided otherwise.
    """
    enter(values)
    work, instant = Path(values["work"]), values["instant"]
    decider = _KEPT.get(values["work"]) or _decider(values, work)
    found = search_at(decider, instant, values["seed"], lambda: None)
    answers = {kind: _kept(work, instant, kind, *answer) for kind, answer in found.answers.items()}
    return {"answers": answers, "reads_original": decider.reads_original}


def _decider(values: Mapping[str, Any], work: Path) -> Decider:
    spec, memory_mb = TapeSpec.from_description(values["spec"]), values["memory_mb"]
    check_code(_code(spec), values["code"])
    check_rows(spec.store, Tapes(memory_mb).rows(spec).hash, values["rows"])
    params = None if values["params"] is None else Params(*values["params"])
    # in the shared folder, which the command removes: a worker that is killed leaves nothing behind
    folder = Path(tempfile.mkdtemp(prefix="copies-", dir=work))
    _KEPT.clear()
    _KEPT[values["work"]] = Decider(Subject(spec, params, values["kernel_seed"], memory_mb=memory_mb), folder)
    return _KEPT[values["work"]]


def _code(spec: TapeSpec) -> str:
    modules, files = tape_code(spec)
    return code_hash([__name__, *modules], files)


def _kept(work: Path, instant: int, kind: str, decided: Decisions | Failure, changed: Changed) -> dict[str, Any]:
    """Keep the decisions on one copy; what else there is to say of it, ready for JSON."""
    rest: dict[str, Any] = {"changed": [changed.prices, changed.results]}
    if isinstance(decided, Failure):
        return rest | refused(decided.error)
    for table in _TABLES:
        stream = io.BytesIO()
        getattr(decided, table).rechunk().write_ipc(stream, compression="lz4")
        publish(
            _path(work, instant, kind, table), [stream.getvalue()], "changed copy", f"worker {worker_name()}", _AGAIN
        )
    return rest | {"value": {"opened_store": decided.opened_store, "outside_files": decided.outside_files}}


def _read(work: Path, instant: int, kind: str, one: Mapping[str, Any]) -> Answer:
    """The answer that `_kept` kept; its files are removed."""
    changed = Changed(*one["changed"])
    if (error := error_of(one)) is not None:
        return Failure(error), changed
    frames = {}
    for table in _TABLES:
        path = _path(work, instant, kind, table)
        frames[table] = pl.read_ipc(io.BytesIO(path.read_bytes()))
        path.unlink()
    value = one["value"]
    return Decisions(**frames, opened_store=value["opened_store"], outside_files=tuple(value["outside_files"])), changed


def _path(work: Path, instant: int, kind: str, table: str) -> Path:
    return work / f"{instant}-{kind}-{table}.arrow"
