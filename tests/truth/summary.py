"""Summary of the finished pieces: shares with standard errors, and the exact test of a share of false positives."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from research.verdict.judge import OutOfSample
from tests.truth.reading import findings_of, money, price, yield_shown
from tests.truth.results import source_hash
from tests.truth.study import (
    LOGS,
    VERDICT_SOURCES,
    Cell,
    Counts,
    batches,
    coverage,
    families,
    family_results,
    interval_results,
    rows_of,
    sweep_cells,
    sweep_results,
)

Row = dict[str, Any]

#: allowed share of wrong verdicts, and level of the test that the share is higher
LEVEL, CERTAINTY = 0.05, 0.01
CONDITIONS = "abecd"


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

    `rows` are the finished sweeps of the cell, at least one. The verdicts are made here from their numbers.
    """
    n = len(rows)
    verdicts = [money(row) for row in rows]
    holds = [{one.letter for one in verdict.conditions if one.holds} for verdict in verdicts]
    wrong = sum(verdict.evidence for verdict in verdicts)
    passed = [row for row, verdict in zip(rows, verdicts, strict=True) if verdict.evidence]
    return {
        "world": cell.world,
        "title": cell.title,
        "sweeps": n,
        "asked": cell.count,
        "evidence": wrong,
        **_share(wrong, n),
        "failed": {letter: sum(letter not in one for one in holds) / n for letter in CONDITIONS},
        "selected": sum(one >= set("abcd") for one in holds) / n,
        "ensemble": sum(one >= set("ecd") for one in holds) / n,
        "warns": sum(row["warns"] for row in rows) / n,
        **_path([path for row in rows if (path := findings_of(row).out_of_sample) is not None]),
        "shown": _shown(passed, cell.world.get("edge_frac", 0.0)),
        "single": sum(row["p_true"] <= LEVEL for row in rows) / n,
        "effective": statistics.median(row["effective"] for row in rows),
        "picked_holds": sum(row["picked_holds"] for row in rows) / n,
        "windows_hold": sum(row["windows_hold"] for row in rows) / n,
        "bets": statistics.fmean(row["bets"] for row in rows),
        "price": {close: _price(rows, close) for close in rows[0]["price"]},
    }


def _share(count: int, n: int) -> Row:
    """A share of sweeps with its standard error."""
    return {"share": count / n, "error": math.sqrt(count / n * (1.0 - count / n) / n)}


def _path(paths: Sequence[OutOfSample]) -> Row:
    """Number of out-of-sample paths with an interval, and for sweeps without an edge the share that contains zero."""
    intervals = [one for one in paths if one.low == one.low]
    held = sum(one.low <= 0.0 <= one.high for one in intervals)
    return {"paths": len(intervals), "path_held": held / len(intervals) if intervals else math.nan}


def _shown(passed: Sequence[Row], edge: float) -> Row:
    """The yield that is shown with evidence: as it was measured, and its interval once it is corrected.

    Only of sweeps whose selected configuration has the edge, since the others have another truth.
    """
    found = [one for row in passed if row["picked_holds"] and (one := yield_shown(row)) is not None]
    printed = [one for one in found if one[3] > 0.0]
    held = sum(low <= edge <= high for *_, low, high in printed)
    return {
        "sweeps": len(found),
        "printed": len(printed),
        "held": held / len(printed) if printed else math.nan,
        "raw": statistics.fmean(one[0] for one in found) if found else math.nan,
        "middle": statistics.fmean(one[1] for one in found) if found else math.nan,
    }


def _price(rows: Sequence[Row], close: str) -> Row:
    """Share of sweeps that beat the closing line, by one kind of close, and in which the verdict is silent."""
    found = [price(row, close) for row in rows]
    beats = sum(verdict == "beats" for verdict in found)
    return {"beats": beats, **_share(beats, len(rows)), "silent": found.count("silent") / len(rows)}


def of_families(cell: Cell, ledger: str, read: Sequence[Sequence[Row]]) -> Row:
    """Summary of families of sweeps that are read as they come: how many had evidence at least once, after each look.

    `read` are the finished families, at least one; each is a list of looks, with `look` and `effective` of the ledger.
    """
    n, looks = len(read), len(read[0])
    families_read = [[row | row["ledgers"][ledger] for row in family] for family in read]
    evidence = [[money(row).evidence for row in family] for family in families_read]
    counts = [sum(any(one[: look + 1]) for one in evidence) for look in range(looks)]
    return {
        "title": cell.title,
        "sweeps": n,
        "asked": cell.count,
        "looks": looks,
        "evidence": counts[-1],
        **_share(counts[-1], n),
        "after": [count / n for count in counts],
        "place": [row["look"] for row in families_read[0]],
        "effective": [
            statistics.median(family[look]["effective"] for family in families_read) for look in range(looks)
        ],
    }


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


def summarise(out: Path, seed: int, counts: Counts, also: Sequence[str] = ()) -> Row:
    """Summary of all finished cells, for the page; `also` as in `results.Results`."""
    results, logs, several = sweep_results(out, also), interval_results(out, also), family_results(out, also)
    used = dict.fromkeys([*results.used, *several.used])
    tables: Row = {"sources": ", ".join(used), "interval_sources": ", ".join(logs.used), "coverage": []}
    tables["verdict_sources"] = source_hash(VERDICT_SOURCES)
    for name, cells in sweep_cells(counts).items():
        finished = ((cell, rows_of(cell, seed, results)) for cell in cells)
        tables[name] = [of_sweeps(cell, rows) for cell, rows in finished if rows]
    tables["families"] = [
        of_families(cell, ledger, rows)
        for ledger, cells in families(counts.sweeps).items()
        for cell in cells
        if (rows := rows_of(cell, seed, several))
    ]
    for cell in coverage(counts.logs):
        pieces = [piece for request in batches(cell, seed, LOGS) if (piece := logs.get(request)) is not None]
        tables["coverage"] += of_logs(cell, pieces) if pieces else []
    return tables
