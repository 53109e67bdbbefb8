"""`research.sweep` on the embedded sample: cost of the sweep around the kernel (configurations, files, manifest)."""

from __future__ import annotations

import os
import tempfile
import time
from statistics import median

import engine.backtesting.run

_HOME = tempfile.TemporaryDirectory(prefix="bea-bench-home-")
_SPENT = [0.0]
_run_params = engine.backtesting.run.run_params


def _timed(*args, **kwargs):
    begin = time.perf_counter()
    try:
        return _run_params(*args, **kwargs)
    finally:
        _SPENT[0] += time.perf_counter() - begin


engine.backtesting.run.run_params = _timed

_AXES = {
    1: ["strategy.edge_min=choice(0.02)"],
    10_000: [
        "strategy.edge_min=range(0,0.1,0.001)",
        "strategy.odds_min=range(1,2,0.1)",
        "strategy.odds_max=range(3,8,0.5)",
    ],
}


def prepare(job, threads):
    """A temporary home, and one small sweep that builds the tape and compiles the kernel."""
    import research

    os.environ["BEA_HOME"] = _HOME.name
    count = 10_000 if len(job["edge_min"]) > 1 else 1
    overrides = ["data=sample", "report=false", "force=true", f"sweep.threads={threads}"]
    research.sweep([*overrides, *_AXES[1]])
    return [*overrides, *_AXES[count]], count, [], []


def run(state):
    """One sweep; medians so far of the seconds in the kernel and around it."""
    import research

    overrides, count, kernel, around = state
    _SPENT[0] = 0.0
    begin = time.perf_counter()
    research.sweep(overrides)
    took = time.perf_counter() - begin
    kernel.append(_SPENT[0])
    around.append(took - _SPENT[0])
    return {"count": [count], "kernel_s": [median(kernel)], "around_s": [median(around)]}
