"""The whole proof: the whole sample and three real seasons. ``python -m tests.parity [REFERENCE_DIR]``, about 5 min."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.parity.scenarios import Scenario, busy_scenarios, exchange_scenarios, plain_scenarios
from tests.parity.worlds import World, exchange, sample, seasons


def cases(reference_dir: Path, folder: Path) -> Iterator[tuple[str, str, Scenario, World]]:
    """World, name, scenario and history of each replay."""
    for world, history in (("sample", sample()), ("three seasons", seasons(reference_dir, folder))):
        for name, scenario in {**plain_scenarios(), **busy_scenarios()}.items():
            yield world, name, scenario, history
        with_lays = exchange(history.first(1_000), 2)
        for name, scenario in exchange_scenarios().items():
            yield world, name, scenario, with_lays


def main(reference_dir: Path) -> int:
    """Print a line for each replay; returns the number of differences."""
    wrong, reasons = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for world, name, scenario, history in cases(reference_dir, Path(folder)):
            start = time.monotonic()
            walk, live = scenario.both(history)
            same = (walk.decisions, walk.pnl, walk.equity) == (live.decisions, live.pnl, live.equity)
            wrong += not same
            reasons.update(reason for _, reason, _ in walk.decisions)
            bets = sum(reason == "placed" for _, reason, _ in walk.decisions)
            print(  # noqa: T201
                f"{world:14}{name:26}{len(walk.decisions):>8,} decisions{bets:>7,} bets  "
                f"{'equal' if same else 'DIFFERENT'}  {time.monotonic() - start:5.1f} s",
                flush=True,
            )
    print(dict(reasons.most_common()))  # noqa: T201
    return wrong


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared"))
