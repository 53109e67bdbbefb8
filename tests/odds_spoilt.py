"""Spoilt answers of The Odds API over HTTP, through client, cache and feed: only failures of ours come out.

    python -m tests.odds_spoilt 10000

Most answers are still JSON with one to three fields that are missing, of another kind or swapped; others have bytes
that are cut, changed, doubled or taken out.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from engine.clock import HOUR_NS, SECOND_NS
from engine.errors import BeaError
from engine.live.adapters.registry import Coverage
from engine.live.feed import FeedFailure, Quote
from engine.live.feeds.sieve import refusal_of
from tests.live.adapters.the_odds_api.service import START_NS, opened, serving
from tests.odds_server.world import Game
from tests.wire_server.server import Answer, Heard
from tests.wire_server.spoilt import spoilt

COVERAGE = Coverage("football", markets=("1x2", "totals", "btts"))


def games(count: int) -> list[Game]:
    """A game every hour for as long as it takes."""
    return [
        Game(f"{number:032x}", "soccer_epl", f"Home {number}", f"Away {number}", START_NS + number * HOUR_NS)
        for number in range(1, 3 + count // 100)
    ]


def spoil(count: int, seed: int, folder: Path) -> Counter[str]:
    """What became of so many answers of which most are spoilt.

    Raises
    ------
    AssertionError
        A price that is none came out.
    Exception
        Anything but the errors of a feed.
    """
    generator, outcomes, heard = random.Random(seed), Counter[str](), 0
    os.environ["BEA_HOME"] = str(folder)
    with serving(games(count)) as service:
        feed = opened(service, COVERAGE, last_hour_s=5, near_s=5, far_s=5, scores_s=30)
        honest = service.wire.handle

        def handle(asked: Heard) -> Answer:
            nonlocal heard
            heard += 1
            made = honest(asked)
            return replace(made, content=spoilt(made.content, generator)) if generator.random() < 0.9 else made

        service.wire.handle = handle
        while heard < count:
            try:
                messages = feed.poll(5 * SECOND_NS) or ()
            except FeedFailure:
                outcomes["failure of the feed"] += 1
                continue
            except BeaError as error:
                outcomes[type(error).__name__] += 1
                continue
            outcomes["batches"] += 1
            for message in messages:
                outcomes[type(message).__name__] += 1
                outcomes["refused by the sieve"] += bool(refusal_of(message))
                assert not isinstance(message, Quote) or message.odds > 1.0, message
    return outcomes + Counter({"answers": heard})


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = spoil(options.count, options.seed, Path(folder))
    sys.stdout.write("".join(f"{name}: {number:,}\n" for name, number in sorted(found.items())))


if __name__ == "__main__":
    main()
