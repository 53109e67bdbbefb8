"""Margin removal and Kelly stakes over many markets at once, and 1,000 configurations over the matches of a decade."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from engine.backtesting.run import run_params
from engine.betting.kelly import kelly_market
from engine.odds import METHODS, fair_probabilities
from tests.bench.limit import matrix_of, tape_of
from tests.bench.machine import cores

Row = dict[str, Any]
_MARKETS = 500_000
_MATCHES = 38_000


def margin_removal(say: Callable[[str], None], repeat: int = 3) -> list[Row]:
    """Three-way markets per second on one core: by method of margin removal, and for the exact Kelly stakes."""
    say("margin removal")
    rng = np.random.default_rng(1)
    true = rng.dirichlet(np.full(3, 4.0), _MARKETS)
    odds = np.maximum(1.0 / (true * rng.uniform(1.02, 1.08, (_MARKETS, 1))), 1.01)
    rows = []
    for method in METHODS:
        fair_probabilities(odds[:10], method=method)
        rows.append(
            {
                "name": method,
                "per_second": _MARKETS / _median(lambda m=method: fair_probabilities(odds, method=m), repeat),
            }
        )
    many = min(100_000, _MARKETS)
    prob = true[:many] * 1.02
    rows.append({"name": "kelly_market", "per_second": many / _median(lambda: kelly_market(odds[:many], prob), repeat)})
    return rows


def matches(repeat: int, say: Callable[[str], None]) -> Row:
    """Seconds of 1,000 configurations over 38,000 matches with one opportunity each: full path, all cores."""
    say(f"{_MATCHES:,} matches")
    tape = tape_of(_MATCHES)
    matrix = matrix_of(tape, 1_000, 0.2)
    run_params(tape, matrix, 3, cores())
    return {
        "rows": len(tape), "configurations": len(matrix), "threads": cores(),
        "seconds": _median(lambda: run_params(tape, matrix, 3, cores()), max(repeat, 3)),
    }  # fmt: skip


def _median(work: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return statistics.median(times)
