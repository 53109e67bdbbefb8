"""Kill a sweep at random moments, resume it with the same command, and compare every byte with an undisturbed run.

As a script: ``python -m tests.fault.kills --kills 20``.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BEA = Path(sys.executable).parent / "bea"
WORDS = ("sweep", "data=sample", "experiment=sample", "strategy.markets=[1x2]", "report=false", "output=json")
FILES = ("results.parquet", "bets.parquet", "daily.parquet")


def start(home: Path, words: tuple[str, ...] = WORDS) -> subprocess.Popen[bytes]:
    """The command in a home of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")} | {"BEA_HOME": str(home)}
    return subprocess.Popen([str(BEA), *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(home: Path, words: tuple[str, ...] = WORDS) -> dict[str, str]:
    """Run to the end; hashes of the run's tables by name."""
    process = start(home, words)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told.decode()
    (run,) = [p for p in (home / "data" / "runs").iterdir() if not p.name.startswith(".")]
    return {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in FILES}


def killed(home: Path, after_s: float) -> int:
    """Start, kill after a while, and give the exit status (that of a finished run where it was too late)."""
    process = start(home)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate(timeout=60)
    return process.returncode


def interrupted(home: Path) -> int:
    """Start, interrupt as soon as it tells what it is about to compute, and give the exit status."""
    process = start(home, tuple(word for word in WORDS if word != "output=json"))
    assert process.stderr is not None
    line = process.stderr.readline()
    while b"configurations" not in line:
        assert line, "it told nothing"
        line = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return process.returncode


def units(home: Path) -> int:
    """Number of finished units on disk."""
    return len(list((home / "data" / "runs" / ".work").rglob("*.unit")))


def trial(root: Path, kills: int, seed: int) -> tuple[int, int]:
    """Kill so often, then finish and compare; gives the number of kills that hit and of units they left behind."""
    draw = random.Random(seed)
    began = time.monotonic()
    wanted = finish(root / "undisturbed")
    span = time.monotonic() - began
    hits = left = fresh = 0
    for number in range(kills):
        home = root / f"disturbed-{fresh}"
        status = killed(home, draw.uniform(0.25 * span, 0.9 * span))
        hits += status == -signal.SIGKILL
        left = max(left, units(home))
        if status != -signal.SIGKILL or number % 3 == 2 or number == kills - 1:
            found = finish(home)
            assert found == wanted, f"kill {number} (seed {seed}): {found} is not {wanted}"
            fresh += 1
    return hits, left


def main() -> int:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        hits, left = trial(Path(folder), options.kills, options.seed)
    sys.stdout.write(f"{options.kills} kills, {hits} of them before the end, up to {left} units kept: same bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
