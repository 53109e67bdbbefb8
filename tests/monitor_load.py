"""A busy ledger with and without the monitor: ``python -m tests.monitor_load --minutes 1 --hours 3``.

A writer appends decisions and bets as a runner does, first alone, then with `bea monitor` in a process of its own, a
page that is kept up to date, and Prometheus asking each second. Then it writes the entries of whole hours at the same
rate as fast as it can, while the monitor follows. It prints the latency of the writer's commits, how long the page
takes, what a refresh costs in processor time, and the processor time and the memory of the monitor.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import numpy as np

from engine.live.clock import SystemClock
from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.live.running.pulse import pulse_text
from engine.live.running.status import Status
from research.monitor.views import View, parts
from research.monitor.watcher import Watcher

TOKEN: Final = "a token of the load"  # noqa: S105
PORT: Final = 8399
#: decisions of one instant, and how many of them are bets
DECISIONS, BETS = 20, 1
OPENED: Final = Entry(Kind.OPENED, "opened", 0, body={
    "promotion": "d1", "name": "busy", "currency": "EUR", "mode": "paper", "zone": "UTC",
})  # fmt: skip
START_NS: Final = 1_738_584_000_000_000_000
ORDER: Final = {"event_id": 7, "market": "1x2", "selection": "home", "bookmaker": "b365", "side": "back", "odds": 2.1}


def instant(n: int, at_ns: int) -> list[list[Entry]]:
    """The commits of one instant: an intent, its sending and receipt, the decisions, and the settlement."""
    key = f"{n:032x}"

    def one(kind: Kind, money: Money | None = None, intent: str = key, **body: Any) -> Entry:
        return Entry(kind, f"{kind}:{n}", at_ns, intent, None, "", money or Money(), body)

    decided = [{**ORDER, "reason": "placed" if k < BETS else "edge", "stake_minor": 500} for k in range(DECISIONS)]
    won = n % 2 == 0
    gain = Money(stakes=-500, cash=1050, pnl=-550) if won else Money(stakes=-500, pnl=500)
    return [
        [one(Kind.INTENDED, Money(cash=-500, reserved=500), **ORDER)],
        [one(Kind.SENT), one(Kind.PLACED, Money(reserved=-500, stakes=500), odds=2.1, matched_minor=500)],
        [one(Kind.DECIDED, intent="", decisions=decided)],
        [one(Kind.SETTLED, gain, state="win" if won else "lose")],
    ]


def write(ledger: ChainedLedger, first: int, seconds: float, per_minute: int) -> tuple[int, list[float]]:
    """Append at a rate; how many instants, and the durations of the commits in milliseconds."""
    took: list[float] = []
    every_s, begun = 60.0 * DECISIONS / per_minute, time.monotonic()
    n, renewed = first, 0.0
    while (now := time.monotonic()) < begun + seconds:
        # the world is 60 times as fast as the machine
        for batch in instant(n, START_NS + int((n * every_s) * 60e9)):
            started = time.perf_counter()
            ledger.append(batch)
            took.append((time.perf_counter() - started) * 1e3)
        if now - renewed > 5.0:
            ledger.renew(pulse_text(Status(epoch=ledger.epoch), time.time_ns(), time.time_ns()))
            renewed = now
        n += 1
        time.sleep(max(0.0, begun + (n - first) * every_s - time.monotonic()))
    return n, took


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def processor_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def monitor(home: str) -> Iterator[int]:
    """`bea monitor` in a process of its own; its process id once it answers."""
    program = "import sys; from research.commands.main import main; sys.exit(main())"
    words = [sys.executable, "-c", program, "monitor", f"monitor.port={PORT}"]
    environment = {**os.environ, "BEA_HOME": home, "BEA_MONITOR_TOKEN": TOKEN}
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                if httpx2.get(f"http://127.0.0.1:{PORT}/readyz", timeout=1.0).status_code == 200:
                    break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


class Reader:
    """A page that is open, and what asks beside it."""

    def __init__(self) -> None:
        self.page_ms: list[float] = []
        self.events = 0
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._ask), threading.Thread(target=self._listen, daemon=True)]
        self._client = httpx2.Client(
            base_url=f"http://127.0.0.1:{PORT}", timeout=10.0, headers={"authorization": f"Bearer {TOKEN}"}
        )

    def __enter__(self) -> Reader:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._threads[0].join()

    def entries(self) -> int:
        """How many entries the monitor has read."""
        found = self._client.get("/api/ledgers/busy").json()
        return int(found["status"]["entries"])

    def _ask(self) -> None:
        while not self._ends.wait(1.0):
            started = time.perf_counter()
            assert self._client.get("/ledger/busy").status_code == 200
            self.page_ms.append((time.perf_counter() - started) * 1e3)
            assert self._client.get("/metrics").status_code == 200

    def _listen(self) -> None:
        with self._client.stream("GET", "/ledger/busy/stream") as answer:
            for line in answer.iter_lines():
                self.events += line.startswith("event:")
                if self._ends.is_set():
                    return


def hour(ledger: ChainedLedger, first: int, per_minute: int) -> int:
    """Append what an hour brings, many instants to a commit; the next instant."""
    last = first + 60 * per_minute // DECISIONS
    every_ns = int(3600e9 * DECISIONS / per_minute)  # of the world, which is 60 times as fast as the machine
    for n in range(first, last, 100):
        batches = (instant(k, START_NS + k * every_ns) for k in range(n, min(n + 100, last)))
        ledger.append([entry for batch in batches for commit in batch for entry in commit])
        if n % 1000 == first % 1000:
            ledger.renew("")
    return last


def follows(reader: Reader, ledger: ChainedLedger) -> None:
    """Wait until the monitor has read the whole ledger."""
    number = ledger.state().number
    while reader.entries() < number:
        ledger.renew("")
        time.sleep(0.2)


def refreshes(ledger: ChainedLedger, first: int, count: int = 200) -> tuple[list[float], list[float]]:
    """Processor time of one look at the ledger after an instant, and of making all parts of its page, ms."""
    watcher = Watcher(LedgerSettings(), SystemClock(), 500)
    watcher.look()
    looks, pages = [], []
    for n in range(first, first + count):
        for batch in instant(n, START_NS + n * 7_200_000_000_000):
            ledger.append(batch)
        begun = time.process_time()
        watcher.look()
        looked = time.process_time()
        parts(View(watcher.snapshots()["busy"], time.time_ns()))
        looks.append((looked - begun) * 1e3)
        pages.append((time.process_time() - looked) * 1e3)
    watcher.stop()
    return looks, pages


def say(name: str, values: list[float], unit: str = "ms") -> None:
    """Print two percentiles."""
    low, high = np.percentile(values, [50, 99])
    sys.stdout.write(f"{name}: p50 {low:.2f} {unit}, p99 {high:.2f} {unit}, {len(values)} measured\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of each half")
    parser.add_argument("--hours", type=int, default=3, help="whose entries are written at once")
    parser.add_argument("--per-minute", type=int, default=10_000, help="decisions")
    options = parser.parse_args()
    sys.stdout.write(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory(prefix="bea-load-") as home:
        os.environ["BEA_HOME"] = home
        ledger = open_ledger("busy", OPENED)
        capital = Money(cash=10_000_000, capital=-10_000_000)
        ledger.append([Entry(Kind.CAPITAL, "capital:1", 0, money=capital),
                       Entry(Kind.STARTED, "started:1", START_NS, body={"feed": "load"})])  # fmt: skip
        n, alone = write(ledger, 1, options.minutes * 60, options.per_minute)
        with monitor(home) as pid, Reader() as reader:
            before_s, before_mb = processor_s(pid), memory_mb(pid)
            n, beside = write(ledger, n, options.minutes * 60, options.per_minute)
            used_s = processor_s(pid) - before_s
            say("commit alone", alone)
            say("commit with the monitor", beside)
            say("page, on the wall clock", reader.page_ms)
            sys.stdout.write(f"processor time of the monitor: {used_s / options.minutes:.1f} s a minute, "
                             f"{reader.events} events of the stream, {before_mb:.1f} MB at its start\n")  # fmt: skip
            for number in range(options.hours):
                n = hour(ledger, n, options.per_minute)
                follows(reader, ledger)
                reader.page_ms.clear()
                time.sleep(10.0)
                ledger.renew("")
                sys.stdout.write(f"after hour {number + 1}: {ledger.state().number} entries, {memory_mb(pid):.1f} MB\n")
            say(f"page after {n * DECISIONS} decisions, on the wall clock", reader.page_ms)
        looks, pages = refreshes(ledger, n)
        ledger.close()
    say("processor time of a look", looks)
    say("processor time of all parts of a page", pages)


if __name__ == "__main__":
    main()
