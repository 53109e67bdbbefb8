"""The child process that parses outside files: one request per line on stdin, one answer per line on stdout.

Frames are passed as Arrow IPC files. The parent, `engine.source.sandbox.process`, watches memory and time and stops
this process if it exceeds a limit.
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
from engine.source.folders import HISTORY
from engine.source.quarantine import Origin

#: Limit of the address space, as a multiple of the memory limit. Libraries map far more memory than they use, so this
#: limit is wide and the parent watches the memory that is really used.
_ADDRESS_FACTOR = 6


def main() -> None:
    """Answer requests until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # anything a library prints goes to stderr, not into the answers
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
        reply = {"refused": {"what": "reading needs more memory than allowed"}}
    except BaseException as error:  # a panic in a Rust library derives from BaseException
        if isinstance(error, KeyboardInterrupt):
            raise
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        reply = {"refused": {"what": f"the reader failed ({text})"}}
    answers.write(json.dumps(reply) + "\n")
    answers.flush()


def parse(request: dict[str, Any]) -> Parsed:
    """Read the file of a request with the requested reader, and flag what is doubtful in it.

    The prices of an exchange are of one source, at which they were offered: there is nothing to hold them against.
    """
    if request["reader"] == HISTORY:
        from engine.source.betfair.history import read_file

        return read_file(Path(request["path"]), Origin(request["source"], request["name"], request["sha256"]))
    from engine.source.suspicion import with_flags

    return with_flags(_read(request), request["source"], request["name"], request["sha256"])


def _read(request: dict[str, Any]) -> Parsed:
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
    """Set limits on processor time and address space of this process, on systems that have them."""
    try:
        import resource
    except ImportError:  # not a POSIX system: only the parent enforces limits
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
