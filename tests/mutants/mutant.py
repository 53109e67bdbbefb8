"""One wrong change: where, what, and the test that finds it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def copy_project(target: Path) -> Path:
    """Copy what the tests need."""
    for name in COPIED:
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file() and file.name != ".git":
            shutil.copy(file, target / file.name)
    return target
