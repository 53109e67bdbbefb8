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

SIZES: Final = ((10**6, 10), (10**6, 100), (10**7, 100), (10**7, 1000), (10**8, 1000), (10**9, 1000))
#: how often the command reads a unit: for the results, and for the days
READS: Final = 2


@dataclass(frozen=True)
class Site:
    """What is assumed of the machines.

    Attributes
    ----------
    write_bytes_s : float
        What the shared file system takes from all machines together; a good NFS server.
    start_s : float
        From the start of a worker to its first unit: imports, compiled code from its cache.
    spread : float
        Longest unit over the shortest; units in between are spread evenly.
    """

    write_bytes_s: float = 1e9
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


def forecast(costs: Mapping[str, float], configurations: int, workers: int, site: Site, days: bool = True) -> Forecast:
    """Simulate one sweep.

    Parameters
    ----------
    costs : mapping of str to float
    configurations, workers : int
    site : Site
    days : bool
        Whether units hold P&L by day, as they do; without, what a sweep of measures alone would take.
    """
    block = costs["configurations"]
    count = math.ceil(configurations / block)
    size = costs["unit_bytes"] if days else costs["unit_bytes"] - 12 * costs["days"] * block
    share = size / costs["unit_bytes"]
    step_s = max(costs["dask_scheduler_s"], costs["dask_client_s"])
    compute_s, publish_s, file_s = costs["compute_s"], costs["publish_s"] * share, size / site.write_bytes_s
    free = [site.start_s + costs["load_tape_s"]] * workers
    heapq.heapify(free)
    scheduler = files = end = 0.0
    for number in range(count):
        scheduler = max(scheduler, heapq.heappop(free)) + step_s
        factor = 1 + (site.spread - 1) * ((number * 0.618034) % 1 - 0.5)
        files = max(files, scheduler + compute_s * factor) + file_s
        done = max(files, scheduler + compute_s * factor + publish_s)
        end = max(end, done)
        heapq.heappush(free, done)
    each_s = {
        "workers": (compute_s + publish_s) / min(workers, count), "scheduler": step_s, "files": file_s,
    }  # fmt: skip
    reduce_s = count * (READS * costs["read_back_s"] * share + costs["results_s"] + costs["numbers_s"])
    return Forecast(
        units_s=end, busy=count * (compute_s + publish_s) / (workers * end), limit=max(each_s, key=lambda k: each_s[k]),
        reduce_s=reduce_s, findings_s=configurations * costs["findings_s_each"], unit_bytes=count * size,
        plan_bytes=costs["plan_bytes"] * count,
    )  # fmt: skip


def main() -> None:
    """Print a table of sizes."""
    costs, site = json.loads(Path(sys.argv[1]).read_text()), Site()
    for days in (True, False):
        sys.stdout.write(f"\nP&L by day {'kept' if days else 'not kept'}\n\n")
        sys.stdout.write(
            "| configurations | workers | units | busy | limit | bytes of units | put together | testing | plan |\n"
            "|---|---|---|---|---|---|---|---|---|\n"
        )
        for configurations, workers in SIZES:
            one = forecast(costs, configurations, workers, site, days)
            cells = [
                f"{configurations:,}", str(workers), time_text(one.units_s), f"{one.busy:.0%}", one.limit,
                f"{one.unit_bytes / 1e9:,.1f} GB", time_text(one.reduce_s), time_text(one.findings_s),
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
