"""Folders of runs: complete or resumable, never half written.

``data/runs/<id>`` is a complete run, ``data/runs/.work/<id>`` one that is being computed. One rename publishes a run.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BeaError, UsageError
from engine.files import exclusive
from engine.paths import home
from research.records.labels import LABELS, read_labels

MANIFEST = "manifest.json"
_ID = re.compile(r"[0-9a-f]{1,32}")


def runs_folder() -> Path:
    """Folder of all runs."""
    return home() / "data" / "runs"


def run_folder(run: str) -> Path:
    """Folder of a complete run."""
    return runs_folder() / run


def work_folder(run: str) -> Path:
    """Folder of a run that is being computed."""
    return runs_folder() / ".work" / run


def complete() -> list[str]:
    """Ids of complete runs, newest first."""
    root = runs_folder()
    if not root.is_dir():
        return []
    folders = [p for p in root.iterdir() if _ID.fullmatch(p.name) and (p / MANIFEST).is_file()]
    return [p.name for p in sorted(folders, key=lambda p: (-(p / MANIFEST).stat().st_mtime, p.name))]


def heads() -> tuple[dict[str, str], list[str]]:
    """Head of the trial ledger's chain that each complete run holds, by its id; and a line for each unreadable one.

    Runs on simulated data, and those of versions before the chain, hold none.
    """
    found, unread = dict[str, str](), list[str]()
    for run in sorted(complete()):
        try:
            head = json.loads((run_folder(run) / MANIFEST).read_text(encoding="utf-8")).get("ledger_head")
        except (OSError, ValueError, AttributeError) as error:
            unread.append(f"run {run[:12]} cannot be read ({type(error).__name__}): its entry is not looked for")
            continue
        if head:
            found[run] = str(head)
    return found, unread


def find(prefix: str) -> str:
    """The one complete run whose id starts with `prefix`, or that has this name.

    Raises
    ------
    UsageError
        There is none, or there are several.
    """
    known = complete()
    if not _ID.fullmatch(prefix):
        called = [run for run in known if read_labels(run_folder(run)).name == prefix]
        if len(called) == 1:
            return called[0]
        if called:  # files that were copied by hand
            ids = ", ".join(run[:12] for run in called)
            raise UsageError(f"{len(called)} runs have the name {prefix}", found=ids, todo="bea runs name ID NAME")
        expected = "the name of a run, or the first digits of its id"
        raise UsageError("not a run", found=repr(prefix), expected=expected, todo="see `bea runs`")
    matching = [run for run in known if run.startswith(prefix)]
    if len(matching) == 1 or prefix in matching:
        return prefix if prefix in matching else matching[0]
    if not matching:
        raise UsageError(f"no run {prefix}", where=str(runs_folder()), todo="see `bea runs`")
    raise UsageError(
        f"{prefix} is the start of {len(matching)} runs", found=", ".join(run[:16] for run in matching[:4])
    )


@contextlib.contextmanager
def computing(run: str) -> Iterator[Path]:
    """The work folder of a run, locked for this process; the lock of a killed process is released."""
    folder = work_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    busy = BeaError(f"run {run[:12]} is being computed by another process", todo="wait for it, then repeat the command")
    with exclusive(folder.parent / f"{run}.lock", busy):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def publish(made: Path, run: str) -> Path:
    """Rename a finished folder to the run's, replacing an old one of that id, and remove its work folder.

    What a person said about the old one (`labels.LABELS`) stays.
    """
    target, old = run_folder(run), work_folder(run) / "old"
    if target.exists():
        if (target / LABELS).is_file():
            shutil.copyfile(target / LABELS, made / LABELS)
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    made.rename(target)
    shutil.rmtree(work_folder(run), ignore_errors=True)
    return target


def remove(run: str) -> int:
    """Remove a run; returns the bytes freed."""
    target = run_folder(run)
    size = folder_bytes(target)
    aside = runs_folder() / ".work" / f"removed-{run}"
    aside.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    target.rename(aside)
    shutil.rmtree(aside)
    return size


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
