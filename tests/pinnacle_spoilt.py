"""Spoilt answers for the feed of Pinnacle: ``python -m tests.pinnacle_spoilt 10000``."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engine.clock import HOUR_NS
from engine.live.adapters.pinnacle.lines import PACE_NS
from engine.live.feed import FeedFailure, Message
from engine.live.feeds.sieve import refusal_of
from engine.live.wire.request import Reply, Request
from tests.live.adapters.pinnacle.scene import START_NS, Scene, serving
from tests.live.adapters.pinnacle.test_venue import spoiled
from tests.pinnacle_server.offer import three_way
from tests.wire_server.server import Heard


class Spoilt:
    """A wire without sockets whose answers are changed now and then."""

    def __init__(self, scene: Scene, draw: random.Random) -> None:
        self._service, self._draw = scene.service, draw

    def exchange(self, request: Request) -> Reply:
        """As `Wire.exchange`."""
        path = urlsplit(request.url).path
        said = self._service.handle(Heard(request.method, path, request.params, request.headers, request.content))
        reply = Reply(said.status, said.content)
        return reply if self._draw.random() < 0.7 else spoiled(reply, self._draw)


def change(scene: Scene, draw: random.Random) -> None:
    """Something happens in the world."""
    event = draw.choice([11, 12, 13])
    starts = START_NS + draw.randrange(1, 90) * HOUR_NS
    match draw.randrange(4):
        case 0:
            scene.offer.match(event, "Arsenal", draw.choice(["Chelsea", "Leeds"]), starts)
        case 1:
            price = draw.uniform(1.1, 5.0)
            scene.offer.period(
                event, draw.randrange(2), moneyline=three_way(price, 3.0, 4.0), maxSpread=100.0,
                totals=[{"points": 2.5, "over": 1.9, "under": 1.9}],
                spreads=[{"hdp": -0.5, "home": price, "away": 2.0}],
            )  # fmt: skip
        case 2:
            scene.offer.match(20 + event, "Arsenal", "Chelsea", starts, liveStatus=1, parentId=event)
            scene.offer.period(20 + event, moneyline=three_way(1.5, 3.0, 4.0))
        case _:
            scene.offer.end(event, (draw.randrange(5), draw.randrange(5)), draw.randrange(2), draw.randrange(1, 6))


def spoilt_feed(folder: Path, seeds: range) -> Counter[str]:
    """What came of feeds whose answers were spoilt; everything but a failure of the contract is an error."""
    met = Counter[str]()
    for seed in seeds:
        draw, home = random.Random(seed), folder / f"{seed}"
        with serving(home) as scene:
            feed = scene.feed()
            scene.line.exchange = Spoilt(scene, draw).exchange  # type: ignore[method-assign]
            scene.offer.match(13, "Hull", "Derby", START_NS + HOUR_NS)
            for _ in range(8):
                change(scene, draw)
                met.update(heard(feed, scene))
    return met


def heard(feed: Any, scene: Scene) -> list[str]:
    """Kinds of the next messages; each of them can be used."""
    try:
        messages: list[Message] = list(feed.poll(PACE_NS))
    except FeedFailure:
        return ["FeedFailure"]
    refused = [(refusal_of(message), message) for message in messages if refusal_of(message)]
    assert not refused, refused
    return [type(message).__name__ for message in messages]


def main() -> int:
    """Run them."""
    count, began = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        met = spoilt_feed(Path(folder), range(count))
    sys.stdout.write(f"{count} feeds, {dict(sorted(met.items()))}, {time.process_time() - began:.0f} s of one core\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
