"""Start of the command line: seconds of `bea --help` beyond those of bare Python, ``python -m tests.bench.start``."""

from __future__ import annotations

import statistics
import subprocess
import sys
from time import perf_counter

_HELP = "import sys; from research.commands.main import main; sys.exit(main(['--help']))"


def seconds(code: str) -> float:
    """Elapsed time of a Python process that runs the code."""
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return perf_counter() - start


def measured(repeat: int = 15) -> tuple[float, float]:
    """Median seconds of bare Python and of ``bea --help``, measured in turn."""
    pairs = [(seconds("pass"), seconds(_HELP)) for _ in range(repeat)]
    bare, command = (statistics.median(column) for column in zip(*pairs, strict=True))
    return bare, command


if __name__ == "__main__":
    bare_s, help_s = measured()
    sys.stdout.write(f"bare Python {bare_s:.3f} s, bea --help {help_s:.3f} s, difference {help_s - bare_s:.3f} s\n")
