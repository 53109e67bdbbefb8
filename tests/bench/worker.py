"""Does the work of one contender in a separate process, in the environment that runs this file.

    python worker.py CONTENDER.py THREADS

Reads one JSON object per line from standard input and writes one per line. A contender is a file with two functions:
``prepare(job, threads)`` -> state (not timed: data in the form that the package needs) and ``run(state)`` ->
``{"final": bankrolls, "bets": counts}`` (timed). This file needs only numpy.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def _reset_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _load(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("contender", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["contender"] = module
    spec.loader.exec_module(module)
    return module


def _read(path: str) -> dict[str, Any]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _answer(contender: Any, states: dict[str, Any], threads: int, order: dict[str, Any]) -> dict[str, Any]:
    if order["do"] == "prepare":
        states[order["job"]] = contender.prepare(_read(order["path"]), threads)
        return {"ready": True}
    if order["do"] == "drop":
        states.pop(order["job"], None)
        return {"dropped": True}
    _reset_peak()
    begin, used = time.perf_counter(), time.process_time()
    result = contender.run(states[order["job"]])
    took, used = time.perf_counter() - begin, time.process_time() - used
    lists = {name: np.asarray(values, dtype=np.float64).tolist() for name, values in result.items()}
    return {"seconds": took, "cores": used / took, "peak_bytes": _peak_bytes(), **lists}


def main() -> None:
    """Answer orders until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # anything that a package prints goes to standard error
    warnings.simplefilter("ignore")
    states: dict[str, Any] = {}
    contender: Any = None
    for line in sys.stdin:
        try:
            if contender is None:
                contender = _load(sys.argv[1])
            answer = _answer(contender, states, int(sys.argv[2]), json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
