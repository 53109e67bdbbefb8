"""The whole proof, on the whole sample and three real seasons: ``python -m tests.parity [REFERENCE_DIR]``.

Each replay is made twice: by the judgement alone over a ledger in memory, and by the whole runner with executor, paper
venue and chained ledger. The second one takes the first events only, as many as ``--events`` (`EVENTS`; 0: all).
``--only NAME...`` replays some scenarios; ``--postgres`` keeps the ledgers of the runner in a PostgreSQL of the tests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from engine.live.ledger.chained import ChainedLedger
from engine.live.ledger.opening import open_ledger
from engine.live.ledger.settings import LedgerSettings
from engine.logs.secrets import Secrets
from engine.logs.setup import LogSettings
from engine.logs.setup import start as start_logs
from tests.conftest import ROOT
from tests.live.judgement.test_judge import distinct_keys
from tests.live.ledger.postgres import server
from tests.parity.drive import Outcome
from tests.parity.full import OPENED, compared, in_memory
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


def in_postgres(settings: LedgerSettings) -> Callable[[], ChainedLedger]:
    """Makes new ledgers in a database, each with a name of its own."""
    numbers = count(1)
    return lambda: open_ledger(f"parity_{next(numbers)}", OPENED, settings=settings)


def main(
    reference_dir: Path,
    events: int = EVENTS,
    only: Collection[str] = (),
    opened: Callable[[], ChainedLedger] = in_memory,
) -> int:
    """Print a line for each replay; returns the number of differences.

    Parameters
    ----------
    reference_dir : Path
        The shared reference data.
    events : int
        First events of a history that the whole runner replays; 0: all.
    only : collection of str
        Names of scenarios; empty: all.
    opened : callable
        Makes the runner's ledger.
    """
    wrong, reasons = 0, Counter[str]()
    start_logs(LogSettings(level="off", console_level="off"), Secrets())
    with tempfile.TemporaryDirectory() as folder:
        for world, name, scenario, history in cases(reference_dir, Path(folder)):
            if only and name not in only:
                continue
            start = time.monotonic()
            walk, live = scenario.both(history)
            by_judgement = equal(walk, live)
            few = history.first(events) if events else history
            short, whole, cash = compared(scenario, few, opened)
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
    parser = argparse.ArgumentParser()
    parser.add_argument("reference_dir", nargs="?", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        maker = in_postgres(LedgerSettings(url=stack.enter_context(server()))) if given.postgres else in_memory
        sys.exit(main(given.reference_dir, given.events, given.only, maker))
