"""What finished pieces add up to: shares with their errors, and the exact test of a share of false positives."""

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
    kept_intervals,
    kept_sweeps,
    power,
    rows_of,
)

Row = dict[str, Any]

#: a verdict may be wrong so often, and how sure the test must be that it is wrong more often
LEVEL, CERTAINTY = 0.05, 0.01
CONDITIONS = "abcd"


def tail(count: int, of: int, share: float = LEVEL) -> float:
    """Chance of at least `count` in `of` draws, exactly.

    >>> round(tail(2, 2, 0.5), 12)
    0.25
    """
    logs = [
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)
        + k * math.log(share) + (of - k) * math.log1p(-share)
        for k in range(count, of + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(math.exp(one) for one in logs))


def most_allowed(of: int) -> int:
    """The most false positives that are no evidence of a share above `LEVEL`."""
    count = math.floor(LEVEL * of)
    while tail(count + 1, of) >= CERTAINTY:
        count += 1
    return count


def of_sweeps(cell: Cell, rows: Sequence[Row]) -> Row:
    """One cell: shares of sweeps in which evidence was said, each condition failed, the single test rejected."""
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
    """Of sweeps without an edge: how many out-of-sample paths have an interval, and the share that holds zero."""
    told = [row["outside"] for row in rows if row["outside"][1] == row["outside"][1]]
    held = sum(low <= 0.0 <= high for _, low, high, _ in told)
    return {"paths": len(told), "path_held": held / len(told) if told else math.nan}


def of_logs(cell: Cell, pieces: Sequence[dict[str, list[int]]]) -> list[Row]:
    """One cell of bet logs: of each interval how often it was printed, and held the truth."""
    names = dict.fromkeys(name for piece in pieces for name in piece)
    out = []
    for name in names:
        printed, below, above = (sum(piece.get(name, (0, 0, 0))[k] for piece in pieces) for k in range(3))
        held = 1.0 - (below + above) / printed
        told = {"logs": cell.count, "printed": printed, "below": below / printed, "above": above / printed}
        out.append({"world": cell.world, "name": name, "held": held, **told})
    return out


def found(out: Path, seed: int, counts: tuple[int, int, int]) -> Row:
    """All finished cells: `counts` are the sweeps of a world without edge, of a cell of power, of a required one."""
    sweeps, logs = kept_sweeps(out), kept_intervals(out)
    tables: Row = {"sources": sweeps.sources, "interval_sources": logs.sources, "coverage": []}
    for name, cells in (("false", false_positives(counts[0])), ("power", power(*counts[1:]))):
        done = ((cell, rows_of(cell, seed, sweeps)) for cell in cells)
        tables[name] = [of_sweeps(cell, rows) for cell, rows in done if rows]
    for cell in coverage(counts[0]):
        pieces = [piece for asked in batches(cell, seed, LOGS) if (piece := logs.get(asked)) is not None]
        tables["coverage"] += of_logs(cell, pieces) if pieces else []
    return tables
