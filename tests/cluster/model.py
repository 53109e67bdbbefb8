"""How far sweeps on a cluster go, from measured costs: ``python -m tests.cluster.model COSTS.json``.

Simulates one scheduler that hands units to workers, one file system that all write to, and one command that puts the
results together. The costs are those that `tests.cluster.costs` prints; what was not measured is stated in `Site`.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from research.execution.units import cut

SIZES: Final = ((10**6, 10), (10**6, 100), (10**7, 100), (10**7, 1000), (10**8, 1000), (10**9, 1000))
#: how often the command reads a unit: for the results, and for the days
READS: Final = 2


@dataclass(frozen=True)
class Site:
    """What is assumed of the machines.

    Attributes
    ----------
    bytes_s : float
        What the shared file system takes from, or gives to, all machines together; a good NFS server.
    start_s : float
        From the start of a worker to its first unit: imports, compiled code from its cache.
    spread : float
        Longest unit over the shortest; units in between are spread evenly.
    """

    bytes_s: float = 1e9
    start_s: float = 5.0
    spread: float = 1.5


@dataclass(frozen=True)
class Forecast:
    """Seconds of the parts of a sweep, and bytes.

    Attributes
    ----------
    units_s : float
        Until the last unit is published.
    busy : float
        Share of that time in which workers compute.
    limit : str
        What the workers wait for most: ``workers``, ``scheduler`` or ``files``.
    reduce_s, findings_s : float
        Results put together, and significance testing, by the command alone on one thread.
    unit_bytes, plan_bytes : float
    """

    units_s: float
    busy: float
    limit: str
    reduce_s: float
    findings_s: float
    unit_bytes: float
    plan_bytes: float


def forecast(costs: Mapping[str, float], configurations: int, workers: int, rows: int, site: Site) -> Forecast:
    """Simulate one sweep over one tape.

    Parameters
    ----------
    costs : mapping of str to float
        Of a unit on a short tape; its steps grow with the rows, its results with the configurations.
    configurations, workers, rows : int
        `rows` of the tape.
    site : Site
    """
    block = cut(0, 0, 10**9, rows)[0].high
    share, longer, count = block / costs["configurations"], rows / costs["rows"], math.ceil(configurations / block)
    compute_s, publish_s = costs["compute_s"] * share * longer, costs["publish_s"] * share
    size = costs["unit_bytes"] * share
    step_s, file_s = max(costs["dask_scheduler_s"], costs["dask_client_s"]), size / site.bytes_s
    fetch_s = costs["tape_bytes"] * longer / site.bytes_s
    free = [site.start_s + fetch_s * (number + 1) + costs["load_tape_s"] * longer for number in range(workers)]
    scheduler = files = end = 0.0
    for number in range(count):
        scheduler = max(scheduler, free[0]) + step_s
        factor = 1 + (site.spread - 1) * ((number * 0.618034) % 1 - 0.5)
        computed = scheduler + compute_s * factor
        files = max(files, computed) + file_s if file_s * workers > compute_s else computed + file_s
        done = max(files, computed + publish_s)
        end = max(end, done)
        heapq.heapreplace(free, done)
    each_s = {"workers": (compute_s + publish_s) / min(workers, count), "scheduler": step_s, "files": file_s}
    one_s = READS * costs["read_back_s"] + costs["results_s"] + costs["numbers_s"]
    return Forecast(
        units_s=end, busy=count * (compute_s + publish_s) / (workers * end), limit=max(each_s, key=lambda k: each_s[k]),
        reduce_s=count * share * one_s, findings_s=configurations * costs["findings_s_each"],
        unit_bytes=count * size, plan_bytes=costs["plan_bytes"] * count * share,
    )  # fmt: skip


def main() -> None:
    """Print a table of sizes for a short tape and a long one."""
    costs, site = json.loads(Path(sys.argv[1]).read_text()), Site()
    for rows in (int(costs["rows"]), 1_000_000):
        sys.stdout.write(f"\nA tape of {rows:,} rows, {costs['days']:,.0f} days\n\n")
        sys.stdout.write(
            "| configurations | workers | units | busy | limit | bytes of units | put together | testing | plan |\n"
            "|---|---|---|---|---|---|---|---|---|\n"
        )
        for configurations, workers in SIZES:
            one = forecast(costs, configurations, workers, rows, site)
            cells = [
                f"{configurations:,}", f"{workers:,}", time_text(one.units_s), f"{one.busy:.0%}", one.limit,
                f"{one.unit_bytes / 1e9:,.0f} GB", time_text(one.reduce_s), time_text(one.findings_s),
                f"{one.plan_bytes / 1e9:,.2f} GB",
            ]  # fmt: skip
            sys.stdout.write(f"| {' | '.join(cells)} |\n")


def time_text(seconds: float) -> str:
    """A duration in words.

    >>> time_text(7200)
    '2.0 h'
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


if __name__ == "__main__":
    main()
