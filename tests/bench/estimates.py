"""Promised and taken seconds of commands: ``python -m tests.bench.estimates``. Each one runs in a separate process.

All commands use the sample data, in one new home with one new cache of compiled code. The first is cold. What is
promised is in the line that the command prints before its first configuration; what is taken is its time until it ends,
with the start of the interpreter.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

_BEA: Final = "import sys; from research.commands.main import main; sys.exit(main())"
_EDGES: Final = "strategy.edge_min=range(0,0.1,{})"
_GRID: Final = ["sweep", "data=sample", "staking=kelly"]
_UNITS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0}
_PROMISE: Final = re.compile(r"about ([\d.]+) (s|min|h) in all")

#: what is shown, and the words of the command
JOBS: Final[list[tuple[str, list[str]]]] = [
    ("README's sweep, cold", ["sweep", "data=sample", "experiment=sample"]),
    ("the same, warm", ["sweep", "data=sample", "experiment=sample", "force=true"]),
    ("one backtest", ["backtest", "data=sample"]),
    ("20 edges", ["sweep", "data=sample", _EDGES.format("0.005")]),
    ("1,000 of Kelly", [*_GRID, _EDGES.format("0.001"), "staking.fraction=range(0.05,0.55,0.05)"]),
    ("10,000 of Kelly", [*_GRID, _EDGES.format("0.001"), "staking.fraction=range(0.01,1.01,0.01)"]),
    ("100,000 of Kelly", [*_GRID, _EDGES.format("0.0001"), "staking.fraction=range(0.01,1.01,0.01)"]),
    (
        "two strategies",
        ["sweep", "data=sample", "strategy=value,consensus", _EDGES.format("0.01"), "staking=flat,kelly"],
    ),
    ("a model (Elo)", ["sweep", "data=sample", "strategy=model", "model=elo", _EDGES.format("0.01")]),
    (
        "without validation",
        [
            "sweep",
            "data=sample",
            _EDGES.format("0.0005"),
            "staking.fraction=range(0.1,1,0.1)",
            "staking=kelly",
            "validation=none",
        ],
    ),
]


_OWN: Final = ["sweep", "staking=kelly"]
#: the same, on the store of the home
OWN_JOBS: Final[list[tuple[str, list[str]]]] = [
    ("20 edges, cold", ["sweep", _EDGES.format("0.005")]),
    ("1,000 of Kelly", [*_OWN, _EDGES.format("0.001"), "staking.fraction=range(0.05,0.55,0.05)"]),
    ("one backtest", ["backtest"]),
    ("10,000 of Kelly", [*_OWN, _EDGES.format("0.001"), "staking.fraction=range(0.01,1.01,0.01)"]),
    (
        "300, walk forward",
        [*_OWN, _EDGES.format("0.01"), "staking.fraction=range(0.01,0.31,0.01)", "validation=walk_forward"],
    ),
]


@dataclass(frozen=True)
class Kept:
    """Seconds that a command promised and took, and its first line."""

    promised: float
    taken: float
    line: str

    @property
    def factor(self) -> float:
        """How far they are apart, at least one."""
        return max(self.promised / self.taken, self.taken / self.promised)


def bea(words: list[str], home: Path) -> str:
    """Run a command in a home; what it wrote to stderr."""
    environment = {**os.environ, "BEA_HOME": str(home), "BEA_NUMBA_CACHE": str(home / "numba")}
    command = [sys.executable, "-c", _BEA, *words]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True).stderr


def run(words: list[str], home: Path) -> Kept:
    """Run a command in a home, and compare."""
    started = perf_counter()
    said = bea(words, home)
    taken = perf_counter() - started
    for line in said.splitlines():
        if found := _PROMISE.search(line):
            return Kept(float(found[1]) * _UNITS[found[2]], taken, line)
    raise RuntimeError(f"{' '.join(words)} promised nothing:\n{said}")


def main() -> None:
    """Run the jobs, or those on the prices of some files of football-data.co.uk; a row of a table each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("files", nargs="*", help="files to import; without them, the sample")
    files = parser.parse_args().files
    sys.stdout.write("| command | promised | taken | factor | its line |\n|---|---:|---:|---:|---|\n")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if files:
            bea(["data", "import", "football_data", *files], home)
        for name, words in OWN_JOBS if files else JOBS:
            kept = run(words, home)
            row = f"| {name} | {kept.promised:.0f} s | {kept.taken:.1f} s | {kept.factor:.2f} | {kept.line} |"
            sys.stdout.write(row + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
