"""The command: ``python -m tests.bench``; ``--page docs/benchmarks.md`` writes the page of results.

Exit status 1 if a contender that did equal work got a different result from ours.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench import growth
from tests.bench.contender import CONTENDERS
from tests.bench.limit import against_cpp, against_prototype
from tests.bench.machine import cores, machine
from tests.bench.odds import margin_removal, matches
from tests.bench.page import disagreements, page
from tests.bench.study import Plan, budget, equal_work, own_sweeps, sweep_command, twin

_NAMES = tuple(contender.name for contender in CONTENDERS)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted({int(part.replace("_", "")) for part in text.split(",")}))


def _names(text: str) -> tuple[str, ...]:
    names = {"all": _NAMES, "none": ()}.get(text, tuple(text.split(",")))
    unknown = sorted(set(names) - set(_NAMES))
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(_NAMES)}, all, none")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")
    parser.add_argument("--page", type=Path, help="write the page of results there")
    parser.add_argument("--sizes", type=_numbers, default=(10_000, 100_000), help="rows: 10_000,100_000")
    parser.add_argument("--counts", type=_numbers, default=(1, 100, 1_000, 10_000), help="configurations of our sweeps")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions (3)")
    parser.add_argument("--threads", type=int, default=cores(), help="threads of our sweeps (all cores)")
    parser.add_argument("--peers", type=_names, default=_NAMES, help=f"all, none, or some of {', '.join(_NAMES)}")
    parser.add_argument("--environment", type=Path, help="folder of the peers' environment (default: a temporary one)")
    parser.add_argument(
        "--cpp", type=_numbers, default=(100_000, 1_000_000), help="rows of the comparison with C++; 0: none"
    )
    parser.add_argument(
        "--cpp-counts", type=_numbers, default=(1_000,), help="configurations of the comparison with C++"
    )
    parser.add_argument("--skip-sweep", action="store_true", help="do not measure the sweep around the kernel")
    return parser


def measure(arguments: Sequence[str]) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Parse the arguments and measure; returns the options and all results."""
    options = _parser().parse_args(arguments)
    begin, at = time.monotonic(), machine()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - begin:6.1f} s  {text}\n")

    with tempfile.TemporaryDirectory(prefix="bea-bench-jobs-") as folder:
        plan = Plan(
            options.sizes,
            options.counts,
            max(1, options.repeat),
            max(1, options.threads),
            options.peers,
            Path(folder),
            options.environment,
            say,
        )
        compared = equal_work(plan)
        sweeps = own_sweeps(plan)
        results = {
            "command": " ".join(["python -m tests.bench", *arguments]),
            "measured": dt.datetime.now(dt.UTC).date().isoformat(),
            "repeat": plan.repeat,
            "threads": plan.threads,
            "machine": at,
            "equal_work": compared,
            "own_sweeps": sweeps,
            "budget": budget(sweeps),
            "twin": twin(plan),
            "cpp": against_cpp(tuple(n for n in options.cpp if n), options.cpp_counts, plan.repeat, say),
            "prototype": against_prototype(plan.repeat, say) if any(options.cpp) else [],
            "margin": margin_removal(say),
            "matches": matches(plan.repeat, say),
            "sweep_command": None if options.skip_sweep else sweep_command(plan),
        }
    return options, results | {"took_s": time.monotonic() - begin}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the results and write the page; returns the exit status."""
    options, results = measure(sys.argv[1:] if arguments is None else arguments)
    sys.stdout.write((json.dumps(results, indent=1) if options.json else page(results)) + "\n")
    if options.page:
        options.page.write_text(page(results), encoding="utf-8")
        if growth.drawable(results["own_sweeps"]):
            images = options.page.parent / "images"
            images.mkdir(exist_ok=True)
            (images / growth.NAME).write_text(growth.svg(results["own_sweeps"]), encoding="utf-8")
    wrong = disagreements(results)
    for title in wrong:
        sys.stderr.write(f"results that differ from ours: {title}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
