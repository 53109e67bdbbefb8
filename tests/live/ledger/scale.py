"""How long a large ledger takes: `python -m tests.live.ledger.scale [ENTRIES]` writes, verifies, and prints times."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.live.clock import SystemClock
from engine.live.ledger.entries import Entry, Kind, Money
from engine.live.ledger.opening import connect, open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.live.ledger.verify import verify
from tests.live.ledger.entries import OPENED

BATCH = 10_000


def fill(entries: int) -> None:
    """A ledger `large` with that many entries, in large batches."""
    ledger = open_ledger("large", OPENED)
    for start in range(2, entries + 1, BATCH):
        ledger.append([_entry(number) for number in range(start, min(start + BATCH, entries + 1))])
    ledger.close()


def _entry(number: int) -> Entry:
    body = {
        "odds": 2.0 + number % 700 / 100,
        "market": "1x2",
        "selection": "draw",
        "event_id": number * 7919,
        "raw": {},
    }
    money = Money(cash=-500, reserved=500) if number % 2 else Money(cash=500, reserved=-500)
    bet = f"paper/{number}" if number % 3 == 0 else None
    return Entry(Kind.INTENDED, f"intended:{number:032x}", number, f"{number:032x}", bet, "pinnacle", money, body)


def main(entries: int) -> None:
    """Write, verify, print."""
    with TemporaryDirectory() as folder:
        os.environ["BEA_HOME"] = folder
        fill(entries)
        size = Path(folder, "data", "ledger", "large.db").stat().st_size
        settings = LedgerSettings()
        store = connect("large", settings, SystemClock())
        started, worked = time.perf_counter(), time.process_time()
        found = verify(store.sessions, "large")
        seconds, own = time.perf_counter() - started, time.process_time() - worked
        words = (
            f"{found.entries:,} entries, {size / 1e6:.0f} MB, {len(found.faults)} faults: verified in {seconds:.1f} s"
        )
        words += f", {own:.1f} s of them work of the processor"
        sys.stdout.write(words + "\n")
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000)
