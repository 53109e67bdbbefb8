"""Every write and every flush of a ledger's files fails once: `python -m tests.live.ledger.failing_disk [STEP]`.

Run with `LD_PRELOAD` naming the library of `compiled`. For each n, a child process has a small day on a new ledger, in
which the n-th call fails; it ends at its first error, as a runner does. Then the disk works again: everything that the
child was told to be written must be there, the chain must be sound, and a new runner must be able to go on.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.errors import LedgerError
from engine.live.clock import SystemClock
from engine.live.ledger.control import Command
from engine.live.ledger.entries import Entry, Kind
from engine.live.ledger.opening import connect, open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.verify import verify
from tests.live.ledger.entries import FAST, OPENED, intended, placed

SOURCE = Path(__file__).with_suffix(".c")
SETTINGS = LedgerSettings(**{**FAST.__dict__, "checkpoint_bytes": 20_000})


def compiled(folder: Path) -> Path:
    """The library, compiled into a folder; raises FileNotFoundError without a C compiler."""
    target = folder / "failing_disk.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(target), str(SOURCE), "-ldl"], check=True)
    return target


def day(report: int, disk: ctypes.CDLL) -> None:
    """Open a ledger and write; the keys of what is known to be written go to a pipe, one a line."""
    ledger = open_ledger("spring", OPENED, settings=SETTINGS)
    os.write(report, b"opened\n")
    for number in range(1, 4):
        for entry, sending in (
            (intended(number), False),
            (Entry(Kind.SENT, f"sent:{number}:1", 15 + number, f"{number:032x}"), True),
            (placed(number, f"pinnacle/{number}"), False),
        ):
            ledger.append([entry], sending=sending)
            if disk.disk_unflushed():
                os.write(report, b"unflushed\n")
            os.write(report, f"{entry.key}\n".encode())
        ledger.renew()
    ledger.control(Command.ACKNOWLEDGE, person="ann", reason="good")
    os.write(report, b"end\n")


def child(arm: tuple[int, int, int, int], disk: ctypes.CDLL) -> tuple[list[str], str, tuple[int, int]]:
    """What a child was told to be written, its error, and how often it wrote and flushed."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        disk.disk_arm(*arm)
        error = ""
        try:
            day(writing, disk)
        except LedgerError as failed:
            error = failed.line()
        except BaseException as other:
            error = f"unexpected {type(other).__name__}: {other}"
        os.write(writing, f"error {error}\n{disk.disk_writes()} {disk.disk_syncs()}\n".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        lines = file.read().splitlines()
    os.waitpid(process, 0)
    writes, syncs = map(int, lines[-1].split())
    return lines[:-2], lines[-2].removeprefix("error "), (writes, syncs)


def left(told: list[str]) -> list[str]:
    """What is wrong with the ledger that a child left behind."""
    wrong = ["unflushed"] if "unflushed" in told else []
    ledger = open_ledger("spring", OPENED, settings=SETTINGS)
    keys = {row.entry.key for row in ledger.entries()}
    wrong += [f"lost {key}" for key in told if key not in keys and key not in ("end", "unflushed")]
    ledger.append([Entry(Kind.STARTED, f"started:{ledger.epoch}", 99)])
    ledger.close()
    store = connect("spring", SETTINGS, SystemClock())
    wrong += [fault.line() for fault in verify(store.sessions, "spring").faults]
    store.close()
    return wrong


def main(step: int) -> dict[str, object]:
    """Every `step`-th n, for a full disk, an input/output error, half a write, and a failed flush."""
    disk = ctypes.CDLL(None)
    failed, wrong, causes, silent = 0, [], set(), 0
    kinds = {"full": (errno.ENOSPC, 0), "error": (errno.EIO, 0), "torn": (errno.EIO, 1), "flush": (errno.EIO, 0)}
    for kind, (number, half) in kinds.items():
        n = 1
        while True:
            with TemporaryDirectory() as folder:
                os.environ["BEA_HOME"] = folder
                arm = (-1, n, number, half) if kind == "flush" else (n, -1, number, half)
                told, error, (writes, syncs) = child(arm, disk)
                if n > (syncs if kind == "flush" else writes):
                    break
                failed += 1
                silent += not error
                causes.add(error.partition("found ")[2].partition(";")[0] if error else "")
                wrong += [f"{kind} {n}: {line}" for line in left(told)]
                if error.startswith("unexpected"):
                    wrong.append(f"{kind} {n}: {error}")
            n += step
    return {"failed": failed, "silent": silent, "wrong": wrong, "causes": sorted(causes)}


if __name__ == "__main__":
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    if not hasattr(ctypes.CDLL(None), "disk_arm"):
        with TemporaryDirectory() as built:
            library = compiled(Path(built))
            words = [sys.executable, "-m", "tests.live.ledger.failing_disk", str(step)]
            sys.exit(subprocess.run(words, env={**os.environ, "LD_PRELOAD": str(library)}, check=False).returncode)
    sys.stdout.write(json.dumps(main(step)) + "\n")
