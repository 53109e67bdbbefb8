"""Run the simulation: ``python -m tests.truth``. ``--page docs/simulated-truth.md`` writes the page of results.

Finished pieces are stored under ``--out``. A second start continues from there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from research.execution.progress import progress_for
from research.records.identity import commit
from tests.truth import charts
from tests.truth.page import page
from tests.truth.study import (
    LOGS,
    Counts,
    batch_of_families,
    batch_of_intervals,
    batch_of_sweeps,
    batches,
    compute_all,
    coverage,
    families,
    family_results,
    interval_results,
    sweep_cells,
    sweep_results,
)
from tests.truth.summary import summarise

PARTS = ("false", "slow", "price", "power", "required", "families", "coverage")
QUICK = Counts(40, 20, 200)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="40 sweeps of each kind instead of 400")
    parser.add_argument("--out", type=Path, default=Path("data/truth"), help="folder of finished pieces")
    parser.add_argument("--threads", type=int, default=1, help="number of processes, one thread each (1)")
    parser.add_argument("--seed", type=int, default=20_260_101)
    parser.add_argument("--sweeps", type=int, default=Counts.sweeps, help=f"sweeps of each kind ({Counts.sweeps})")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}, or none")
    parser.add_argument("--page", type=Path, help="file for the page of results")
    parser.add_argument("--also", default="", help="hashes of earlier sources whose pieces count on the page too")
    parser.add_argument("--measured", help="text of the page on what was measured (the commit of the checkout)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is missing, and write the page."""
    options = _parser().parse_args(sys.argv[1:] if arguments is None else list(arguments))
    progress, parts, seed = progress_for(), options.parts.split(","), options.seed
    counts = QUICK if options.quick else Counts(options.sweeps)
    work: dict[str, Any] = {
        name: (cells, None, batch_of_sweeps, sweep_results) for name, cells in sweep_cells(counts).items()
    }
    work["families"] = (families(counts.sweeps)["same"], None, batch_of_families, family_results)
    work["coverage"] = (coverage(counts.logs), LOGS, batch_of_intervals, interval_results)
    for name, (cells, size, batch, results) in work.items():
        if name in parts:
            requests = [
                request for cell in cells for request in (batches(cell, seed, size) if size else batches(cell, seed))
            ]
            compute_all(f"{name}: batches", requests, batch, results(options.out), options.threads, progress)
    if options.page:
        measured = options.measured or f"commit {commit() or 'unknown'}"
        tables = summarise(options.out, seed, counts, options.also.split(",")) | {"measured": measured}
        earlier = options.page.read_text(encoding="utf-8") if options.page.is_file() else ""
        options.page.write_text(page(tables, earlier), encoding="utf-8")
        folder = options.page.parent / "images"
        folder.mkdir(exist_ok=True)
        for name, svg in charts.images(tables).items():
            (folder / name).write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
