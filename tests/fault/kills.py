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


def killed(home: Path, after_files: int, delay_s: float, words: tuple[str, ...] = WORDS) -> int:
    """Start, kill a moment after so many tapes and units are on disk, and return the exit status.

    The moment follows the work and not the clock, so a slow machine is killed in the middle of it as well.
    """
    process = start(home, words)
    while process.poll() is None and tapes(home) + units(home) < after_files:
        time.sleep(0.002)
    try:
        process.wait(delay_s)
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


def tapes(home: Path) -> int:
    """Number of tapes in the cache."""
    return len(list((home / "data" / "cache" / "tapes").glob("*.arrow")))


def trial(root: Path, kills: int, seed: int, words: tuple[str, ...] = WORDS) -> tuple[int, int]:
    """Kill a sweep several times, finish it and compare; returns how many kills hit, and the most units one left."""
    draw = random.Random(seed)
    wanted = finish(root / "undisturbed", words)
    most_files = 2 * tapes(root / "undisturbed")  # each tape, and at least one unit of it
    hits = left = fresh = 0
    for number in range(kills):
        home = root / f"disturbed-{fresh}"
        before = tapes(home) + units(home)
        files = draw.randint(min(before + 1, most_files), most_files)
        status = killed(home, files, draw.uniform(0.0, 0.05), words)
        hits += status == -signal.SIGKILL
        left = max(left, units(home))
        if status != -signal.SIGKILL or number % 3 == 2 or number == kills - 1:
            found = finish(home, words)
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
