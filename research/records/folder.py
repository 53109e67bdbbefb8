"""Folders of runs: complete or resumable, never half read.

``data/runs/<id>`` is a run; ``data/runs/.work/<id>`` is one that is being computed. A run appears by one rename.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BeaError, UsageError
from engine.files import exclusive
from engine.paths import home

MANIFEST = "manifest.json"
_ID = re.compile(r"[0-9a-f]{1,32}")


def runs_folder() -> Path:
    """Where runs stand."""
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
    found = [p for p in root.iterdir() if _ID.fullmatch(p.name) and (p / MANIFEST).is_file()]
    return [p.name for p in sorted(found, key=lambda p: (-(p / MANIFEST).stat().st_mtime, p.name))]


def find(prefix: str) -> str:
    """The one complete run whose id starts with `prefix`; raises UsageError where there is none or more than one."""
    known = complete()
    if not _ID.fullmatch(prefix):
        raise UsageError(
            "not a run", found=repr(prefix), expected="the first digits of a run's id", todo="see `bea runs`"
        )
    found = [run for run in known if run.startswith(prefix)]
    if len(found) == 1 or prefix in found:
        return prefix if prefix in found else found[0]
    if not found:
        raise UsageError(f"no run {prefix}", where=str(runs_folder()), todo="see `bea runs`")
    raise UsageError(f"{prefix} is the start of {len(found)} runs", found=", ".join(run[:16] for run in found[:4]))


@contextlib.contextmanager
def computing(run: str) -> Iterator[Path]:
    """The work folder of a run, held by this process alone; a killed process lets go of it."""
    folder = work_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    busy = BeaError(f"run {run[:12]} is being computed by another process", todo="wait for it, then repeat the command")
    with exclusive(folder.parent / f"{run}.lock", busy):
        folder.mkdir(parents=True, exist_ok=True)
        yield folder


def publish(made: Path, run: str) -> Path:
    """Make a finished folder the run, replacing an old one of that id, and drop its work folder."""
    target, old = run_folder(run), work_folder(run) / "old"
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    made.rename(target)
    shutil.rmtree(work_folder(run), ignore_errors=True)
    return target


def remove(run: str) -> int:
    """Remove a run; returns the bytes that it took."""
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
