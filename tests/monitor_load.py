"""A busy ledger with and without the monitor: ``python -m tests.monitor_load --minutes 2``.

A writer appends decisions and bets as a runner does, first alone, then with `bea monitor` in a process of its own, a
page that is kept up to date, and Prometheus asking each second. It prints the latency of the writer's commits, how long
the page takes, and the memory of the monitor.
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

from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import open_ledger
from engine.live.running.pulse import pulse_text
from engine.live.running.status import Status

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

    def __init__(self, pid: int) -> None:
        self.page_ms: list[float] = []
        self.memory_mb: list[float] = []
        self.events = 0
        self._pid, self._ends = pid, threading.Event()
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

    def _ask(self) -> None:
        while not self._ends.wait(1.0):
            started = time.perf_counter()
            assert self._client.get("/ledger/busy").status_code == 200
            self.page_ms.append((time.perf_counter() - started) * 1e3)
            assert self._client.get("/metrics").status_code == 200
            self.memory_mb.append(memory_mb(self._pid))

    def _listen(self) -> None:
        with self._client.stream("GET", "/ledger/busy/stream") as answer:
            for line in answer.iter_lines():
                self.events += line.startswith("event:")
                if self._ends.is_set():
                    return


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each half")
    parser.add_argument("--per-minute", type=int, default=10_000, help="decisions")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bea-load-") as home:
        os.environ["BEA_HOME"] = home
        ledger = open_ledger("busy", OPENED)
        capital = Money(cash=10_000_000, capital=-10_000_000)
        ledger.append([Entry(Kind.CAPITAL, "capital:1", 0, money=capital),
                       Entry(Kind.STARTED, "started:1", START_NS, body={"feed": "load"})])  # fmt: skip
        n, alone = write(ledger, 1, options.minutes * 60, options.per_minute)
        with monitor(home) as pid, Reader(pid) as reader:
            last, beside = write(ledger, n, options.minutes * 60, options.per_minute)
        ledger.close()
    say = sys.stdout.write
    for name, values in (("commit alone", alone), ("commit with monitor", beside), ("page", reader.page_ms)):
        low, high = np.percentile(values, [50, 99])
        say(f"{name}: p50 {low:.2f} ms, p99 {high:.2f} ms, {len(values)} measured\n")
    third = max(1, len(reader.memory_mb) // 3)
    middle, end = np.mean(reader.memory_mb[third : 2 * third]), np.mean(reader.memory_mb[2 * third :])
    say(f"decisions: {(last - 1) * DECISIONS}, events of the stream: {reader.events}\n")
    say(f"memory: {middle:.1f} MB in the second third, {end:.1f} MB in the last\n")


if __name__ == "__main__":
    main()
