"""The child process in which foreign files are parsed: one request a line on stdin, one answer a line on stdout.

Frames are handed over as Arrow IPC files. The parent watches memory and the clock and ends this process where a
limit is passed; `engine.source.sandbox.process` is that parent.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from engine.errors import BeaError
from engine.source.batch import Parsed
from engine.source.quarantine import Origin

#: Address space beyond this many times the memory limit fails inside the allocation (libraries map far more than
#: they use, so the parent watches what is really used).
_ADDRESS_FACTOR = 6


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to stderr and never among the answers
    for line in sys.stdin:
        answer(json.loads(line), answers)


def answer(request: dict[str, Any], answers: TextIO) -> None:
    """Parse the file of one request and write its answer."""
    _limit(request["memory_bytes"], request["cpu_seconds"])
    try:
        parsed = parse(request)
        reply: dict[str, Any] = {"counts": asdict(parsed.counts), "depends_on_today": parsed.depends_on_today}
        folder = Path(request["out"])
        for name in ("events", "quotes", "quarantine"):
            getattr(parsed, name).write_ipc(folder / f"{name}.arrow", compression="uncompressed")
    except BeaError as error:
        facts = ("what", "where", "expected", "found", "todo")
        reply = {"refused": {name: getattr(error, name) for name in facts}}
    except MemoryError:
        reply = {"refused": {"what": "the file needs more memory than it may have"}}
    except BaseException as error:  # the panics of a library derive from BaseException
        if isinstance(error, KeyboardInterrupt):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        reply = {"refused": {"what": f"the reader failed on it ({text})"}}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()


def parse(request: dict[str, Any]) -> Parsed:
    """Read the file of a request with the reader it names."""
    raw = Path(request["path"]).read_bytes()
    origin = Origin(request["source"], request["name"], request["sha256"])
    today = date.fromisoformat(request["today"])
    reader = request["reader"]
    if reader == "football_data":
        from engine.source import football_data

        return football_data.read(raw, origin, today)
    if reader == "tennis_data":
        from engine.source import tennis_data

        return tennis_data.read(raw, origin, today)
    from engine.source import generic_csv
    from engine.source.mapping import parse_mapping

    return generic_csv.read(raw, origin, today, parse_mapping(request["mapping"], request["mapping_name"]))


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Lower this process's own limits, where the system has them."""
    try:
        import resource
    except ImportError:  # not a POSIX system: the parent's watch alone holds
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + cpu_seconds + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
    space = memory_bytes * _ADDRESS_FACTOR
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (space if most < 0 else min(space, most), most))


if __name__ == "__main__":
    main()
