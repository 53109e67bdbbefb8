"""From the quote to the committed intent: what it takes.

``python -m tests.live.latency [REFERENCE_DIR] [--events N]``: of each history the first N events, by default all.

A whole runner on an SQLite ledger (write-ahead log, synchronous FULL) and a paper venue with its file, over the sample
and three real seasons. Wall time runs from the messages of an instant at hand to the committed INTENDED and SENT. After
each intent the disk alone is asked the same: an append of one page to a file, and its flush. The processor's time is
measured in a run of its own over fewer events, since a question for it may give the processor away.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.live.judgement.warm import warm
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Kind, Recorded
from engine.live.ledger.opening import open_ledger
from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings
from engine.logs.setup import start as start_logs
from tests.conftest import ROOT
from tests.parity.full import OPENED, put_together
from tests.parity.scenarios import Scenario, plain_scenarios
from tests.parity.worlds import World, sample, seasons

_MS_NS: Final = 1e6
_PAGE: Final = b"\0" * 4_120  # a page of the write-ahead log with its header
NAMES: Final = ("value", "consensus")
#: events of the run that measures the processor
FEW: Final = 300


class Disk:
    """A file of its own beside the ledger, flushed as its log is."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def flush_ns(self) -> int:
        """Time of one append and its flush."""
        start = time.monotonic_ns()
        os.write(self._file, _PAGE)
        os.fdatasync(self._file)
        return time.monotonic_ns() - start

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Meter:
    """Times of intents and sends; an observer of the journal that is told last.

    Attributes
    ----------
    intended, sent, flush, disk : list of int
        Nanoseconds: to the committed intent, to the committed send, of the commit of the intent, of the disk alone.
    """

    def __init__(self, disk: Disk, now_ns: Callable[[], int]) -> None:
        self.intended, self.sent, self.flush, self.disk = list[int](), list[int](), list[int](), list[int]()
        self._alone, self._now_ns, self._began, self._spent = disk, now_ns, 0, 0
        self._waits = False

    def begin(self) -> None:
        """The work on the next intent begins."""
        self._waits, self._spent = True, 0
        self._began = self._now_ns()

    def take(self, recorded: Recorded, commit_ns: int) -> None:
        """Take in an entry that was committed just now."""
        if recorded.entry.kind is Kind.INTENDED and self._waits:
            self._waits = False
            self.intended.append(self._now_ns() - self._began)
            self.flush.append(commit_ns)
            self._spent = self._alone.flush_ns()
            self.disk.append(self._spent)
        elif recorded.entry.kind is Kind.SENT and self._spent:
            self.sent.append(self._now_ns() - self._began - self._spent)
            self._spent = 0


def measure(scenario: Scenario, world: World, folder: Path, now_ns: Callable[[], int] = time.monotonic_ns) -> Meter:
    """The times of a whole replay, on a ledger of its own in `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        os.environ["BEA_HOME"] = home
        warm(scenario.rules())
        books = scenario.tape(world).bookmaker_names
        ledger, disk = open_ledger("latency", OPENED), Disk(Path(home, "alone"))
        meter = Meter(disk, now_ns)
        assembled, venue = put_together(scenario, world, books, ledger, Path(home, "venue.db"))
        own = assembled.room.meter
        own.begin = meter.begin  # type: ignore[method-assign]
        own.apply = lambda recorded: None  # type: ignore[method-assign]
        assembled.room.journal.observe(_Last(meter, ledger))
        gc.freeze()  # as `bea paper` does
        assembled.runner.run()
        gc.unfreeze()
        for part in (venue, ledger, disk):
            part.close()
    return meter


@dataclass
class _Last:
    meter: Meter
    ledger: ChainedLedger

    def apply(self, recorded: Recorded) -> None:
        self.meter.take(recorded, self.ledger.last_commit_ns)


def line(what: str, times: Sequence[int]) -> str:
    """p50, p99 and the largest, in milliseconds, by the nearest rank."""
    p50, p99 = np.percentile(times, [50, 99], method="inverted_cdf") / _MS_NS
    return f"  {what:34}p50 {p50:6.2f}   p99 {p99:6.2f}   max {max(times) / _MS_NS:7.2f} ms\n"


def report(name: str, meter: Meter, worked: Meter) -> str:
    """A few lines of text."""
    n, share = len(meter.intended), sum(meter.flush) / sum(meter.intended)
    ours = [total - flush for total, flush in zip(meter.intended, meter.flush, strict=True)]
    return (
        f"{name}: {n:,} intents, {share:.0%} of the time is the flush\n"
        + line("quote to committed intent", meter.intended)
        + line("  without its flush", ours)
        + line("  its flush", meter.flush)
        + line("the disk alone", meter.disk)
        + line("quote to committed send", meter.sent)
        + line("processor, quote to intent", worked.intended)
    )


def main(reference_dir: Path, events: int) -> int:
    """Print the times; 1 where a p99 of quote to committed intent is 5 ms or more."""
    start_logs(LogSettings(level="off", console_level="off"), Secrets())
    slow = False
    with tempfile.TemporaryDirectory(dir=os.environ.get("BEA_LATENCY_DIR")) as text:
        folder = Path(text)
        for where, world in (("sample", sample()), ("three seasons", seasons(reference_dir, folder))):
            for name in NAMES:
                scenario = plain_scenarios()[name]
                meter = measure(scenario, world.first(events), folder)
                worked = measure(scenario, world.first(min(events, FEW)), folder, time.process_time_ns)
                slow |= float(np.percentile(meter.intended, 99, method="inverted_cdf")) >= 5 * _MS_NS
                sys.stdout.write(report(f"{name}, {where}", meter, worked))
                sys.stdout.flush()
    return int(slow)


if __name__ == "__main__":
    if "POLARS_MAX_THREADS" not in os.environ:  # as `bea paper`; Polars reads it when it is imported
        os.environ["POLARS_MAX_THREADS"] = "1"
        sys.exit(subprocess.run(sys.orig_argv).returncode)
    parser = argparse.ArgumentParser()
    parser.add_argument("reference_dir", nargs="?", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    sys.exit(main(given.reference_dir, given.events))
