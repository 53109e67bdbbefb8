"""The command: ``python -m tests.truth``; ``--page docs/simulated-truth.md`` writes the page of results.

What is finished is kept under ``--out``; a second start goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from research.execution.progress import progress_for
from research.records.identity import commit
from tests.truth import charts
from tests.truth.page import page
from tests.truth.study import (
    LOGS,
    batch_of_intervals,
    batch_of_sweeps,
    batches,
    compute_all,
    coverage,
    false_positives,
    kept_intervals,
    kept_sweeps,
    power,
)
from tests.truth.summary import found

PARTS = ("false", "power", "coverage")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="200 sweeps instead of 1,000, 20 of a cell of the table")
    parser.add_argument("--out", type=Path, default=Path("data/truth"), help="where finished pieces are kept")
    parser.add_argument("--threads", type=int, default=1, help="processes of one thread each (1)")
    parser.add_argument("--seed", type=int, default=20_260_101)
    parser.add_argument("--power-sweeps", type=int, default=60, help="sweeps of a cell of the table of power (60)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}, or none")
    parser.add_argument("--page", type=Path, help="write the page of results there")
    parser.add_argument("--measured", help="what the page says was measured (the commit of the checkout)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is not there yet, and write the page."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = _parser().parse_args(given)
    progress, parts, seed = progress_for(), asked.parts.split(","), asked.seed
    counts = (200, 20, 100) if asked.quick else (1_000, asked.power_sweeps, 300)
    work = {
        "false": (false_positives(counts[0]), None, batch_of_sweeps, kept_sweeps),
        "power": (power(*counts[1:]), None, batch_of_sweeps, kept_sweeps),
        "coverage": (coverage(counts[0]), LOGS, batch_of_intervals, kept_intervals),
    }
    for name, (cells, size, batch, kept) in work.items():
        if name in parts:
            pieces = [one for cell in cells for one in (batches(cell, seed, size) if size else batches(cell, seed))]
            compute_all(f"{name}: batches", pieces, batch, kept(asked.out), asked.threads, progress)
    if asked.page:
        tables = found(asked.out, seed, counts) | {"measured": asked.measured or f"commit {commit() or 'not known'}"}
        asked.page.write_text(page(tables), encoding="utf-8")
        images = asked.page.parent / "images"
        images.mkdir(exist_ok=True)
        for name, drawn in charts.drawn(tables).items():
            (images / name).write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
