"""Quotes per second and memory of as-of questions: ``python -m tests.bench.quotes``.

Two synthetic stores, written by the writer of the store: one of opening and closing prices, one with histories of many
snapshots. Each question runs several times, each time in a new process, alternating with the others. The peak of memory
is that of its process; the peak of a process that only opens the store is printed beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from engine.asof.decisions import Decisions, best_at, closing_prices, consensus_at, in_force_at
from engine.asof.view import store_views
from engine.machine import peak_bytes
from engine.simulator.simulate import SimulatorSettings, simulate_leagues
from engine.store import Store, Universe

ROOT = Path(__file__).resolve().parents[2]
MINUTE = 60 * 1_000_000_000
#: how long before the start decisions are made
ONE, MANY = (60 * MINUTE,), tuple(span * MINUTE for span in (1440, 360, 60, 15, 5))
QUESTIONS = (
    "nothing", "best", "best_often", "consensus", "consensus_often", "closing", "in_force", "view_before_start",
    "view_quote",
)  # fmt: skip
#: bookmakers x selections of all markets
_QUOTES_OF_A_MATCH = 6 * 9
_MATCHES_OF_A_SEASON = 18 * 17


def make(folder: Path, quotes: int, snapshots: int) -> int:
    """Write a store of at least this number of quotes, in leagues of five seasons; returns the exact number."""
    leagues = -(-quotes // (5 * _MATCHES_OF_A_SEASON * _QUOTES_OF_A_MATCH * (snapshots + 2)))
    settings = SimulatorSettings(
        competitions=tuple(f"B{n:03d}" for n in range(leagues)), snapshots=snapshots, aggregates=False
    )
    store = Store.create_or_open(folder)
    store.apply(batch for league in simulate_leagues(settings) for batch in league.batches)
    return store.count_quotes()


def _frames(store: Store, question: str, memory_mb: int, threads: int) -> Iterator[pl.DataFrame]:
    spans = MANY if question.endswith("_often") else ONE
    decisions = Decisions(spans, memory_mb=memory_mb, threads=threads)
    if question.startswith("view"):
        seen = Universe(instants=("open", "snapshot"), sides=("back",))
        decide_at = "quote" if question == "view_quote" else "before_start:60m"
        return (view.quotes for view in store_views(store, seen, decide_at, memory_mb=memory_mb, threads=threads))
    if question == "in_force":
        return (rows for _, rows in in_force_at(store, decisions))
    ask = {"best": best_at, "consensus": consensus_at, "closing": closing_prices}
    return ask[question.removesuffix("_often")](store, decisions)  # type: ignore[operator, no-any-return]


def _once(folder: str, question: str, memory_mb: int, threads: int) -> dict[str, Any]:
    """Answer one question in this process: seconds, rows of the answer, peak of memory."""
    store = Store.open(folder)
    store.verify()
    begin, rows = time.perf_counter(), 0
    if question != "nothing":
        for frame in _frames(store, question, memory_mb, threads):
            rows += frame.height
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "rows": rows, "peak_mb": peak_bytes() / 1e6}


def measure(
    quotes: int = 10_000_000, memory_mb: int = 512, threads: int = 2, repeat: int = 3, folder: Path | None = None
) -> list[dict[str, Any]]:
    """Measure every question on both stores.

    Parameters
    ----------
    quotes : int
        Approximate number of quotes of a store.
    memory_mb : int
        The memory limit under test.
    threads, repeat : int
    folder : Path, optional
        Where stores are kept; those of an earlier measurement are used again.

    Returns
    -------
    list of dict
        store (``open_close``, ``snapshots``), question, quotes, rows (of the answer), seconds (median),
        quotes_per_s, peak_mb (largest), memory_mb, base_mb (peak of a process that only opens the store).
    """
    with tempfile.TemporaryDirectory(prefix="bea-bench-quotes-") as aside:
        place, measurements = folder or Path(aside), list[dict[str, Any]]()
        for name, snapshots in (("open_close", 0), ("snapshots", 30)):
            at = place / f"{name}-{quotes}"
            count = Store.open(at).count_quotes() if at.is_dir() else make(at, quotes, snapshots)
            answers: dict[str, list[dict[str, Any]]] = {question: [] for question in QUESTIONS}
            for _ in range(repeat):
                for question in QUESTIONS:
                    answers[question].append(_child(at, question, memory_mb, threads))
            base = max(answer["peak_mb"] for answer in answers.pop("nothing"))
            measurements += [
                _summary(many, store=name, question=question, quotes=count, memory_mb=memory_mb, base_mb=base)
                for question, many in answers.items()
            ]
    return measurements


def _child(store: Path, question: str, memory_mb: int, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.quotes", "--once", str(store), question]
    command += ["--memory-mb", str(memory_mb), "--threads", str(threads)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(process.stdout)
    return answer


def _summary(answers: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    seconds = statistics.median(answer["seconds"] for answer in answers)
    return facts | {
        "rows": answers[0]["rows"],
        "seconds": seconds,
        "quotes_per_s": facts["quotes"] / seconds,
        "peak_mb": max(answer["peak_mb"] for answer in answers),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quotes", description=__doc__.split("\n")[0])
    parser.add_argument("--quotes", type=int, default=10_000_000, help="quotes of a store (10 million)")
    parser.add_argument("--memory-mb", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the stores there, and use those that exist")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", nargs=2, metavar=("STORE", "QUESTION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(_once(*options.once, options.memory_mb, options.threads)))  # noqa: T201
        return
    measurements = measure(options.quotes, options.memory_mb, options.threads, options.repeat, options.folder)
    if options.json:
        print(json.dumps(measurements, indent=1))  # noqa: T201
        return
    for row in measurements:
        print(  # noqa: T201
            f"{row['store']:11}{row['question']:18}{row['quotes_per_s'] / 1e6:7.2f} million quotes/s "
            f"{row['seconds']:7.2f} s {row['rows']:11,} rows  peak {row['peak_mb']:6.0f} MB "
            f"(setting {row['memory_mb']}, process alone {row['base_mb']:.0f})"
        )


if __name__ == "__main__":
    main()
