"""The contract of a feed. A new one joins by a line in `FEEDS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.clock import HOUR_NS
from engine.live.clock import Clock
from engine.live.feed import Feed, Fixture, Mark, Message, Quote, Result
from engine.live.feeds.recorded import Recorded
from engine.live.feeds.recording import Recorder
from engine.live.feeds.replay import Replay
from engine.live.feeds.sieve import refusal_of
from examples.feeds.lines import Lines, Settings
from tests.live.adapters.betfair.feeding import best, definition, feeding
from tests.live.adapters.pinnacle import scene as pinnacle_scene
from tests.live.adapters.the_odds_api import service as odds_api
from tests.live.clock import MovedClock
from tests.parity.worlds import World, exchange, sample


@lru_cache
def world() -> World:
    return exchange(sample().first(6), 9)


def replay(folder: Path) -> Feed:
    return Replay(world().events, world().quotes)


def recorded(folder: Path) -> Feed:
    recorder, feed = Recorder(folder, lambda number: None), replay(folder)
    while (messages := feed.poll(0)) is not None:
        for message in messages:
            recorder(message)
    return Recorded(folder)


def lines(folder: Path) -> Feed:
    """The worked example of a feed of the user, over a file with the quotes and results of the world."""
    return Lines(written(folder / "odds.jsonl"), Settings(), "football", MovedClock())


def written(path: Path) -> Path:
    """The quotes and results of the world as lines of the example: one line a quote."""
    texts, events = [], {row["event_id"]: row for row in world().events.iter_rows(named=True)}
    for quote in quotes_of("lines").iter_rows(named=True):
        event = events[quote["event_id"]]
        prices = {"prices": {quote["bookmaker"]: {quote["selection"]: quote["odds"]}}}
        texts.append(json.dumps(match_of(event) | prices))
    ended = world().events.filter(pl.col("status") == "played", pl.col("settled_at").is_not_null())
    scores = ((row, {"score": [row["home_score"], row["away_score"]]}) for row in ended.iter_rows(named=True))
    texts += [json.dumps(match_of(row) | score) for row, score in scores]
    path.write_text("".join(f"{text}\n" for text in [*texts, '{"end": true}']))
    return path


def match_of(event: dict[str, Any]) -> dict[str, str]:
    return {"home": event["home"], "away": event["away"], "starts": event["starts_at"].isoformat()}


class First:
    """The first hours of a feed that never ends."""

    def __init__(self, feed: Feed, clock: Clock, hours: float) -> None:
        self.name, self.is_live, self._feed, self._clock = feed.name, feed.is_live, feed, clock
        self._until_ns = clock.wall_ns() + round(hours * HOUR_NS)

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        return self._feed.poll(HOUR_NS) if self._clock.wall_ns() < self._until_ns else None


class Steps:
    """The first polls of a feed that never ends."""

    def __init__(self, feed: Feed, polls: int) -> None:
        self.name, self.is_live, self._feed, self._left = feed.name, feed.is_live, feed, polls

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        self._left -= 1
        return self._feed.poll(timeout_ns) if self._left >= 0 else None


class Then:
    """A feed whose world changes after its first messages."""

    def __init__(self, feed: Feed, change: Callable[[], None]) -> None:
        self.name, self.is_live, self._feed, self._change = feed.name, feed.is_live, feed, [change]

    def poll(self, timeout_ns: int) -> Sequence[Message] | None:
        messages = self._feed.poll(timeout_ns)
        if messages and self._change:
            self._change.pop()()
        return messages


def the_odds_api(folder: Path) -> Iterator[Feed]:
    """The adapter at the fake service, on a clock of the test."""
    with pytest.MonkeyPatch.context() as patch, odds_api.serving() as service:
        patch.setenv("BEA_HOME", str(folder))
        patch.delenv("BEA_LEDGER_URL", raising=False)
        yield First(odds_api.opened(service), service.clock, 6)


def betfair(folder: Path) -> Iterator[Feed]:
    """The adapter at the fake stream, whose market changes and ends."""
    with feeding(folder) as one:
        one.server.publish({"id": "1.1", "rc": [best(1, 2.2)]})
        one.server.publish({"id": "1.1", "marketDefinition": definition(winner=1, status="CLOSED")})
        yield Steps(one.feed, 12)


def pinnacle(folder: Path) -> Iterator[Feed]:
    """The adapter at the fake service, whose match has a price, another one, and a result."""
    with pinnacle_scene.serving(folder) as scene:
        feed = Then(scene.feed(), scene.changes)
        yield First(feed, scene.clock, 0.5)


#: a feed, or an iterator that yields it and closes what it opened
FEEDS: dict[str, Callable[[Path], Feed | Iterator[Feed]]] = {
    "replay": replay, "recorded": recorded, "lines": lines, "the_odds_api": the_odds_api, "betfair": betfair,
    "pinnacle": pinnacle,
}  # fmt: skip


def quotes_of(name: str) -> pl.DataFrame:
    """The quotes of the world that a feed gives: the example has one market, without lay prices."""
    quotes = world().quotes.unique(KEYS, maintain_order=True)
    return quotes.filter(pl.col("market") == "1x2", pl.col("side") == "back") if name == "lines" else quotes


KEYS = ["event_id", "market", "line", "selection", "bookmaker", "side", "instant", "known_at", "odds"]


def batches(feed: Feed) -> list[list[Message]]:
    found = []
    while (messages := feed.poll(1_000_000)) is not None:
        found.append(list(messages))
    return found


@pytest.fixture(params=list(FEEDS))
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    made = FEEDS[request.param](tmp_path)
    if isinstance(made, Iterator):
        yield from made
    else:
        yield made


def test_it_has_a_name_and_says_whether_it_is_live(feed: Feed) -> None:
    assert feed.name and isinstance(feed.is_live, bool)


def test_a_batch_holds_at_most_one_mark_and_ends_with_it(feed: Feed) -> None:
    for batch in batches(feed):
        assert [isinstance(message, Mark) for message in batch].count(True) <= 1
        assert not any(isinstance(message, Mark) for message in batch[:-1])


def test_marks_rise_and_nothing_comes_after_its_mark(feed: Feed) -> None:
    reached = None
    for batch in batches(feed):
        for message in batch:
            assert reached is None or message.known_at_ns > reached
        if isinstance(batch[-1], Mark):
            reached = batch[-1].known_at_ns
            assert all(message.known_at_ns <= reached for message in batch)


def test_every_event_is_announced_before_its_quotes_and_results(feed: Feed) -> None:
    known = set()
    for message in (message for batch in batches(feed) for message in batch):
        if isinstance(message, Fixture):
            known.add(message.values["event_id"])
            assert all(message.values[name] is None for name in ("home_score", "away_score", "winner", "settled_at"))
        elif isinstance(message, Quote):
            assert message.event_id in known
        elif isinstance(message, Result):
            assert message.values["event_id"] in known


def test_every_message_can_be_used(feed: Feed) -> None:
    assert not [message for batch in batches(feed) for message in batch if refusal_of(message)]


def test_it_ends_for_good(feed: Feed) -> None:
    assert batches(feed) and feed.poll(0) is None and feed.poll(0) is None


@pytest.mark.parametrize("feed", ["replay", "recorded", "lines"], indirect=True)
def test_it_is_whole(feed: Feed) -> None:
    messages = [message for batch in batches(feed) for message in batch]
    assert sum(isinstance(message, Quote) for message in messages) == quotes_of(feed.name).height
    settled = world().events.filter(pl.col("settled_at").is_not_null(), pl.col("status") != "scheduled")
    assert sum(isinstance(message, Result) for message in messages) == settled.height
