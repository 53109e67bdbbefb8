"""Spoilt messages through the feed: ``python -m tests.live.adapters.betfair.mutations 10000``."""

from __future__ import annotations

import copy
import random
import sys
from typing import Any

from engine.clock import SECOND_NS
from engine.live.adapters.betfair.feed import BetfairFeed
from engine.live.adapters.betfair.stream import Arrived
from engine.live.adapters.betfair.subscription import MARKETS, Subscription
from engine.live.clock import WorldClock
from engine.live.feed import Mark, Message, Quote
from engine.live.feeds.sieve import refusal_of
from tests.live.adapters.betfair.feeding import PT, best, definition
from tests.live.adapters.betfair.test_stream import Login

_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e300, float("nan"), "", "x", [], {}, [[]], [{}], 2**70, "1.1", [[0, 2.0]],
)  # fmt: skip


class Given:
    """A stream of messages that are at hand."""

    def __init__(self, messages: list[Any], clock: WorldClock) -> None:
        self.subscription, self._messages, self._clock = Subscription(MARKETS, {}), messages, clock

    def poll(self, timeout_ns: int) -> Arrived | None:
        self._clock.sleep_ns(SECOND_NS)
        return Arrived((self._messages.pop(0),), self._clock.wall_ns()) if self._messages else None

    def renew(self) -> None:
        pass


def through(messages: list[Any]) -> tuple[BetfairFeed, list[Message]]:
    """The feed and all that it gives of messages."""
    clock = WorldClock()
    clock.reach(PT * 1_000_000)
    given = Given(list(messages), clock)
    feed, found, reached = BetfairFeed(given, Login(), clock), list[Message](), 0
    while given._messages:
        batch = feed.poll(0)
        assert isinstance(batch[-1], Mark) and all(reached < m.known_at_ns <= batch[-1].known_at_ns for m in batch)
        reached = batch[-1].known_at_ns
        found += batch
    return feed, found


def held(messages: list[Message]) -> dict[tuple[Any, ...], Quote]:
    """The last quote of each series."""
    quotes = (m for m in messages if isinstance(m, Quote))
    return {(q.event_id, q.market, q.line, q.selection, q.bookmaker, q.side): q for q in quotes}


def spoilt(number: int, seed: int) -> int:
    """Send so many spoilt messages between sound ones; the number of messages that the feed gave.

    Each message can be used, marks rise, and an image after it makes everything right again.
    """
    generator, given = random.Random(seed), 0
    sound = {
        "op": "mcm", "pt": PT, "ct": "SUB_IMAGE",
        "mc": [{
            "id": "1.1", "img": True, "marketDefinition": definition(eventName="Arsenal v Leeds"),
            "rc": [best(), best(2, 3.5)],
        }],
    }  # fmt: skip
    for _ in range(0, number, 20):
        bad = [_spoilt(sound if generator.random() < 0.5 else sound | {"ct": "UPDATE"}, generator) for _ in range(20)]
        _, found = through([sound, *bad, sound])
        assert not [refusal for message in found if (refusal := refusal_of(message))]
        last = {
            (q.event_id, q.market, q.line, q.selection, q.side): q for q in found
            if isinstance(q, Quote) and q.bookmaker == "betfair_exchange"
        }  # fmt: skip
        fresh = {(q.event_id, q.selection, q.side, q.odds) for q in last.values() if not q.stale}
        assert fresh == {(_event(found), *one) for one in _SOUND}, fresh
        given += len(found)
    return given


_SOUND = {("home", "back", 2.0), ("home", "lay", 2.1), ("away", "back", 3.5), ("away", "lay", 3.6)}


def _event(found: list[Message]) -> int:
    return next(m.event_id for m in found if isinstance(m, Quote))


def _spoilt(message: dict[str, Any], generator: random.Random) -> dict[str, Any]:
    """One value of a message somewhere is another one, or missing."""
    bad = copy.deepcopy(message)
    at: Any = bad
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = generator.choice(keys)
        if isinstance(at[key], dict | list) and at[key] and generator.random() < 0.85:
            at = at[key]
            continue
        if generator.random() < 0.2:
            del at[key]
        else:
            at[key] = generator.choice(_VALUES)
        return bad


if __name__ == "__main__":
    sys.stdout.write(f"{spoilt(int(sys.argv[1]), seed=2)} messages, all of them sound\n")
