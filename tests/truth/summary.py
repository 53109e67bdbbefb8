"""Summary of the finished pieces: shares with standard errors, and the exact test of a share of false positives."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.truth.study import (
    LOGS,
    Cell,
    batches,
    coverage,
    false_positives,
    interval_results,
    power,
    rows_of,
    sweep_results,
)

Row = dict[str, Any]

#: allowed share of wrong verdicts, and level of the test that the share is higher
LEVEL, CERTAINTY = 0.05, 0.01
CONDITIONS = "abcd"


def tail(count: int, n: int, share: float = LEVEL) -> float:
    """Exact binomial probability of at least `count` successes in `n` trials.

    >>> round(tail(2, 2, 0.5), 12)
    0.25
    """
    logs = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(share) + (n - k) * math.log1p(-share)
        for k in range(count, n + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def most_allowed(n: int) -> int:
    """Largest number of false positives in `n` sweeps that passes the test of a share above `LEVEL`."""
    count = math.floor(LEVEL * n)
    while tail(count + 1, n) >= CERTAINTY:
        count += 1
    return count


def of_sweeps(cell: Cell, rows: Sequence[Row]) -> Row:
    """Summary of one cell: shares of sweeps with evidence, with each failed condition, with a significant single test.

    `rows` are the finished sweeps of the cell, at least one.
    """
    n = len(rows)
    wrong = sum(row["evidence"] for row in rows)
    return {
        "world": cell.world,
        "sweeps": n,
        "asked": cell.count,
        "evidence": wrong,
        "share": wrong / n,
        "error": math.sqrt(wrong / n * (1.0 - wrong / n) / n),
        "failed": {letter: sum(letter in row["failed"] for row in rows) / n for letter in CONDITIONS},
        "both": sum(not {"a", "b", "d"} & set(row["failed"]) for row in rows) / n,
        **_path(rows),
        "single": sum(row["p_true"] <= LEVEL for row in rows) / n,
        "effective": statistics.median(row["effective"] for row in rows),
        "picked_holds": sum(row["picked_holds"] for row in rows) / n,
        "windows_hold": sum(row["windows_hold"] for row in rows) / n,
        "bets": statistics.fmean(row["bets"] for row in rows),
    }


def _path(rows: Sequence[Row]) -> Row:
    """For sweeps without an edge: number of out-of-sample paths with an interval, and the share that contains zero."""
    intervals = [row["outside"] for row in rows if row["outside"][1] == row["outside"][1]]
    held = sum(low <= 0.0 <= high for _, low, high, _ in intervals)
    return {"paths": len(intervals), "path_held": held / len(intervals) if intervals else math.nan}


def of_logs(cell: Cell, pieces: Sequence[dict[str, list[int]]]) -> list[Row]:
    """Summary of one cell of bet logs: how often each interval was printed, and contained the truth."""
    names = dict.fromkeys(name for piece in pieces for name in piece)
    rows = []
    for name in names:
        printed, below, above = (sum(piece.get(name, (0, 0, 0))[k] for piece in pieces) for k in range(3))
        held = 1.0 - (below + above) / printed
        shares = {"below": below / printed, "above": above / printed}
        rows.append({"world": cell.world, "name": name, "held": held, "logs": cell.count, "printed": printed, **shares})
    return rows


def summarise(out: Path, seed: int, counts: tuple[int, int, int]) -> Row:
    """Summary of all finished cells, for the page.

    `counts` are the numbers of sweeps: per cell without an edge, per cell of the power table, per cell with a required
    power.
    """
    sweeps, logs = sweep_results(out), interval_results(out)
    tables: Row = {"sources": sweeps.sources, "interval_sources": logs.sources, "coverage": []}
    for name, cells in (("false", false_positives(counts[0])), ("power", power(*counts[1:]))):
        finished = ((cell, rows_of(cell, seed, sweeps)) for cell in cells)
        tables[name] = [of_sweeps(cell, rows) for cell, rows in finished if rows]
    for cell in coverage(counts[0]):
        pieces = [piece for request in batches(cell, seed, LOGS) if (piece := logs.get(request)) is not None]
        tables["coverage"] += of_logs(cell, pieces) if pieces else []
    return tables
