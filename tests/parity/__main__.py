"""The whole proof, on the whole sample and three real seasons: ``python -m tests.parity [REFERENCE_DIR]``.

Each replay is made twice: by the judgement alone over a ledger in memory, and by the whole runner with executor, paper
venue and chained ledger. The second one takes the first events only, as many as `EVENTS`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings
from engine.logs.setup import start as start_logs
from tests.conftest import ROOT
from tests.live.judgement.test_judge import distinct_keys
from tests.parity.drive import Outcome
from tests.parity.full import compared
from tests.parity.scenarios import Scenario, busy_scenarios, exchange_scenarios, plain_scenarios
from tests.parity.worlds import World, exchange, sample, seasons

EVENTS: Final = 300
KEYS: Final = 1_000_000


def cases(reference_dir: Path, folder: Path) -> Iterator[tuple[str, str, Scenario, World]]:
    """World, name, scenario and history of each replay."""
    for world, history in (("sample", sample()), ("three seasons", seasons(reference_dir, folder))):
        for name, scenario in {**plain_scenarios(), **busy_scenarios()}.items():
            yield world, name, scenario, history
        with_lays = exchange(history.first(1_000), 2)
        for name, scenario in exchange_scenarios().items():
            yield world, name, scenario, with_lays


def equal(walk: Outcome, live: Outcome) -> bool:
    """Whether bets, stakes, reasons in order, profits and the bankroll are equal."""
    return (walk.decisions, walk.pnl, walk.equity) == (live.decisions, live.pnl, live.equity)


def main(reference_dir: Path) -> int:
    """Print a line for each replay; returns the number of differences."""
    wrong, reasons = 0, Counter[str]()
    start_logs(LogSettings(level="off", console_level="off"), Secrets())
    with tempfile.TemporaryDirectory() as folder:
        for world, name, scenario, history in cases(reference_dir, Path(folder)):
            start = time.monotonic()
            walk, live = scenario.both(history)
            by_judgement = equal(walk, live)
            few = history.first(EVENTS)
            short, whole, cash = compared(scenario, few)
            by_runner = equal(short, whole) and cash == sum(r.entry.money.cash for r in whole.entries)
            wrong += (not by_judgement) + (not by_runner)
            reasons.update(reason for _, reason, _ in walk.decisions)
            bets = sum(reason == "placed" for _, reason, _ in walk.decisions)
            print(  # noqa: T201
                f"{world:14}{name:24}{len(walk.decisions):>8,} decisions{bets:>7,} bets  judgement "
                f"{'equal' if by_judgement else 'DIFFERENT'}  runner {len(short.decisions):>7,} decisions "
                f"{'equal' if by_runner else 'DIFFERENT'}  {time.monotonic() - start:5.1f} s",
                flush=True,
            )
    print(dict(reasons.most_common()))  # noqa: T201
    keys = distinct_keys(KEYS)
    print(f"{keys:,} different keys of {KEYS:,} decisions")  # noqa: T201
    return wrong + (keys != KEYS)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared"))
