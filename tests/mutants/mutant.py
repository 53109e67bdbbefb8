"""One wrong change: where, what, and the test that finds it."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
#: what a copy of the project needs to run its tests
COPIED = ("engine", "research", "hydra_plugins", "scripts", "tests", "conf", "examples", "data/sample", "docs")


@dataclass(frozen=True)
class Mutant:
    """A wrong change of one place in the code.

    Attributes
    ----------
    what : str
        The change in words.
    path : str
        File, from the top of the project.
    old, new : str
        Text that occurs once in the file, and what takes its place.
    test : str
        The test that must fail, as pytest names it.
    """

    what: str
    path: str
    old: str
    new: str
    test: str

    def occurrences(self) -> int:
        """How often the text occurs in the file; 1 in a mutant that can be made."""
        return (ROOT / self.path).read_text(encoding="utf-8").count(self.old)

    def changed(self) -> Changed:
        """The module with the change made."""
        path = ROOT / self.path
        return Changed(path, path.read_text(encoding="utf-8").replace(self.old, self.new))

    def survives(self, copy: Path) -> bool:
        """Whether the test passes although the code of a copy of the project is wrong; the copy is mended after."""
        file = copy / self.path
        right = file.read_text(encoding="utf-8")
        file.write_text(right.replace(self.old, self.new, 1), encoding="utf-8")
        try:
            return passes(copy, self.test)
        finally:
            file.write_text(right, encoding="utf-8")


def passes(copy: Path, test: str) -> bool:
    """Whether a test passes in a copy of the project.

    Raises
    ------
    RuntimeError
        The test could not be run at all: no such test, or an error outside of it.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{test} could not be run: {(done.stdout + done.stderr)[-300:]}")
    return done.returncode == 0


class Changed(MetaPathFinder, Loader):
    """Loads one module from changed code.

    Parameters
    ----------
    path : Path
        File of the module.
    code : str or ast.Module
    """

    def __init__(self, path: Path, code: str | ast.Module) -> None:
        self._name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self._path, self._code = path, compile(code, str(path), "exec")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """The changed module for its name, nothing for others."""
        return spec_from_file_location(fullname, self._path, loader=self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed code."""
        exec(self._code, module.__dict__)


def run_forked(words: Sequence[str], changed: Changed | None = None, seconds: int = 600) -> int:
    """How pytest ends with these words, in a forked process of its own, in which one module may be changed.

    Returns
    -------
    int
        Exit status; the negative of ``SIGALRM`` if it took longer than it may.
    """
    import pytest

    process = os.fork()
    if not process:
        signal.alarm(seconds)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if changed is not None:
            sys.meta_path.insert(0, changed)
        status = 99
        try:
            status = int(pytest.main([*words]))
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def copy_project(target: Path) -> Path:
    """Copy what the tests need."""
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy(file, target / file.name)
    return target
